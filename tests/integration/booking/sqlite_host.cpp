#include "integration/booking/sqlite_host.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <random>
#include <sqlite3.h>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include <bulkhead/waist.hpp>

#include "data/database_error.hpp"

struct bulkhead_home {
  booking::SqliteHost& host;
};
struct bulkhead_transaction {
  booking::SqliteHost::Connection& connection;
};

namespace booking {
namespace {

using bulkhead::host::data::constraintViolated;
using bulkhead::host::data::SchemaRule;
using bulkhead::waist::guarded;
using bulkhead::waist::view;

std::filesystem::path freshFile() {
  static std::atomic<int> next{0};
  return std::filesystem::temp_directory_path() /
         ("booking-test-" + std::to_string(getpid()) + "-" + std::to_string(next++) + ".db");
}

std::string textOf(const std::filesystem::path& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bulkhead_value columnOf(sqlite3_stmt* statement, int column) {
  bulkhead_value value{BULKHEAD_NULL, 0, 0, 0.0, {nullptr, 0}};
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      value.type = BULKHEAD_INTEGER;
      value.integer = sqlite3_column_int64(statement, column);
      break;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
      value.type = BULKHEAD_TEXT;
      value.bytes.data = static_cast<const char*>(sqlite3_column_blob(statement, column));
      value.bytes.size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      break;
    default:
      break;
  }
  return value;
}

}  // namespace

/// One thread's way to the file.
class SqliteHost::Connection {
 public:
  Connection(SqliteHost& owner, const std::filesystem::path& path) : owner_{owner} {
    if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error{"open"};
    sqlite3_busy_timeout(handle_, 60'000);
    execute("pragma journal_mode = wal; pragma synchronous = off; pragma foreign_keys = on");
  }
  ~Connection() {
    for (const auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
    sqlite3_close(handle_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void execute(const std::string& sql) {
    char* message = nullptr;
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return;
    const std::string complaint = message == nullptr ? "failed" : message;
    sqlite3_free(message);
    throw std::runtime_error{sql + ": " + complaint};
  }

  std::int64_t step(std::string_view sql, const bulkhead_value* values, std::size_t count,
                    const std::function<bool(const bulkhead_value*, std::size_t)>& receive) {
    sqlite3_stmt* const statement = prepare(sql);
    bind(statement, values, count);
    int code = SQLITE_ROW;
    std::vector<bulkhead_value> row(static_cast<std::size_t>(sqlite3_column_count(statement)));
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      for (std::size_t i = 0; i < row.size(); ++i)
        row[i] = columnOf(statement, static_cast<int>(i));
      if (!receive(row.data(), row.size())) break;
    }
    const std::string complaint = sqlite3_errmsg(handle_);
    sqlite3_reset(statement);
    if (code == SQLITE_CONSTRAINT) throw constraintViolated(SchemaRule::Raised, complaint);
    if (code != SQLITE_DONE && code != SQLITE_ROW) throw std::runtime_error{complaint};
    return sqlite3_changes64(handle_);
  }

 private:
  sqlite3_stmt* prepare(std::string_view sql) {
    const std::string text = owner_.rewritten(sql);
    auto& statement = prepared_[text];
    if (statement == nullptr &&
        sqlite3_prepare_v2(handle_, text.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      throw std::runtime_error{text + ": " + sqlite3_errmsg(handle_)};
    }
    return statement;
  }

  static void bind(sqlite3_stmt* statement, const bulkhead_value* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const int index =
          sqlite3_bind_parameter_index(statement, ("$" + std::to_string(i + 1)).c_str());
      if (index == 0) continue;
      const auto size = static_cast<int>(values[i].bytes.size);
      const char* const data = size == 0 ? "" : values[i].bytes.data;
      if (values[i].type == BULKHEAD_INTEGER) {
        sqlite3_bind_int64(statement, index, values[i].integer);
      } else if (values[i].type == BULKHEAD_TEXT) {
        sqlite3_bind_text(statement, index, data, size, SQLITE_TRANSIENT);
      } else if (values[i].type == BULKHEAD_BLOB) {
        sqlite3_bind_blob(statement, index, data, size, SQLITE_TRANSIENT);
      } else {
        sqlite3_bind_null(statement, index);
      }
    }
  }

  SqliteHost& owner_;
  sqlite3* handle_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> prepared_;
};

namespace {

bulkhead_status transact(bulkhead_home* home, const char* begin, bulkhead_transaction_fn closure,
                         void* self, const bulkhead_error_sink* error) {
  return guarded(error, [&] {
    SqliteHost::Connection& connection = home->host.connection();
    connection.execute(begin);
    try {
      bulkhead_transaction transaction{connection};
      bulkhead::waist::ErrorCatcher caught;
      caught.check(closure(self, &transaction, caught.sink()));
      connection.execute("commit");
    } catch (...) {
      connection.execute("rollback");
      throw;
    }
  });
}

bulkhead_status read(bulkhead_home* home, bulkhead_context*, bulkhead_transaction_fn closure,
                     void* self, const bulkhead_error_sink* error) {
  return transact(home, "begin", closure, self, error);
}

bulkhead_status write(bulkhead_home* home, bulkhead_context*, bulkhead_transaction_fn closure,
                      void* self, const bulkhead_error_sink* error) {
  return transact(home, "begin immediate", closure, self, error);
}

bulkhead_status readRows(bulkhead_transaction* transaction, bulkhead_bytes sql,
                         const bulkhead_value* values, std::size_t count, bulkhead_row_fn receive,
                         void* self, const bulkhead_error_sink* error) {
  return guarded(error, [&] {
    transaction->connection.step(view(sql), values, count,
                                 [&](const bulkhead_value* columns, std::size_t columns_count) {
                                   return receive(self, columns, columns_count) == 0;
                                 });
  });
}

bulkhead_status sendStatement(bulkhead_transaction* transaction, bulkhead_bytes sql,
                              const bulkhead_value* values, std::size_t count,
                              std::int64_t expected, const bulkhead_error* refusal,
                              const bulkhead_error_sink* error) {
  return guarded(error, [&] {
    const auto changed = transaction->connection.step(
        view(sql), values, count, [](const bulkhead_value*, std::size_t) { return true; });
    if (expected >= 0 && changed != expected) throw bulkhead::waist::errorFrom(*refusal);
  });
}

bulkhead_status randomBytes(bulkhead_home*, void* out, std::size_t size,
                            const bulkhead_error_sink*) {
  thread_local std::mt19937 generator{std::random_device{}()};
  auto* bytes = static_cast<unsigned char*>(out);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(generator());
  return BULKHEAD_OK;
}

const bulkhead_host& table() {
  static const bulkhead_host kTable = [] {
    bulkhead_host made{};
    made.size = sizeof made;
    made.db_read = read;
    made.db_write = write;
    made.tx_read = readRows;
    made.tx_send = sendStatement;
    made.now_us = [](bulkhead_home* home) { return home->host.now() * 1'000'000; };
    made.monotonic_us = made.now_us;
    made.random_bytes = randomBytes;
    return made;
  }();
  return kTable;
}

}  // namespace

SqliteHost::SqliteHost() : path_{freshFile()} {
  std::vector<std::filesystem::path> migrations;
  for (const auto& entry : std::filesystem::directory_iterator{
           BULKHEAD_SOURCE_DIR "/plugins/booking/migrations/sqlite"}) {
    migrations.push_back(entry.path());
  }
  std::sort(migrations.begin(), migrations.end());
  for (const auto& migration : migrations) run(textOf(migration));
}

SqliteHost::~SqliteHost() {
  connections_.clear();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(path_.string() + suffix, ignored);
  }
}

bulkhead::Host SqliteHost::host() {
  static std::mutex mutex;
  static std::map<SqliteHost*, std::unique_ptr<bulkhead_home>> homes;
  const std::lock_guard lock{mutex};
  auto& home = homes[this];
  home = std::make_unique<bulkhead_home>(bulkhead_home{*this});
  return {table(), *home};
}

void SqliteHost::rewrite(std::string from, std::string to) {
  const std::lock_guard lock{mutex_};
  rewrites_.emplace_back(std::move(from), std::move(to));
}

std::string SqliteHost::rewritten(std::string_view sql) {
  const std::lock_guard lock{mutex_};
  std::string text{sql};
  for (const auto& [from, to] : rewrites_) {
    const auto found = text.find(from);
    if (found != std::string::npos) text.replace(found, from.size(), to);
  }
  if (std::find(statements_.begin(), statements_.end(), text) == statements_.end()) {
    statements_.push_back(text);
  }
  return text;
}

std::vector<std::string> SqliteHost::statements() const {
  const std::lock_guard lock{mutex_};
  return statements_;
}

void SqliteHost::run(std::string_view sql) {
  connection().execute(std::string{sql});
}

std::int64_t SqliteHost::count(std::string_view sql) {
  std::int64_t found = -1;
  connection().step(sql, nullptr, 0, [&](const bulkhead_value* columns, std::size_t) {
    found = columns[0].integer;
    return false;
  });
  return found;
}

std::string SqliteHost::planOf(const std::string& sql) {
  std::string plan;
  connection().step("explain query plan " + sql, nullptr, 0,
                    [&](const bulkhead_value* columns, std::size_t) {
                      plan.append(view(columns[3].bytes)).append("\n");
                      return true;
                    });
  return plan;
}

SqliteHost::Connection& SqliteHost::connection() {
  const auto self = std::hash<std::thread::id>{}(std::this_thread::get_id());
  const std::lock_guard lock{mutex_};
  for (const auto& [thread, known] : connections_) {
    if (thread == self) return *known;
  }
  return *connections_.emplace_back(self, std::make_unique<Connection>(*this, path_)).second;
}

}  // namespace booking
