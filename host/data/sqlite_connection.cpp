#include "data/sqlite_connection.hpp"

#include <Poco/Data/SQLite/Utility.h>
#include <Poco/Logger.h>
#include <cstdlib>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include "data/database_error.hpp"
#include "data/run_delay.hpp"
#include "data/sqlite_session.hpp"

namespace bulkhead::host::data {
namespace {

constexpr std::size_t kCachedStatementsMax = 128;
constexpr int kProgressInterval = 1000;  // virtual machine steps, some tens of microseconds
constexpr std::chrono::milliseconds kBusyPause{1};

constexpr std::array<std::string_view, 7> kControlText = {
    "BEGIN",        "BEGIN IMMEDIATE", "COMMIT",        "ROLLBACK",
    "SAVEPOINT bh", "RELEASE bh",      "ROLLBACK TO bh"};

const StatementObserver kNobody;

Poco::Logger& logger() {
  return Poco::Logger::get("data");
}

bool isUnavailable(int code) {
  switch (code & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOTADB:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
    case SQLITE_READONLY:
      return true;
    default:
      return false;
  }
}

/// RESTRICT is a trigger of SQLite's own. Nothing for what no client can cause: a value that is
/// missing or of another type was written by the plugin's code.
std::optional<SchemaRule> ruleOf(int constraint, std::string_view text) {
  if (text == "FOREIGN KEY constraint failed") return SchemaRule::Reference;
  switch (constraint) {
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return SchemaRule::Reference;
    case SQLITE_CONSTRAINT_CHECK:
      return SchemaRule::Check;
    case SQLITE_CONSTRAINT_TRIGGER:
      return SchemaRule::Raised;
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return SchemaRule::Unique;
    default:
      return std::nullopt;
  }
}

}  // namespace

struct SqliteConnection::Statement {
  explicit Statement(sqlite3_stmt* prepared) : handle{prepared} {
    const int parameters = sqlite3_bind_parameter_count(handle);
    for (int index = 1; index <= parameters; ++index) {
      const char* name = sqlite3_bind_parameter_name(handle, index);
      const int number = name == nullptr ? index : std::atoi(name + 1);
      numbered = numbered && number > 0;
      sources.push_back(number);
      values_needed = std::max(values_needed, number);
    }
  }
  ~Statement() { sqlite3_finalize(handle); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  sqlite3_stmt* const handle;
  std::vector<int> sources;  ///< for each parameter of SQLite the number of its value, from 1
  int values_needed = 0;
  bool numbered = true;  ///< every parameter is $n, ?n or ?
  std::uint64_t last_use = 0;
  bool running = false;
};

// Resets the statement however its run ends. The borrowed values stay bound: the next run begins by
// binding all of them anew.
class SqliteConnection::Run {
 public:
  explicit Run(Statement& statement) : statement_{statement} { statement_.running = true; }
  ~Run() {
    sqlite3_reset(statement_.handle);
    statement_.running = false;
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

 private:
  Statement& statement_;
};

// Times the engine's steps of one statement; what is done with the rows does not count.
class SqliteConnection::Watch {
 public:
  Watch(const StatementObserver& observer, std::string_view sql) : observer_{observer}, sql_{sql} {}
  ~Watch() {
    if (observer_) observer_(sql_, duration_cast<std::chrono::microseconds>(took_), failed_);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  int step(sqlite3_stmt* statement) {
    if (!observer_) return sqlite3_step(statement);
    const auto begun = std::chrono::steady_clock::now();
    const int code = sqlite3_step(statement);
    took_ += std::chrono::steady_clock::now() - begun;
    failed_ = code != SQLITE_ROW && code != SQLITE_DONE;
    return code;
  }

 private:
  const StatementObserver& observer_;
  const std::string_view sql_;
  std::chrono::steady_clock::duration took_{};
  bool failed_ = false;
};

SqliteConnection::SqliteConnection(const SqliteOptions& options, Role role)
    : owner_{options.owner},
      role_{role},
      on_statement_{options.on_statement},
      session_{openSession(options, role)},
      handle_{Poco::Data::SQLite::Utility::dbHandle(session_)} {
  configure(options, role);
  for (std::size_t i = 0; i < kControlText.size(); ++i) controls_[i] = prepare(kControlText[i]);
  sqlite3_progress_handler(handle_, kProgressInterval, onProgress, this);
  sqlite3_set_authorizer(handle_, onAuthorize, this);
  sqlite3_wal_hook(handle_, onCommit, this);
  trusted_ = false;
}

// Statements go first: Poco's session closes with sqlite3_close, which refuses while there are any.
SqliteConnection::~SqliteConnection() {
  cache_.clear();
  for (auto& statement : controls_) statement.reset();
}

void SqliteConnection::configure(const SqliteOptions& options, Role role) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, static_cast<int>(options.busy_timeout.count()));
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  const Deadline patience = std::chrono::steady_clock::now() + kConnectTimeout;
  if (role != Role::Memory) pragma("PRAGMA journal_mode=WAL", patience);
  pragma(options.durability == Durability::Full ? "PRAGMA synchronous=FULL"
                                                : "PRAGMA synchronous=NORMAL",
         patience);
  pragma("PRAGMA foreign_keys=ON", patience);
  pragma("PRAGMA journal_size_limit=67108864", patience);
  // What a savepoint may have to undo is kept in memory, and not in a file of its own.
  pragma("PRAGMA temp_store=MEMORY", patience);
  if (role == Role::Writer) pragma("PRAGMA cache_size=-4096", patience);
  if (role == Role::Reader) pragma("PRAGMA query_only=ON", patience);
  pragma("SELECT count(*) FROM sqlite_master", patience);
}

// SQLite calls no busy handler where two connections might wait for each other, as when both make
// a new file a write-ahead database, so the wait is ours.
void SqliteConnection::pragma(const std::string& sql, Deadline patience) {
  int code = SQLITE_BUSY;
  while ((code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr)) != SQLITE_OK) {
    if ((code & 0xff) != SQLITE_BUSY || std::chrono::steady_clock::now() > patience) break;
    std::this_thread::sleep_for(kBusyPause);
  }
  if (code == SQLITE_OK) return;
  logger().error(fmt::format("{}: {}: {}", owner_, sql, sqlite3_errmsg(handle_)));
  throw databaseUnavailable();
}

void SqliteConnection::control(Control statement) {
  const auto index = static_cast<std::size_t>(statement);
  trusted_ = true;  // a changed schema prepares it again
  const bool told = statement == Control::Commit;
  const int code =
      Watch{told ? on_statement_ : kNobody, kControlText[index]}.step(controls_[index]->handle);
  const int error = code == SQLITE_DONE ? SQLITE_OK : sqlite3_extended_errcode(handle_);
  sqlite3_reset(controls_[index]->handle);
  trusted_ = false;
  if (error != SQLITE_OK) fail(error, kControlText[index]);
}

std::int64_t SqliteConnection::execute(std::string_view sql, const bulkhead_value* values,
                                       std::size_t count, const Receiver& receive, bool writable) {
  checkLimit();
  Statement* statement = &prepared(sql);
  std::unique_ptr<Statement> second;
  if (statement->running) {
    second = prepare(sql);
    statement = second.get();
  }
  if (sqlite3_stmt_readonly(statement->handle) == 0) {
    if (!writable) {
      throw Error::database("DATABASE_ERROR", "A statement that writes was used in a read.");
    }
    ++writes_;
  }
  const Run run{*statement};
  bind(*statement, values, count);
  const std::int64_t before = sqlite3_total_changes64(handle_);
  Watch watch{on_statement_, sql};
  deliver(*statement, receive, watch);
  return sqlite3_total_changes64(handle_) == before ? 0 : sqlite3_changes64(handle_);
}

void SqliteConnection::limitTo(Deadline deadline, Error (*overrun)()) {
  limit_ = deadline;
  overrun_ = overrun;
  forgiven_.reset();
  overran_ = false;
}

void SqliteConnection::limitTo(Deadline deadline, Error (*overrun)(),
                               std::chrono::nanoseconds run_delay_before) {
  limitTo(deadline, overrun);
  forgiven_ = run_delay_before;
}

void SqliteConnection::checkLimit() {
  if (pastLimit()) fail(SQLITE_INTERRUPT, "(not started)");
}

bool SqliteConnection::owesForeignKeys() const {
  int owed = 0;
  int unused = 0;
  sqlite3_db_status(handle_, SQLITE_DBSTATUS_DEFERRED_FKS, &owed, &unused, 0);
  return owed != 0;
}

bool SqliteConnection::moved() const {
  int moved = 0;
  if (role_ == Role::Memory) return false;
  return sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
         moved != 0;
}

int SqliteConnection::checkpoint(Checkpoint how) {
  constexpr std::array<int, 3> kModes = {SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_RESTART,
                                         SQLITE_CHECKPOINT_TRUNCATE};
  const int mode = kModes.at(static_cast<std::size_t>(how));
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, mode, nullptr, &moved);
  if (code == SQLITE_BUSY && how == Checkpoint::Passive) return 0;
  if (code != SQLITE_OK) fail(code, "checkpoint");
  return moved;
}

