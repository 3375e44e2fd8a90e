#include "data/write_queue.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <pthread.h>
#include <system_error>

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
  if (size_max_ == 0) size_max_ = 1 + queue_.queue_.size();
  if (members.size() == size_max_) return false;
  if (queue_.queue_.empty() || queue_.queue_.front()->alone_ != nullptr) return false;
  WriteTicket* next = queue_.queue_.front();
  queue_.queue_.pop_front();
  members.push_back(next);
  return true;
}

WriteQueue::~WriteQueue() {
  if (!own_thread_.joinable()) return;
  ended_ = true;
  own_turn_.wake();
  own_thread_.join();
}

void WriteQueue::run(WriteTicket& ticket, Deadline deadline) {
  ticket.deadline_ = deadline;
  if (awaitTurn(ticket)) {
    leadGroup(ticket);
  } else {
    for (WriteTicket* next : ticket.wakes_) {
      if (next != nullptr) next->give(WriteTicket::Turn::Done);
    }
  }
  if (ticket.error) std::rethrow_exception(ticket.error);
}

std::size_t WriteQueue::waiting() const {
  const std::lock_guard lock{mutex_};
  return queue_.size();
}

bool WriteQueue::awaitTurn(WriteTicket& ticket) {
  {
    const std::lock_guard lock{mutex_};
    if (!led_) {
      led_ = true;
      return true;
    }
    queue_.push_back(&ticket);
  }
  if (!ticket.wakeup_.waitUntil(ticket.deadline_)) {
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

void WriteQueue::leadGroup(WriteTicket& first) {
  Group group{*this, first};
  lead_(group);
  passOn();
  wakeAll(group, &first);
}

// The next group starts before the members of the finished one wake: the disk does not wait for
// them.
void WriteQueue::passOn() {
  const std::lock_guard lock{mutex_};
  led_ = !queue_.empty();
  if (!led_) return;
  if (startOwnThread()) {
    own_turn_.wake();
  } else {
    WriteTicket* next = queue_.front();
    queue_.pop_front();
    next->give(WriteTicket::Turn::Lead);
  }
}

/// False when the system gives none now.
bool WriteQueue::startOwnThread() {
  if (own_thread_.joinable()) return true;
  try {
    own_thread_ = std::thread{[this] { leadAll(); }};
  } catch (const std::system_error&) {
    return false;
  }
  pthread_setname_np(own_thread_.native_handle(), "writer");
  return true;
}

void WriteQueue::leadAll() {
  for (;;) {
    own_turn_.wait();
    if (ended_) return;
    while (WriteTicket* first = nextToLead()) {
      Group group{*this, *first};
      lead_(group);
      wakeAll(group, nullptr);
    }
  }
}

// Nobody, when the queue is empty or its first caller leads: nobody else writes meanwhile.
WriteTicket* WriteQueue::nextToLead() {
  const std::lock_guard lock{mutex_};
  led_ = !queue_.empty();
  if (!led_) return nullptr;
  WriteTicket* next = queue_.front();
  queue_.pop_front();
  if (next->alone_ == nullptr) return next;
  next->give(WriteTicket::Turn::Lead);
  return nullptr;
}

// The leader wakes one, and each who wakes wakes two: to wake a thread takes as long as a
// statement.
void WriteQueue::wakeAll(const Group& group, const WriteTicket* but) {
  std::vector<WriteTicket*> done;
  std::copy_if(group.members.begin(), group.members.end(), std::back_inserter(done),
               [&](const WriteTicket* member) { return member != but; });
  for (std::size_t i = 1; i < done.size(); ++i) done[(i - 1) / 2]->wakes_[(i - 1) % 2] = done[i];
  if (!done.empty()) done.front()->give(WriteTicket::Turn::Done);
}

}  // namespace bulkhead::host::data
