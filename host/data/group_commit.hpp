#pragma once

#include <atomic>
#include <cstdint>

#include "data/sqlite_connection.hpp"
#include "data/write_queue.hpp"

namespace bulkhead::host::data {

struct StoreCounters {
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> writes{0};
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::uint64_t> interrupted{0};
};

/// Runs one group of closures on the writer's connection: a savepoint each, one commit for all.
class GroupCommit {
 public:
  GroupCommit(SqliteConnection& connection, const SqliteOptions& options, StoreCounters& counters)
      : connection_{connection}, options_{options}, counters_{counters} {}

  /// Lets callers join while it runs, and leaves each member's outcome in its `error`. Throws when
  /// nothing of the group was committed: then that is everybody's outcome.
  void run(WriteQueue::Group& group);

 private:
  enum class Outcome { Kept, Refused, TransactionLost };

  bool runMembers(WriteQueue::Group& group);
  bool mayGrow(const WriteQueue::Group& group) const;
  Outcome runClosure(WriteTicket& ticket);
  void callClosure(const TransactionClosure& closure);
  void rehearse(const TransactionClosure& closure);
  void undoSavepoint();
  void commit(const WriteQueue::Group& group);
  void abandon() noexcept;

  SqliteConnection& connection_;
  const SqliteOptions& options_;
  StoreCounters& counters_;
  std::chrono::steady_clock::time_point begun_;
  std::chrono::nanoseconds run_delay_before_{};
};

}  // namespace bulkhead::host::data