// Our own statements while it lives.
struct SqliteConnection::Trust {
  explicit Trust(bool& flag) : trusted{flag} { trusted = true; }
  ~Trust() { trusted = false; }
  Trust(const Trust&) = delete;
  Trust& operator=(const Trust&) = delete;
  bool& trusted;
};

void SqliteConnection::lend(const SessionWork& work) {
  const Trust trust{trusted_};
  work(session_);
}

void SqliteConnection::proveWritable() {
  control(Control::BeginImmediate);
  try {
    rewriteUserVersion();
    control(Control::Commit);
  } catch (...) {
    if (!broken_ && inTransaction()) control(Control::Rollback);
    throw;
  }
}

// Setting it writes the first page, whether it changes or not.
void SqliteConnection::rewriteUserVersion() {
  const Trust trust{trusted_};
  std::string version;
  const auto keep = [](void* kept, int, char** columns, char**) {
    *static_cast<std::string*>(kept) = columns[0];
    return 0;
  };
  const std::string pragma = "PRAGMA user_version";
  int code = sqlite3_exec(handle_, pragma.c_str(), keep, &version, nullptr);
  if (code == SQLITE_OK)
    code = sqlite3_exec(handle_, (pragma + '=' + version).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(sqlite3_extended_errcode(handle_), pragma);
}

std::unique_ptr<SqliteConnection::Statement> SqliteConnection::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, &tail);
  if (code != SQLITE_OK) fail(sqlite3_extended_errcode(handle_), sql);
  if (handle == nullptr) fail(SQLITE_MISUSE, sql);
  auto statement = std::make_unique<Statement>(handle);
  if (!statement->numbered) fail(SQLITE_MISUSE, sql);
  const std::string_view rest{tail, static_cast<std::size_t>(sql.data() + sql.size() - tail)};
  if (rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) fail(SQLITE_MISUSE, sql);
  return statement;
}

