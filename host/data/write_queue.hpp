#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <semaphore.h>
#include <thread>
#include <utility>
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
  sem_t semaphore_{};
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
  std::chrono::steady_clock::time_point deadline_;
  Wakeup wakeup_;
  std::atomic<Turn> turn_{Turn::Waiting};
  std::array<WriteTicket*, 2> wakes_{};  ///< of the same group, when it is done
};

/// Lets writers in, in order and in groups. A caller that finds nobody leads: it runs its own
/// closure and those that queued behind it meanwhile, and all of them return together. While more
/// wait, the queue's own thread leads, one group after the other: a caller that was woken for it
/// would first wait for a processor, and all the others with it. Knows nothing of databases.
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
    Deadline deadline;  ///< of the first
    /// Takes the next in of those that waited at the first call; false when there is none that may
    /// join. Who comes later is the next group: while one writes, the answers of the one before it
    /// are sent, and the requests of the one after it are read.
    bool grow();

   private:
    friend class WriteQueue;
    Group(WriteQueue& queue, WriteTicket& first)
        : members{&first}, deadline{first.deadline_}, queue_{queue} {}
    WriteQueue& queue_;
    std::size_t size_max_ = 0;
  };
  /// Runs the group and leaves each member's outcome in its `error`. Must not throw. On any thread,
  /// one at a time; what is alone on its caller's.
  using Lead = std::function<void(Group&)>;

  explicit WriteQueue(Lead lead) : lead_{std::move(lead)} {}
  /// Nobody may wait any more.
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  /// Returns when `ticket` was run, by this thread or by another, and throws its outcome. Throws
  /// DATABASE_BUSY when `deadline` passes before it is started.
  void run(WriteTicket& ticket, Deadline deadline);
  /// Callers that wait to be started.
  std::size_t waiting() const;

 private:
  /// True when `ticket` has to lead; false when it is done.
  bool awaitTurn(WriteTicket& ticket);
  bool leave(WriteTicket& ticket);
  void leadGroup(WriteTicket& first);
  void passOn();
  bool startOwnThread();
  void leadAll();
  WriteTicket* nextToLead();
  static void wakeAll(const Group& group, const WriteTicket* but);

  const Lead lead_;
  mutable std::mutex mutex_;
  std::deque<WriteTicket*> queue_;
  bool led_ = false;
  std::atomic<bool> ended_{false};
  Wakeup own_turn_;
  std::thread own_thread_;  ///< starts when callers queue for the first time
};

}  // namespace bulkhead::host::data
