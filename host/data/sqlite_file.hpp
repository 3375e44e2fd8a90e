#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

namespace bulkhead::host::data {

/// A connection to one database file for copies and checks, which no store lends. Used by one
/// thread. Throws DATABASE_UNAVAILABLE; what SQLite said is in the log.
class SqliteFile {
 public:
  enum class Mode {
    Shared,    ///< a file that others may be using
    Immutable  ///< a file that nobody changes: opened without a trace beside it
  };

  SqliteFile(const std::filesystem::path& path, Mode mode);
  ~SqliteFile();
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  sqlite3* handle() const { return handle_; }
  void run(const char* sql) const;
  /// The first column of the first row; nothing when the statement fails or has no row.
  std::optional<std::string> first(const char* sql) const;
  /// The same as a number; 0 when there is none.
  std::int64_t number(const char* sql) const;
  /// Logs what went wrong at `what`.
  Error failed(std::string_view what) const;

 private:
  const std::filesystem::path path_;
  sqlite3* handle_ = nullptr;
};

}  // namespace bulkhead::host::data