SqliteConnection::Statement& SqliteConnection::prepared(std::string_view sql) {
  auto found = cache_.find(sql);
  if (found == cache_.end()) {
    if (cache_.size() >= kCachedStatementsMax) evict();
    found = cache_.emplace(std::string{sql}, prepare(sql)).first;
  }
  found->second->last_use = ++uses_;
  return *found->second;
}

void SqliteConnection::evict() {
  auto oldest = cache_.end();
  for (auto entry = cache_.begin(); entry != cache_.end(); ++entry) {
    if (entry->second->running) continue;
    if (oldest == cache_.end() || entry->second->last_use < oldest->second->last_use) {
      oldest = entry;
    }
  }
  if (oldest != cache_.end()) cache_.erase(oldest);
}

void SqliteConnection::bind(Statement& statement, const bulkhead_value* values, std::size_t count) {
  if (static_cast<std::size_t>(statement.values_needed) != count) {
    logger().error(fmt::format("{}: {} values for {} parameters: {}", owner_, count,
                               statement.values_needed, sqlite3_sql(statement.handle)));
    throw statementFailed();
  }
  int index = 0;
  for (const int source : statement.sources) {
    const bulkhead_value& value = values[source - 1];
    const char* bytes = value.bytes.data == nullptr ? "" : value.bytes.data;
    int code = SQLITE_OK;
    ++index;
    switch (value.type) {
      case BULKHEAD_NULL:
        code = sqlite3_bind_null(statement.handle, index);
        break;
      case BULKHEAD_INTEGER:
        code = sqlite3_bind_int64(statement.handle, index, value.integer);
        break;
      case BULKHEAD_REAL:
        code = sqlite3_bind_double(statement.handle, index, value.real);
        break;
      case BULKHEAD_TEXT:
        code = sqlite3_bind_text64(statement.handle, index, bytes, value.bytes.size, SQLITE_STATIC,
                                   SQLITE_UTF8);
        break;
      case BULKHEAD_BLOB:
        code = sqlite3_bind_blob64(statement.handle, index, bytes, value.bytes.size, SQLITE_STATIC);
        break;
      default:
        code = SQLITE_MISUSE;
    }
    if (code != SQLITE_OK) fail(code, sqlite3_sql(statement.handle));
  }
}

