#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/host.hpp>

#include "instant.hpp"

namespace booking {

/// The plugin's schema on a real file of SQLite behind the waist's own table: what the domain's
/// code runs on in tests that have to take its guards away, which TestHost cannot. A connection per
/// thread; writers take turns by BEGIN IMMEDIATE. Any thread.
class SqliteHost {
 public:
  /// A fresh file with every migration applied.
  SqliteHost();
  ~SqliteHost();
  SqliteHost(const SqliteHost&) = delete;
  SqliteHost& operator=(const SqliteHost&) = delete;

  bulkhead::Host host();

  /// From now on each statement has `to` wherever it says `from`: a guard that is taken away.
  void rewrite(std::string from, std::string to);
  /// Runs statements as they are. Throws std::runtime_error.
  void run(std::string_view sql);
  /// The first column of the first row.
  std::int64_t count(std::string_view sql);
  /// What SQLite would do for the statement, a line for each part.
  std::string planOf(const std::string& sql);
  /// Each statement that was asked for so far, as it was run.
  std::vector<std::string> statements() const;

  std::int64_t now() const { return now_s_; }
  void advance(seconds by) { now_s_ += by.count(); }

  class Connection;
  Connection& connection();

 private:
  friend class Connection;
  std::string rewritten(std::string_view sql);

  const std::filesystem::path path_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> rewrites_;
  std::vector<std::string> statements_;
  std::vector<std::pair<std::size_t, std::unique_ptr<Connection>>> connections_;
  std::atomic<std::int64_t> now_s_{1'767'600'000};  // 2026-01-05T08:00:00Z, a Monday
};

}  // namespace booking
