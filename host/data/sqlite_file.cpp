#include "data/sqlite_file.hpp"

#include <Poco/Logger.h>
#include <cstdlib>
#include <fmt/format.h>

#include "data/database_error.hpp"

namespace bulkhead::host::data {
namespace {

constexpr int kBusyTimeoutMs = 2000;

/// A path as SQLite's URIs have it.
std::string uriOf(const std::filesystem::path& path, std::string_view parameters) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02X}", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  return fmt::format("{}?{}", uri, parameters);
}

}  // namespace

SqliteFile::SqliteFile(const std::filesystem::path& path, Mode mode) : path_{path} {
  const bool immutable = mode == Mode::Immutable;
  const std::string uri = uriOf(path, immutable ? "immutable=1" : "mode=rw");
  const int flags = immutable ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (sqlite3_open_v2(uri.c_str(), &handle_, flags | SQLITE_OPEN_URI, nullptr) != SQLITE_OK) {
    Error error = failed("open");
    sqlite3_close(handle_);
    throw Error{std::move(error)};
  }
  sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
}

SqliteFile::~SqliteFile() {
  sqlite3_close(handle_);
}

void SqliteFile::run(const char* sql) const {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw failed(sql);
}

std::optional<std::string> SqliteFile::first(const char* sql) const {
  std::optional<std::string> found;
  const auto keep = [](void* kept, int, char** columns, char**) {
    auto& value = *static_cast<std::optional<std::string>*>(kept);
    if (!value) value = columns[0] == nullptr ? "" : columns[0];
    return 0;
  };
  sqlite3_exec(handle_, sql, keep, &found, nullptr);
  return found;
}

std::int64_t SqliteFile::number(const char* sql) const {
  const auto text = first(sql);
  return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

Error SqliteFile::failed(std::string_view what) const {
  Poco::Logger::get("data").error(
      fmt::format("{}: {}: {}", path_.string(), what, sqlite3_errmsg(handle_)));
  return databaseUnavailable();
}

}  // namespace bulkhead::host::data