namespace {

bulkhead_value columnValue(sqlite3_stmt* statement, int index) {
  bulkhead_value value{};
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      value.type = BULKHEAD_INTEGER;
      value.integer = sqlite3_column_int64(statement, index);
      break;
    case SQLITE_FLOAT:
      value.type = BULKHEAD_REAL;
      value.real = sqlite3_column_double(statement, index);
      break;
    case SQLITE_TEXT:
      value.type = BULKHEAD_TEXT;
      value.bytes.data = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      value.bytes.size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      break;
    case SQLITE_BLOB:
      value.type = BULKHEAD_BLOB;
      value.bytes.data = static_cast<const char*>(sqlite3_column_blob(statement, index));
      value.bytes.size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      break;
    default:
      value.type = BULKHEAD_NULL;
  }
  return value;
}

}  // namespace

void SqliteConnection::deliver(Statement& statement, const Receiver& receive, Watch& watch) {
  for (;;) {
    const int code = watch.step(statement.handle);
    if (code == SQLITE_DONE) return;
    if (code != SQLITE_ROW) {
      fail(sqlite3_extended_errcode(handle_), sqlite3_sql(statement.handle));
    }
    if (!receive) continue;
    std::vector<bulkhead_value> columns;
    columns.swap(row_);  // a receiver may run statements of its own
    columns.clear();
    const int count = sqlite3_column_count(statement.handle);
    for (int i = 0; i < count; ++i) columns.push_back(columnValue(statement.handle, i));
    const int stop = receive(columns.data(), columns.size());
    row_.swap(columns);
    if (stop != 0) return;
  }
}

void SqliteConnection::fail(int code, std::string_view sql) {
  if ((code & 0xff) == SQLITE_INTERRUPT) throw overrun_();
  const std::string text = sqlite3_errmsg(handle_);
  const std::string line = fmt::format("{}: {} ({}): {}", owner_, text, code, sql);
  if (const auto rule = ruleOf(code, text)) {
    const Error refusal = constraintViolated(*rule, text);
    if (rule != SchemaRule::Raised || refusal.code() == kUnnamedRule) logger().warning(line);
    throw Error{refusal};
  }
  logger().error(line);
  if (isUnavailable(code)) {
    broken_ = true;
    read_only_ = (code & 0xff) == SQLITE_READONLY;
    damaged_ = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    throw databaseUnavailable();
  }
  if ((code & 0xff) == SQLITE_BUSY) {
    throw databaseBusy("The database is locked by another process.");
  }
  throw statementFailed();
}

int SqliteConnection::onCommit(void* self, sqlite3*, const char*, int frames) {
  static_cast<SqliteConnection*>(self)->log_frames_ = frames;
  return SQLITE_OK;
}

int SqliteConnection::onProgress(void* self) {
  return static_cast<SqliteConnection*>(self)->pastLimit() ? 1 : 0;
}

bool SqliteConnection::pastLimit() {
  if (limit_ == Deadline::max() || std::chrono::steady_clock::now() < limit_) return false;
  if (forgiven_) {
    const std::chrono::nanoseconds delay = runDelay();
    limit_ += delay - std::exchange(*forgiven_, delay);
    if (std::chrono::steady_clock::now() < limit_) return false;
  }
  overran_ = true;
  return true;
}

int SqliteConnection::onAuthorize(void* self, int action, const char*, const char*, const char*,
                                  const char*) {
  if (static_cast<SqliteConnection*>(self)->trusted_) return SQLITE_OK;
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_PRAGMA:
      return SQLITE_DENY;
    default:
      return SQLITE_OK;
  }
}

}  // namespace bulkhead::host::data
