#include "data/write_queue.hpp"

#include <algorithm>
#include <cerrno>

#include "data/database_error.hpp"

namespace bulkhead::host::data {

void Wakeup::wait() {
  while (sem_wait(&semaphore_) != 0) {
  }
}

bool Wakeup::waitUntil(std::chrono::steady_clock::time_point deadline) {
  if (deadline == std::chrono::steady_clock::time_point::max()) {
    wait();
    return true;
  }
  const auto since_start = std::max(deadline.time_since_epoch(), decltype(deadline)::duration{});
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_start);
  const timespec until{seconds.count(), (since_start - seconds).count()};
  while (sem_clockwait(&semaphore_, CLOCK_MONOTONIC, &until) != 0) {
    if (errno == ETIMEDOUT) return false;
  }
  return true;
}

void WriteTicket::give(Turn turn) {
  turn_.store(turn, std::memory_order_release);
  wakeup_.wake();
}

bool WriteQueue::Group::grow() {
  if (members.front()->alone_ != nullptr) return false;
  const std::lock_guard lock{queue_.mutex_};
  if (queue_.queue_.empty() || queue_.queue_.front()->alone_ != nullptr) return false;
  WriteTicket* next = queue_.queue_.front();
  queue_.queue_.pop_front();
  members.push_back(next);
  return true;
}

void WriteQueue::run(WriteTicket& ticket, Deadline deadline, const Lead& lead) {
  if (awaitTurn(ticket, deadline)) leadGroup(ticket, deadline, lead);
  if (ticket.error) std::rethrow_exception(ticket.error);
}

std::size_t WriteQueue::waiting() const {
  const std::lock_guard lock{mutex_};
  return queue_.size();
}

bool WriteQueue::awaitTurn(WriteTicket& ticket, Deadline deadline) {
  {
    const std::lock_guard lock{mutex_};
    if (!led_) {
      led_ = true;
      return true;
    }
    queue_.push_back(&ticket);
  }
  if (!ticket.wakeup_.waitUntil(deadline)) {
    if (leave(ticket)) throw databaseBusy("The database has too many writes waiting.");
    ticket.wakeup_.wait();  // somebody has taken it in
  }
  return ticket.turn_.load(std::memory_order_acquire) == WriteTicket::Turn::Lead;
}

bool WriteQueue::leave(WriteTicket& ticket) {
  const std::lock_guard lock{mutex_};
  const auto place = std::find(queue_.begin(), queue_.end(), &ticket);
  if (place == queue_.end()) return false;
  queue_.erase(place);
  return true;
}

void WriteQueue::leadGroup(WriteTicket& ticket, Deadline deadline, const Lead& lead) {
  Group group{*this};
  group.deadline = deadline;
  group.members.push_back(&ticket);
  lead(group);
  promoteNext();
  for (WriteTicket* member : group.members) {
    if (member != &ticket) member->give(WriteTicket::Turn::Done);
  }
}

// The next leader starts before the members of the finished group wake: the disk does not wait for
// them.
void WriteQueue::promoteNext() {
  WriteTicket* next = nullptr;
  {
    const std::lock_guard lock{mutex_};
    if (queue_.empty()) {
      led_ = false;
      return;
    }
    next = queue_.front();
    queue_.pop_front();
  }
  next->give(WriteTicket::Turn::Lead);
}

}  // namespace bulkhead::host::data
