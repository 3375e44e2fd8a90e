#include "plugins/link.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

constexpr std::size_t kPartsMax = 64;

FileDescriptor newWake() {
  FileDescriptor wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wake) throw Error::app("NO_LINK", "The system has no descriptor for a link.");
  return wake;
}

}  // namespace

Link::Link(FileDescriptor socket, LinkEnd other)
    : socket_{std::move(socket)}, wake_{newWake()}, reader_{other} {}

bool Link::send(std::string_view frames, BytesApart apart) {
  std::unique_lock lock{mutex_};
  if (ended_) return false;
  out_.add(frames, std::move(apart));
  if (sending_) return true;  // whoever sends takes it along
  sending_ = true;
  flush(lock, false);
  return !ended_;
}

bool Link::sendPatiently(std::string_view frames, BytesApart apart) {
  {
    std::unique_lock lock{mutex_};
    room_.wait(lock, [&] { return ended_ || out_.size() + going_.size() < kBacklogBytes; });
  }
  return send(frames, std::move(apart));
}

/// Called with `sending_` set by this thread.
void Link::flush(std::unique_lock<std::mutex>& lock, bool by_reader) {
  LinkOutbox::Owners owners;
  for (std::size_t left = kWriteBytes;;) {
    if (!owners.empty()) {
      lock.unlock();
      owners.clear();  // what they keep may have an end that takes its time
      lock.lock();
    }
    if (going_.empty()) {
      going_.reset();
      std::swap(going_, out_);
      room_.notify_all();
    }
    if (going_.empty() || ended_) break;
    if (left == 0 || !write(lock, left, owners)) return leaveToReader(by_reader);
  }
  sending_ = false;
  room_.notify_all();
}

/// False when there is no room.
bool Link::write(std::unique_lock<std::mutex>& lock, std::size_t& left,
                 LinkOutbox::Owners& owners) {
  std::array<iovec, kPartsMax> parts{};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = going_.gather(parts.data(), parts.size(), left);
  writing_ = true;
  lock.unlock();
  const ssize_t count = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  const int problem = errno;
  lock.lock();
  writing_ = false;
  if (count >= 0) {
    going_.gone(static_cast<std::size_t>(count), owners);
    left -= static_cast<std::size_t>(count);
  } else if (problem == EAGAIN) {
    if (ended_) room_.notify_all();
    return ended_;
  } else if (problem != EINTR) {
    ended_ = true;
    shutdown(socket_.get(), SHUT_RDWR);  // the reader hears of it
  }
  return true;
}

void Link::leaveToReader(bool by_reader) {
  blocked_ = true;
  if (!by_reader) eventfd_write(wake_.get(), 1);
}

/// False when there is nothing to be read yet.
bool Link::awaitMovement() {
  bool blocked = false;
  {
    const std::lock_guard lock{mutex_};
    blocked = blocked_;
  }
  pollfd watched[] = {
      {socket_.get(), static_cast<short>(POLLIN | (blocked ? POLLOUT : 0)), 0},
      {wake_.get(), POLLIN, 0},
  };
  if (poll(watched, std::size(watched), -1) < 0) return false;
  if (watched[1].revents != 0) {
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
  }
  if (blocked && (watched[0].revents & POLLOUT) != 0) {
    std::unique_lock lock{mutex_};
    blocked_ = false;
    flush(lock, true);
  }
  return (watched[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
}

void Link::read(const std::function<void(const Frame&)>& take, const std::function<void()>& taken) {
  for (;;) {
    if (!awaitMovement()) continue;
    std::size_t size = 0;
    char* const room = reader_.room(size);
    const ssize_t count = recv(socket_.get(), room, size, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) break;
    reader_.took(static_cast<std::size_t>(count));
    while (const auto frame = reader_.next()) take(*frame);
    taken();
  }
  end();
}

void Link::end() noexcept {
  LinkOutbox unsent[2];  // let go where no lock is held
  std::unique_lock lock{mutex_};
  ended_ = true;
  shutdown(socket_.get(), SHUT_RDWR);
  room_.notify_all();
  room_.wait(lock, [this] { return !writing_; });
  std::swap(unsent[0], out_);
  std::swap(unsent[1], going_);
  lock.unlock();
}

std::size_t Link::backlog() const {
  const std::lock_guard lock{mutex_};
  return out_.size() + going_.size();
}

}  // namespace bulkhead::host
