#pragma once

#include <Poco/Data/Session.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>

#include "data/sqlite_store.hpp"

namespace bulkhead::host::data {

/// One Poco::Data::Session and the native handle beneath it, with its prepared statements. Used by
/// one thread at a time. Dropped, never reconnected, once `broken()`.
class SqliteConnection {
 public:
  enum class Role { Writer, Reader, Memory, Maintenance };
  enum class Control { Begin, BeginImmediate, Commit, Rollback, Savepoint, Release, RollbackTo };
  enum class Checkpoint { Passive, Restart, Truncate };
  using Receiver = std::function<int(const bulkhead_value* columns, std::size_t count)>;
  using Deadline = std::chrono::steady_clock::time_point;

  /// Throws DATABASE_UNAVAILABLE when the file cannot be opened or is no database.
  SqliteConnection(const SqliteOptions& options, Role role);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  void control(Control statement);
  /// Runs one statement; rows go to `receive`, which may be empty. Returns the rows changed.
  std::int64_t execute(std::string_view sql, const bulkhead_value* values, std::size_t count,
                       const Receiver& receive, bool writable);

  /// From now on statements that run past `deadline` are interrupted and throw what `overrun`
  /// makes.
  void limitTo(Deadline deadline, Error (*overrun)());
  /// The same for a time that the statements may take; waiting for a CPU, counted since
  /// `run_delay_before`, is not theirs and prolongs it.
  void limitTo(Deadline deadline, Error (*overrun)(), std::chrono::nanoseconds run_delay_before);
  void unlimited() { limit_ = Deadline::max(); }
  /// True when the limit set last was passed.
  bool overran() const { return overran_; }

  /// How many statements that may write have run so far.
  std::uint64_t writes() const { return writes_; }
  bool inTransaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  /// True while foreign keys whose check was deferred are not satisfied.
  bool owesForeignKeys() const;
  bool broken() const { return broken_; }
  /// True when a statement met pages that are no database's.
  bool damaged() const { return damaged_; }
  /// True when what broke it was that nothing may be written.
  bool readOnly() const { return read_only_; }
  /// Marks it broken: its state is not known any more.
  void distrust() noexcept { broken_ = true; }
  /// True when the file is no longer where it was opened.
  bool moved() const;
  /// Moves the write-ahead log into the file: what no reader holds; or waiting for them, so that
  /// the next write begins the log anew; or emptying it, too. Returns how many frames of it are in
  /// the file by now. Throws DATABASE_BUSY when it waited for readers in vain.
  int checkpoint(Checkpoint how);
  /// Length of the log after this connection's last commit. Nothing else moves the log then: no
  /// commit of this connection does.
  int logFrames() const { return log_frames_; }
  /// Writes a page as it is and commits: proof that the disk takes it. Throws DATABASE_UNAVAILABLE
  /// when it does not.
  void proveWritable();
  /// Lends the session to Poco::Data statements.
  void lend(const SessionWork& work);

 private:
  struct Statement;
  struct Trust;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  class Run;
  class Watch;

  void configure(const SqliteOptions& options, Role role);
  void pragma(const std::string& sql, Deadline patience);
  void rewriteUserVersion();
  std::unique_ptr<Statement> prepare(std::string_view sql);
  Statement& prepared(std::string_view sql);
  void evict();
  void checkLimit();
  bool pastLimit();
  void bind(Statement& statement, const bulkhead_value* values, std::size_t count);
  void deliver(Statement& statement, const Receiver& receive, Watch& watch);
  [[noreturn]] void fail(int code, std::string_view sql);
  static int onProgress(void* self);
  static int onCommit(void* self, sqlite3*, const char*, int frames);
  static int onAuthorize(void* self, int action, const char*, const char*, const char*,
                         const char*);

  const std::string owner_;
  const Role role_;
  const StatementObserver on_statement_;
  Poco::Data::Session session_;
  sqlite3* const handle_;
  std::unordered_map<std::string, std::unique_ptr<Statement>, TextHash, std::equal_to<>> cache_;
  std::array<std::unique_ptr<Statement>, 7> controls_;
  std::vector<bulkhead_value> row_;
  std::uint64_t uses_ = 0;
  std::uint64_t writes_ = 0;
  int log_frames_ = 0;
  Deadline limit_ = Deadline::max();
  Error (*overrun_)() = nullptr;
  std::optional<std::chrono::nanoseconds> forgiven_;  ///< run delay that limit_ accounts for
  bool overran_ = false;
  bool broken_ = false;
  bool damaged_ = false;
  bool read_only_ = false;
  bool trusted_ = true;  ///< our own statements, not those of a closure
};

}  // namespace bulkhead::host::data
