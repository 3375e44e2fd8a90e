#include "plugins/link.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

FileDescriptor newWake() {
  FileDescriptor wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wake) throw Error::app("NO_LINK", "The system has no descriptor for a link.");
  return wake;
}

}  // namespace

Link::Link(FileDescriptor socket, LinkEnd other)
    : socket_{std::move(socket)}, wake_{newWake()}, reader_{other} {}

bool Link::send(std::string_view frames) {
  std::unique_lock lock{mutex_};
  if (ended_) return false;
  out_.append(frames);
  if (sending_) return true;  // whoever sends takes it along
  sending_ = true;
  flush(lock);
  return !ended_;
}

bool Link::sendPatiently(std::string_view frames) {
  {
    std::unique_lock lock{mutex_};
    room_.wait(lock, [&] { return ended_ || out_.size() + going_.size() - gone_ < kBacklogBytes; });
  }
  return send(frames);
}

/// Called with `sending_` set by this thread.
void Link::flush(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (gone_ == going_.size()) {
      going_.clear();
      gone_ = 0;
      going_.swap(out_);
      room_.notify_all();
    }
    if (going_.empty() || ended_) break;
    lock.unlock();
    const ssize_t count = ::send(socket_.get(), going_.data() + gone_, going_.size() - gone_,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
    const int problem = errno;
    lock.lock();
    if (count >= 0) {
      gone_ += static_cast<std::size_t>(count);
    } else if (problem == EAGAIN) {
      blocked_ = true;
      eventfd_write(wake_.get(), 1);
      return;
    } else if (problem != EINTR) {
      ended_ = true;
      shutdown(socket_.get(), SHUT_RDWR);  // the reader hears of it
    }
  }
  sending_ = false;
  room_.notify_all();
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
    flush(lock);
  }
  return (watched[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
}

void Link::read(const std::function<void(const Frame&)>& take) {
  for (;;) {
    if (!awaitMovement()) continue;
    std::size_t size = 0;
    char* const room = reader_.room(size);
    const ssize_t count = recv(socket_.get(), room, size, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) break;
    reader_.took(static_cast<std::size_t>(count));
    while (const auto frame = reader_.next()) take(*frame);
  }
  end();
}

void Link::end() noexcept {
  const std::lock_guard lock{mutex_};
  ended_ = true;
  shutdown(socket_.get(), SHUT_RDWR);
  room_.notify_all();
}

std::size_t Link::backlog() const {
  const std::lock_guard lock{mutex_};
  return out_.size() + going_.size() - gone_;
}

}  // namespace bulkhead::host
