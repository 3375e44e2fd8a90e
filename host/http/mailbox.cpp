#include "http/mailbox.hpp"

#include <cerrno>
#include <iterator>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bulkhead::host {
namespace {

void moveAll(std::vector<Arrival>& from, std::vector<Arrival>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

/// Whoever writes an answer that nobody will send must not wait for room.
void drop(const Arrival& arrival) {
  if (!arrival.answered) return;
  if (const auto stream = arrival.exchange->response().stream) stream->breakOff();
}

}  // namespace

Mailbox::Mailbox(std::shared_ptr<RequestBudget> budget)
    : budget_{std::move(budget)}, event_fd_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
  if (event_fd_ < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
}

Mailbox::~Mailbox() {
  ::close(event_fd_);
}

void Mailbox::arrived(Arrival arrival) {
  if (owner_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    local_.push_back(std::move(arrival));
    return;
  }
  std::unique_lock lock{mutex_};
  if (closed_) {
    lock.unlock();
    drop(arrival);
    return;
  }
  posted_.push_back(std::move(arrival));
  lock.unlock();
  wake();
}

void Mailbox::wake() {
  if (state_.exchange(State::Called) == State::Asleep) ::eventfd_write(event_fd_, 1);
}

bool Mailbox::mayLoopSleep() {
  State awake = State::Awake;
  return state_.compare_exchange_strong(awake, State::Asleep);
}

bool Mailbox::loopWokeUp() {
  return state_.exchange(State::Awake) == State::Called;
}

void Mailbox::clearSignal() {
  eventfd_t ignored = 0;
  ::eventfd_read(event_fd_, &ignored);
}

void Mailbox::takePosted(std::vector<Arrival>& out) {
  const std::lock_guard lock{mutex_};
  out.swap(posted_);
}

void Mailbox::close() {
  owner_ = std::thread::id{};
  std::vector<Arrival> dropped = std::move(local_);
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    moveAll(posted_, dropped);
  }
  for (const Arrival& arrival : dropped) drop(arrival);
}

}  // namespace bulkhead::host
