#include "data/write_queue.hpp"

#include <algorithm>

#include "data/database_error.hpp"

namespace bulkhead::host::data {

// Notifies under the lock: the waiter cannot return, and end the ticket's life, before it is
// released.
void WriteTicket::wake(State state) {
  const std::lock_guard lock{mutex_};
  state_ = state;
  changed_.notify_one();
}

bool WriteQueue::Group::grow() {
  if (members.front()->alone_ != nullptr) return false;
  const std::lock_guard lock{queue_.mutex_};
  if (queue_.queue_.empty() || queue_.queue_.front()->alone_ != nullptr) return false;
  WriteTicket* next = queue_.queue_.front();
  queue_.queue_.pop_front();
  {
    const std::lock_guard ticket_lock{next->mutex_};
    next->state_ = WriteTicket::State::Started;
  }
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
  using State = WriteTicket::State;
  std::unique_lock lock{ticket.mutex_};
  const bool moved =
      ticket.changed_.wait_until(lock, deadline, [&] { return ticket.state_ != State::Waiting; });
  if (!moved) {
    lock.unlock();
    if (leave(ticket)) throw databaseBusy("The database has too many writes waiting.");
    lock.lock();
  }
  ticket.changed_.wait(
      lock, [&] { return ticket.state_ == State::Leading || ticket.state_ == State::Done; });
  return ticket.state_ == State::Leading;
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
    if (member != &ticket) member->wake(WriteTicket::State::Done);
  }
}

// The next leader starts before the members of the finished group wake: the disk does not wait for
// them.
void WriteQueue::promoteNext() {
  const std::lock_guard lock{mutex_};
  if (queue_.empty()) {
    led_ = false;
    return;
  }
  WriteTicket* next = queue_.front();
  queue_.pop_front();
  next->wake(WriteTicket::State::Leading);
}

}  // namespace bulkhead::host::data
