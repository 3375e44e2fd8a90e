#include "runtime/byte_stream.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace bulkhead::host {

bool ByteStream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::unique_lock lock{mutex_};
    moved_.wait(lock, [&] { return end_ != End::None || sizeLocked() < kRoomBytes; });
    if (end_ != End::None) return false;
    const std::size_t size = std::min(bytes.size(), kRoomBytes);
    bytes_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    tellLoop(std::move(lock));
  }
  return end() != End::BrokenOff;
}

std::optional<std::size_t> ByteStream::read(char* out, std::size_t size, Time until) {
  std::unique_lock lock{mutex_};
  if (!moved_.wait_until(lock, until, [&] { return end_ != End::None || sizeLocked() > 0; }))
    return std::nullopt;
  if (end_ == End::BrokenOff) return std::nullopt;
  const std::size_t count = takeLocked(out, size);
  tell(std::move(lock), sizeLocked() <= kRoomBytes / 2);
  return count;
}

bool ByteStream::awaitEnd(Time until) {
  std::unique_lock lock{mutex_};
  return moved_.wait_until(lock, until, [&] { return end_soon_ || end_ != End::None; });
}

bool ByteStream::put(std::string_view bytes) {
  std::unique_lock lock{mutex_};
  if (end_ != End::None) return true;
  bytes_.append(bytes);
  moved_.notify_all();
  loop_waits_ = sizeLocked() >= kRoomBytes;
  const bool more = !loop_waits_;
  tell(std::move(lock), false);
  return more;
}

std::size_t ByteStream::take(std::string& out, std::size_t max) {
  std::unique_lock lock{mutex_};
  const std::size_t before = out.size();
  const std::size_t count = std::min(max, sizeLocked());
  out.resize(before + count);
  takeLocked(out.data() + before, count);
  loop_waits_ = count == 0;
  if (sizeLocked() < kRoomBytes) moved_.notify_all();
  tell(std::move(lock), false);
  return count;
}

void ByteStream::watch(std::function<void()> moved) {
  const std::lock_guard lock{mutex_};
  watcher_ = std::move(moved);
}

void ByteStream::push(std::string_view bytes) {
  std::unique_lock lock{mutex_};
  if (end_ != End::None) return;
  bytes_.append(bytes);
  moved_.notify_all();
  const bool told = std::exchange(loop_waits_, false);
  lock.unlock();
  if (told && changed_) changed_();
}

std::size_t ByteStream::pull(std::string& out, std::size_t max) {
  std::unique_lock lock{mutex_};
  const std::size_t before = out.size();
  const std::size_t count = std::min(max, sizeLocked());
  out.resize(before + count);
  takeLocked(out.data() + before, count);
  if (sizeLocked() < kRoomBytes) moved_.notify_all();
  const bool told = sizeLocked() <= kRoomBytes / 2 && std::exchange(loop_waits_, false);
  lock.unlock();
  if (told && changed_) changed_();
  return count;
}

std::size_t ByteStream::size() const {
  const std::lock_guard lock{mutex_};
  return sizeLocked();
}

bool ByteStream::wantsEnd() const {
  const std::lock_guard lock{mutex_};
  return end_soon_ || end_ != End::None;
}

bool ByteStream::hasRoom() const {
  const std::lock_guard lock{mutex_};
  return sizeLocked() < kRoomBytes;
}

bool ByteStream::hasBytes() const {
  const std::lock_guard lock{mutex_};
  return sizeLocked() > 0;
}

void ByteStream::endSoon() {
  std::unique_lock lock{mutex_};
  end_soon_ = true;
  moved_.notify_all();
  tell(std::move(lock), false);
}

void ByteStream::finish(End end) {
  std::unique_lock lock{mutex_};
  if (end_ != End::None) return;
  end_ = end;
  moved_.notify_all();
  tellLoop(std::move(lock));
}

void ByteStream::breakOff() {
  std::unique_lock lock{mutex_};
  if (end_ == End::BrokenOff) return;
  end_ = End::BrokenOff;
  std::string{}.swap(bytes_);
  taken_ = 0;
  moved_.notify_all();
  tellLoop(std::move(lock));
}

ByteStream::End ByteStream::end() const {
  const std::lock_guard lock{mutex_};
  return sizeLocked() > 0 ? End::None : end_;
}

std::size_t ByteStream::takeLocked(char* out, std::size_t size) {
  const std::size_t count = std::min(size, sizeLocked());
  if (count > 0) std::memcpy(out, bytes_.data() + taken_, count);
  taken_ += count;
  if (taken_ == bytes_.size()) {
    bytes_.clear();
    taken_ = 0;
  } else if (taken_ >= kRoomBytes) {
    bytes_.erase(0, std::exchange(taken_, 0));
  }
  return count;
}

void ByteStream::tellLoop(std::unique_lock<std::mutex> lock) {
  tell(std::move(lock), true);
}

void ByteStream::tell(std::unique_lock<std::mutex> lock, bool loop) {
  const bool told = loop && std::exchange(loop_waits_, false);
  const bool watched = watcher_ != nullptr;  // set once, before anything moves
  lock.unlock();
  if (told && changed_) changed_();
  if (watched) watcher_();
}

}  // namespace bulkhead::host
