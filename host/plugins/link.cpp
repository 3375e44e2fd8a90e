#include "plugins/link.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

constexpr std::size_t kPartsMax = 64;

/// What epoll gives back for the clock, and nothing for the socket.
constexpr std::uint64_t kClock = 1;

/// Each wake is of one thread, and the next one comes when it has been armed again.
FileDescriptor readyFor(int socket) {
  FileDescriptor ready{epoll_create1(EPOLL_CLOEXEC)};
  epoll_event event{};
  event.events = EPOLLIN | EPOLLONESHOT;
  if (!ready || epoll_ctl(ready.get(), EPOLL_CTL_ADD, socket, &event) != 0)
    throw Error::app("NO_LINK", "The system has no descriptor for a link.");
  return ready;
}

/// Each time that it is over wakes one thread, too.
FileDescriptor clockIn(int ready) {
  FileDescriptor clock{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kClock;
  if (!clock || epoll_ctl(ready, EPOLL_CTL_ADD, clock.get(), &event) != 0) return {};
  return clock;
}

}  // namespace

Link::Link(FileDescriptor socket, LinkEnd other)
    : socket_{std::move(socket)},
      ready_{readyFor(socket_.get())},
      clock_{other == LinkEnd::Host ? clockIn(ready_.get()) : FileDescriptor{}},
      reader_{other} {}

bool Link::send(std::string_view frames, BytesApart apart) {
  std::unique_lock lock{mutex_};
  if (ended_) return false;
  out_.add(frames, std::move(apart));
  if (std::exchange(sending_, true) && !put_off_) return true;  // whoever sends takes it along
  put_off_ = out_.size() < kRoundBytes && (put_off_ || isPromised());
  if (put_off_) return true;
  flush(lock);
  return !ended_;
}

bool Link::isPromised() noexcept {
  const auto& loop = ReadableWatch::ofThisThread();
  return loop && loop->promiseRoundEnd(shared_from_this());
}

void Link::onRoundEnd() noexcept {
  std::unique_lock lock{mutex_};
  if (std::exchange(put_off_, false)) flush(lock);
}

bool Link::sendPatiently(std::string_view frames, BytesApart apart) {
  {
    std::unique_lock lock{mutex_};
    room_.wait(lock, [&] { return ended_ || out_.size() + going_.size() < kBacklogBytes; });
  }
  return send(frames, std::move(apart));
}

/// Called with `sending_` set by this thread.
void Link::flush(std::unique_lock<std::mutex>& lock) {
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
    if (left > 0 && write(lock, left, owners)) continue;
    const std::lock_guard armed{arming_};
    blocked_ = true;
    return arm();
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

/// With `arming_`. While a loop reads, threads hear of the link's end only.
void Link::arm() {
  epoll_event event{};
  event.events = EPOLLONESHOT | (loop_ ? 0U : EPOLLIN) | (blocked_ ? EPOLLOUT : 0U);
  epoll_ctl(ready_.get(), EPOLL_CTL_MOD, socket_.get(), &event);
}

bool Link::callIn(std::chrono::microseconds delay) noexcept {
  itimerspec when{};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(delay);
  when.it_value = {seconds.count(), std::chrono::nanoseconds{delay - seconds}.count()};
  return clock_ && timerfd_settime(clock_.get(), 0, &when, nullptr) == 0;
}

void Link::awaitMovement(const std::function<void()>& called) {
  epoll_event event{};
  ++waiting_;
  for (;;) {
    const int count = epoll_wait(ready_.get(), &event, 1, -1);
    if (count == 1 && event.data.u64 == kClock) {
      called();
    } else if (count >= 0 || errno != EINTR) {
      break;
    }
  }
  --waiting_;
  if ((event.events & EPOLLOUT) != 0) sendBlocked();
}

void Link::sendBlocked() {
  {
    const std::lock_guard armed{arming_};
    if (!std::exchange(blocked_, false)) return;
  }
  std::unique_lock lock{mutex_};
  flush(lock);
}

/// With `reading_`. False at the end of the link.
bool Link::readSome(const Take& take, std::size_t bytes_max) {
  std::size_t size = 0;
  char* const room = reader_.room(size);
  const ssize_t count = recv(socket_.get(), room, std::min(size, bytes_max), MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  reader_.took(static_cast<std::size_t>(count));
  for (frames_ = 0; const auto frame = reader_.next(); ++frames_) {
    if (frame->type == FrameType::Answer) idle_steps_ = 0;
    take(*frame);
  }
  return count > 0;
}

void Link::read(const Take& take, const std::function<void()>& taken,
                const std::function<void()>& called) {
  readOnLoops(&take);
  const std::unique_ptr<Link, void (*)(Link*)> no_more{
      this, [](Link* link) { link->readOnLoops(nullptr); }};
  for (bool open = true; open;) {
    awaitMovement(called);
    {
      const std::lock_guard lock{reading_};
      if (loop_problem_) std::rethrow_exception(loop_problem_);
      open = readSome(take, std::max(kTurnBytes, reader_.held()));
      reader_.trim();
    }
    {
      const std::lock_guard armed{arming_};
      arm();
    }
    taken();
  }
  end();
}

/// When it is back, no loop is inside the one before.
void Link::readOnLoops(const Take* take) noexcept {
  if (take == nullptr) leaveLoop();
  const std::lock_guard lock{reading_};
  loop_take_ = take;
}

void Link::followThisLoop() noexcept {
  const auto& loop = ReadableWatch::ofThisThread();
  if (!loop || ended_) return;
  const std::lock_guard armed{arming_};
  if (loop_ == loop || !loop->watch(socket_.get(), shared_from_this())) return;
  if (loop_) loop_->unwatch(socket_.get());
  const bool first = loop_ == nullptr;
  loop_ = loop;
  if (first) arm();
}

void Link::leaveLoop() noexcept {
  const std::lock_guard armed{arming_};
  if (!loop_) return;
  loop_->unwatch(socket_.get());
  loop_.reset();
  arm();
}

void Link::onReadable() noexcept {
  const std::unique_lock lock{reading_, std::try_to_lock};
  if (!lock) return;  // whoever reads takes it
  if (reader_.held() > kLoopBytes) return leaveLoop();
  bool open = false;
  ++idle_steps_;
  try {
    open = loop_take_ != nullptr && readSome(*loop_take_, kStepBytes);
  } catch (...) {
    loop_problem_ = std::current_exception();
    shutdown(socket_.get(), SHUT_RDWR);  // a thread hears of it, and throws
  }
  const bool much = frames_ > kLoopFrames || reader_.held() > kLoopBytes;
  if (!open || much || idle_steps_ > kIdleSteps) leaveLoop();
}

void Link::onWatchEnd(const ReadableWatch& watch) noexcept {
  const std::lock_guard armed{arming_};
  if (loop_.get() != &watch) return;
  loop_.reset();
  arm();
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
