#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <bulkhead/abi.h>

namespace bulkhead::host::data {

/// A unit of work's access to its store. Lives on the thread that runs the closure; never kept.
/// Statements take $1..$n. Failures throw bulkhead::Error (kind Database, code DATABASE_ERROR,
/// driver text only in the log; a store that cannot be reached: code DATABASE_UNAVAILABLE with
/// S102's exact message).
class Transaction {
 public:
  virtual ~Transaction() = default;
  /// Rows in order; `receive` gets borrowed column values, valid during the call, and returns 0 to
  /// go on.
  virtual void read(
      std::string_view sql, const bulkhead_value* values, std::size_t count,
      const std::function<int(const bulkhead_value* columns, std::size_t count)>& receive) = 0;
  /// Returns the number of rows changed. May be delayed by an engine that pipelines when nobody
  /// asked for the number.
  virtual std::int64_t send(std::string_view sql, const bulkhead_value* values,
                            std::size_t count) = 0;
  /// Runs `closure` in a savepoint of this transaction: what it throws has been rolled back, and is
  /// thrown on.
  virtual void nested(const std::function<void()>& closure) = 0;
  virtual bool writable() const = 0;
};

using TransactionClosure = std::function<void(Transaction&)>;

struct StoreStatistics {
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;   ///< acknowledged closures
  std::uint64_t commits = 0;  ///< physical commits; writes / commits is the group size
  std::uint64_t failures = 0;
  std::uint64_t interrupted = 0;  ///< closures that overran their budget
  std::int64_t size_bytes = 0;
};

/// One database of one owner (a plugin, or the host). Thread-safe. Two verbs; what runs inside them
/// may run again.
class Store {
 public:
  virtual ~Store() = default;
  /// A snapshot for reading; readers run in parallel with each other and with the writer.
  virtual void read(const TransactionClosure& closure,
                    std::chrono::steady_clock::time_point deadline) = 0;
  /// Returns after the commit is durable. What the closure throws is rolled back to before it and
  /// thrown to this caller alone. Waits no longer than `deadline` to be let in (Error 503
  /// DATABASE_BUSY, Retry-After).
  virtual void write(const TransactionClosure& closure,
                     std::chrono::steady_clock::time_point deadline) = 0;
  /// A trivial read through a pooled session: true when the database answers. Never throws.
  virtual bool ping() noexcept = 0;
  virtual StoreStatistics statistics() const = 0;
};

}  // namespace bulkhead::host::data
