#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <bulkhead/abi.h>

namespace Poco::Data {
class Session;
}

namespace bulkhead::host::data {

enum class Engine { Sqlite, Postgresql };

/// As folders of migrations and answers call it: "sqlite", "postgresql".
std::string_view nameOf(Engine engine);

/// Told of each statement of a closure and each commit (as "COMMIT"), with the time that the engine
/// took for it; on the thread that ran it, and never to throw or to wait.
using StatementObserver =
    std::function<void(std::string_view sql, std::chrono::microseconds duration, bool failed)>;

/// A unit of work's access to its store. Lives on the thread that runs the closure; never kept.
/// Statements take $1..$n, one statement a call; BEGIN, COMMIT, SAVEPOINT, ATTACH and PRAGMA are
/// refused. Failures throw bulkhead::Error (kind Database, code DATABASE_ERROR, driver text only in
/// the log; constraintViolated() when a rule of the schema refused; a store that cannot be reached:
/// code DATABASE_UNAVAILABLE with S102's exact message).
class Transaction {
 public:
  virtual ~Transaction() = default;
  /// Rows in order; `receive` gets borrowed column values, valid during the call, and returns 0 to
  /// go on.
  virtual void read(
      std::string_view sql, const bulkhead_value* values, std::size_t count,
      const std::function<int(const bulkhead_value* columns, std::size_t count)>& receive) = 0;
  /// Returns the number of rows changed.
  virtual std::int64_t send(std::string_view sql, const bulkhead_value* values,
                            std::size_t count) = 0;
  /// The same for who does not ask for the number: an engine that pipelines sends it later, before
  /// whatever comes next gives an answer, and a failure is thrown there.
  virtual void queue(std::string_view sql, const bulkhead_value* values, std::size_t count) {
    send(sql, values, count);
  }
  /// Runs `closure` in a savepoint of this transaction: what it throws has been rolled back, and is
  /// thrown on. Deferred foreign keys are checked at its end.
  virtual void nested(const std::function<void()>& closure) = 0;
  virtual bool writable() const = 0;
  /// Whose dialect it speaks, for the few statements that are not the same in both.
  virtual Engine engine() const = 0;
};

/// May run again, and a write closure may run on the thread of another caller of the same store:
/// it uses no thread-locals, takes no lock that its caller holds, and has no effect but through its
/// transaction. What it read is as if nobody had written meanwhile: on SQLite every other writer of
/// the store waits, on PostgreSQL it runs again when that is not so. A refusal of the database that
/// it catches outside of nested() still ends it on PostgreSQL.
using TransactionClosure = std::function<void(Transaction&)>;
/// Maintenance by Poco::Data statements: migrations, data move, checks.
using SessionWork = std::function<void(Poco::Data::Session&)>;

struct StoreStatistics {
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;       ///< acknowledged closures
  std::uint64_t commits = 0;      ///< physical commits; writes / commits is the group size
  std::uint64_t failures = 0;     ///< closures whose error was thrown to their caller
  std::uint64_t interrupted = 0;  ///< closures that overran their budget
  std::uint64_t waiting = 0;      ///< writers that wait to be let in, at this moment
  std::int64_t size_bytes = 0;
};

/// A number of a store that is taken, until this ends: see Store::hold().
class StoreHold {
 public:
  StoreHold() = default;
  virtual ~StoreHold() = default;
  StoreHold(const StoreHold&) = delete;
  StoreHold& operator=(const StoreHold&) = delete;
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
  /// Lends a session to Poco::Data statements while nobody else does, and on SQLite while nobody
  /// else writes; runs on the caller's thread, outside any transaction and without a budget.
  virtual void maintain(const SessionWork& work,
                        std::chrono::steady_clock::time_point deadline) = 0;
  /// Takes a number for as long as somebody works on what it stands for; null while it is taken,
  /// here or by another one that works on this database. It ends with its process, too, and not
  /// after the store. Never waits. Throws Error DATABASE_UNAVAILABLE.
  virtual std::unique_ptr<StoreHold> hold(std::uint64_t number) = 0;
  /// Inside maintain() alone: says to other processes that code works on this store from now on, as
  /// long as this lives.
  virtual void settle() {}
  /// Inside maintain() alone: false when another process has settled in this store.
  virtual bool isAlone() { return true; }
  /// A trivial read through a session: true when the database answers. After a write that the disk
  /// refused it is a trivial write as well, until one succeeds; after damage was met the whole
  /// database has to be sound. Never throws. One that was away is
  /// tried again at once, at most once a second (S101, C21).
  virtual bool ping() noexcept = 0;
  virtual StoreStatistics statistics() const = 0;
  virtual Engine engine() const = 0;

  /// Moves a write-ahead log into the database file, and empties it, where there is one.
  virtual void checkpoint(std::chrono::steady_clock::time_point) {}
  /// While shared, a store that one process writes is written by turns, so that a process that
  /// takes this one's place writes, too: see SqliteOptions. Others are shared always. Any thread
  /// outside transactions. Throws Error DEADLINE_EXCEEDED.
  virtual void shareLease(bool, std::chrono::steady_clock::time_point) {}
  /// For whoever cannot be made to leave it alone: each verb throws DATABASE_UNAVAILABLE from now
  /// on, for ever. Any thread.
  virtual void fence() noexcept {}
  virtual bool isFenced() const noexcept { return false; }
};

}  // namespace bulkhead::host::data
