#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "data/database_error.hpp"

namespace bulkhead::host::data {

/// At most `max` connections, made when needed, outside the lock, so that a database that is away
/// blocks nobody but its caller. Waits, bounded, when all are lent. A connection that failed is
/// dropped by its borrower and made anew. (Poco's SessionPool throws instead of waiting and
/// connects under its mutex.) Those that nobody needed for the idle time go, down to a least
/// number.
template <typename Connection>
class ConnectionPool {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  using Maker = std::function<std::unique_ptr<Connection>()>;
  struct Limits {
    std::size_t max = 0;
    std::size_t min = 0;
    std::chrono::milliseconds idle{0};  ///< 0: they stay
  };

  ConnectionPool(std::size_t max, Maker make) : ConnectionPool{Limits{max}, std::move(make)} {}
  ConnectionPool(Limits limits, Maker make)
      : limits_{limits}, free_slots_{limits.max}, make_{std::move(make)} {}

  /// A lent connection; comes back at the end of its life unless it was dropped.
  class Loan {
   public:
    Loan(ConnectionPool& pool, std::unique_ptr<Connection> connection, std::size_t generation)
        : pool_{pool}, connection_{std::move(connection)}, generation_{generation} {}
    ~Loan() { pool_.takeBack(std::move(connection_), generation_); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }
    void drop() { connection_.reset(); }
    /// It, and all that were there when it was lent.
    void dropAll() {
      pool_.dropAll(generation_);
      drop();
    }

   private:
    ConnectionPool& pool_;
    std::unique_ptr<Connection> connection_;
    const std::size_t generation_;
  };

  /// Throws DATABASE_BUSY at `deadline`, and what the maker throws.
  Loan lend(Deadline deadline) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_until(lock, deadline, [&] { return free_slots_ > 0; })) {
      throw databaseBusy("All connections to the database are in use.");
    }
    --free_slots_;
    const std::size_t generation = generation_;
    std::unique_ptr<Connection> connection;
    if (!idle_.empty()) {
      connection = std::move(idle_.back().connection);
      idle_.pop_back();
    }
    lock.unlock();
    return Loan{*this, connection ? std::move(connection) : makeOrGiveUp(generation), generation};
  }

  /// Drops the idle connections, and the lent ones when they come back.
  void dropAll() {
    std::vector<Idle> dropped;
    const std::lock_guard lock{mutex_};
    dropGeneration(dropped);
  }

  /// True while there are connections, lent or idle, that nobody has found broken.
  bool isAlive() const {
    const std::lock_guard lock{mutex_};
    return alive_ > 0;
  }

  /// Drops what was idle for too long. Called now and then.
  void trim() {
    if (limits_.idle.count() == 0) return;
    std::vector<Idle> dropped;  // closed after the lock
    const std::lock_guard lock{mutex_};
    const auto before = std::chrono::steady_clock::now() - limits_.idle;
    std::size_t surplus = made() > limits_.min ? made() - limits_.min : 0;
    while (surplus-- > 0 && !idle_.empty() && idle_.front().since <= before) {
      --alive_;
      dropped.push_back(std::move(idle_.front()));
      idle_.erase(idle_.begin());
    }
  }

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point since;
  };

  /// Those made since then have done nothing wrong.
  void dropAll(std::size_t generation) {
    std::vector<Idle> dropped;
    const std::lock_guard lock{mutex_};
    if (generation == generation_) dropGeneration(dropped);
  }

  void dropGeneration(std::vector<Idle>& dropped) {
    ++generation_;
    alive_ = 0;
    dropped.swap(idle_);
  }

  std::size_t made() const { return limits_.max - free_slots_ + idle_.size(); }

  std::unique_ptr<Connection> makeOrGiveUp(std::size_t generation) {
    try {
      auto made = make_();
      const std::lock_guard lock{mutex_};
      if (generation == generation_) ++alive_;
      return made;
    } catch (...) {
      const std::lock_guard lock{mutex_};
      ++free_slots_;
      changed_.notify_one();
      throw;
    }
  }

  void takeBack(std::unique_ptr<Connection> connection, std::size_t generation) {
    const std::lock_guard lock{mutex_};
    ++free_slots_;
    if (generation == generation_) {
      if (connection)
        idle_.push_back({std::move(connection), std::chrono::steady_clock::now()});
      else
        --alive_;
    }
    changed_.notify_one();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const Limits limits_;
  std::vector<Idle> idle_;  ///< the last used one last
  std::size_t free_slots_;
  std::size_t alive_ = 0;  ///< of this generation
  std::size_t generation_ = 0;
  const Maker make_;
};

}  // namespace bulkhead::host::data
