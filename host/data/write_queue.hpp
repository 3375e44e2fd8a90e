#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <semaphore.h>
#include <vector>

#include "data/store.hpp"

namespace bulkhead::host::data {

/// Wakes one waiter once. The waiter may end it as soon as it has returned, whatever wake() still
/// does (POSIX sem_post).
class Wakeup {
 public:
  Wakeup() { sem_init(&semaphore_, 0, 0); }
  ~Wakeup() { sem_destroy(&semaphore_); }
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  void wake() { sem_post(&semaphore_); }
  void wait();
  /// False when `deadline` passed first.
  bool waitUntil(std::chrono::steady_clock::time_point deadline);

 private:
  sem_t semaphore_;
};

/// One caller's place among the writers. Lives on the caller's stack while it waits.
class WriteTicket {
 public:
  /// `closure` may run on the thread of another writer.
  explicit WriteTicket(const TransactionClosure& closure) : closure_{&closure} {}
  /// `alone` runs on the caller's own thread while nobody else writes.
  explicit WriteTicket(const std::function<void()>& alone) : alone_{&alone} {}
  WriteTicket(const WriteTicket&) = delete;
  WriteTicket& operator=(const WriteTicket&) = delete;

  const TransactionClosure* closure() const { return closure_; }
  const std::function<void()>* alone() const { return alone_; }

  std::exception_ptr error;  ///< the outcome; written by the leader
  bool expelled = false;     ///< took its group's transaction down and does not run again

 private:
  friend class WriteQueue;
  enum class Turn { Waiting, Lead, Done };

  void give(Turn turn);

  const TransactionClosure* closure_ = nullptr;
  const std::function<void()>* alone_ = nullptr;
  Wakeup wakeup_;
  std::atomic<Turn> turn_{Turn::Waiting};
};

/// Lets writers in, in order and in groups: the caller at the head leads, runs its own closure and
/// those that queued behind it, and all of them return together. Knows nothing of databases.
///
/// A closure that never returns keeps its leader, and those already in its group, for ever: a
/// thread cannot be taken out of foreign code. Callers that were not started yet leave at their
/// deadline, so the damage is bounded by the group, and it ends when the supervisor ends the home
/// (clients have their 504 from the front by then).
class WriteQueue {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// The callers that share one transaction. Used by the leader only.
  class Group {
   public:
    std::vector<WriteTicket*> members;
    Deadline deadline;  ///< of the caller that leads
    /// Takes the next waiting caller in; false when there is none that may join.
    bool grow();

   private:
    friend class WriteQueue;
    explicit Group(WriteQueue& queue) : queue_{queue} {}
    WriteQueue& queue_;
  };
  /// Runs the group and leaves each member's outcome in its `error`. Must not throw.
  using Lead = std::function<void(Group&)>;

  /// Returns when `ticket` was run, by this thread or by another, and throws its outcome. Throws
  /// DATABASE_BUSY when `deadline` passes before it is started.
  void run(WriteTicket& ticket, Deadline deadline, const Lead& lead);
  /// Callers that wait to be started.
  std::size_t waiting() const;

 private:
  /// True when `ticket` has to lead; false when it is done.
  bool awaitTurn(WriteTicket& ticket, Deadline deadline);
  bool leave(WriteTicket& ticket);
  void leadGroup(WriteTicket& ticket, Deadline deadline, const Lead& lead);
  void promoteNext();

  mutable std::mutex mutex_;
  std::deque<WriteTicket*> queue_;
  bool led_ = false;
};

}  // namespace bulkhead::host::data
