#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "data/store.hpp"

namespace bulkhead::host::data {

enum class Durability {
  Full,   ///< acknowledged writes survive a power cut
  Normal  ///< they survive a crash of the process; a power cut may take the last ones
};

struct SqliteOptions {
  std::filesystem::path path{};  ///< database file; its folder is made. Empty: in memory
  std::string owner = "store";   ///< names the store in logs: the plugin's id, or "host"
  std::size_t readers_max = 4;
  Durability durability = Durability::Full;
  /// How long to wait for a lock of a foreign process, such as a shell or a backup.
  std::chrono::milliseconds busy_timeout{250};
  /// Longest wait for a reader's connection (S103).
  std::chrono::milliseconds checkout_timeout{2000};
  /// Time that one write closure may take before its statements are interrupted: running or
  /// waiting for anything but a CPU, so that a busy machine interrupts nobody.
  std::chrono::milliseconds closure_budget{50};
  std::size_t group_max = 64;                      ///< closures in one commit
  std::chrono::milliseconds group_time{5};         ///< after this no more closures join
  std::chrono::milliseconds retry_interval{1000};  ///< between attempts to open what is away
  /// Between looks at the whole of a file in which damage was met.
  std::chrono::milliseconds inspection_interval{5000};
  /// Runs each write closure twice, the first time rolled back: finds closures that cannot be
  /// repeated. For test hosts.
  bool rehearse_writes = false;
  bool lease_shared = false;         ///< shareLease(true) from the start
  StatementObserver on_statement{};  ///< may be empty
};

/// A store in one SQLite file (WAL, 0600, foreign keys on), or in memory.
///
/// Writes commit in groups: the first caller leads, runs its own closure and those queued behind
/// it, and all return after one COMMIT, which is one fsync. What is acknowledged
/// is durable; what a closure throws is its own; an overrun closure is taken out and the others run
/// again; a failed COMMIT is everybody's error. A refusal is only told after COMMIT, since it may
/// rest on effects of the same group.
///
/// Exactly one process writes: the first write takes the lease beside the file (write_lease.hpp).
/// While another one holds it, writes wait until their deadline, then throw STORE_LEASE_HELD.
///
/// A database that is away, damaged or cannot be opened gives DATABASE_UNAVAILABLE, and is opened
/// again by whoever needs it next, at most once per `retry_interval`. A file that disappeared is
/// waited for, never replaced by an empty one.
class SqliteStore : public Store {
 public:
  /// Hands the lease over: after the running group nobody writes here until the lease is free
  /// again. Reads go on.
  virtual void handOver(std::chrono::steady_clock::time_point deadline) = 0;
  /// While shared, the lease is given back after each group, so that a process that takes this
  /// one's place writes by turns with it: still one at any moment; a lease that is held is given
  /// back before this returns. Not shared, the next write takes it and keeps it. A running group
  /// that takes longer than the deadline gives it back at its end.
  void shareLease(bool shared, std::chrono::steady_clock::time_point deadline) override = 0;
  /// The lease is given back after the running group, too.
  void fence() noexcept override = 0;
};

/// Opens nothing yet: the first verb does. Never throws for a database's sake.
std::unique_ptr<SqliteStore> openSqliteStore(SqliteOptions options);

}  // namespace bulkhead::host::data
