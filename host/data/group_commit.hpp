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

/// Runs one group of closures on the writer's connection, one commit for all.
///
/// A savepoint per closure costs more than most closures, since it copies every page that one
/// changes, and it serves only the few that write first and refuse then. So a group begins without
/// them; when such a closure meets it, the group is rolled back and runs again with a savepoint
/// each, and so do the next groups of that store.
class GroupCommit {
 public:
  /// `groups_with_savepoints`, of the store: how many more groups use them from the start.
  GroupCommit(SqliteConnection& connection, const SqliteOptions& options, StoreCounters& counters,
              int& groups_with_savepoints)
      : connection_{connection},
        options_{options},
        counters_{counters},
        groups_with_savepoints_{groups_with_savepoints} {}

  /// Lets callers join while it runs, and leaves each member's outcome in its `error`. Throws when
  /// nothing of the group was committed: then that is everybody's outcome.
  void run(WriteQueue::Group& group);

 private:
  enum class Outcome { Kept, Refused, NeedsSavepoints, TransactionLost };

  bool runMembers(WriteQueue::Group& group);
  bool mayGrow(const WriteQueue::Group& group) const;
  Outcome runClosure(WriteTicket& ticket);
  void attempt(const WriteTicket& ticket);
  Outcome outcomeOfError(std::uint64_t writes_before);
  void callClosure(const TransactionClosure& closure);
  void rehearse(const TransactionClosure& closure);
  void undoSavepoint();
  void commit(const WriteQueue::Group& group);
  void abandon() noexcept;

  SqliteConnection& connection_;
  const SqliteOptions& options_;
  StoreCounters& counters_;
  int& groups_with_savepoints_;
  bool savepoints_ = false;
  std::chrono::steady_clock::time_point begun_;
  std::chrono::nanoseconds run_delay_before_{};
};

}  // namespace bulkhead::host::data
