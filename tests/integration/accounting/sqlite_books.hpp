#pragma once

#include <memory>
#include <sqlite3.h>
#include <stdexcept>
#include <string>

namespace accounting {

/// A database in memory, written without the plugin: what any other code path would do.
class SqliteBooks {
 public:
  /// Throws std::runtime_error when `setup` fails.
  explicit SqliteBooks(const std::string& setup) {
    sqlite3* opened = nullptr;
    sqlite3_open(":memory:", &opened);
    database_.reset(opened);
    const std::string complaint = run("pragma foreign_keys = on; " + setup);
    if (!complaint.empty()) throw std::runtime_error{complaint};
  }

  /// The database's complaint, or nothing.
  std::string run(const std::string& sql) {
    char* message = nullptr;
    sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, &message);
    const std::string complaint = message == nullptr ? "" : message;
    sqlite3_free(message);
    return complaint;
  }
  /// The first column of the last row.
  std::string textOf(const std::string& sql) {
    std::string found;
    const auto take = [](void* out, int, char** columns, char**) {
      *static_cast<std::string*>(out) = columns[0] == nullptr ? "" : columns[0];
      return 0;
    };
    sqlite3_exec(database_.get(), sql.c_str(), take, &found, nullptr);
    return found;
  }

  sqlite3* handle() const { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace accounting
