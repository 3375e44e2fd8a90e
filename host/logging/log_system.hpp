#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logging/level.hpp"
#include "logging/line_formatter.hpp"
#include "logging/line_writer.hpp"
#include "logging/redactor.hpp"

namespace bulkhead::host {

/// Is told of every line at Error and above (S48), on the thread that logs. Must not log.
class ErrorObserver {
 public:
  virtual ~ErrorObserver() = default;
  virtual void onError(const LogRecord& record) noexcept = 0;
};

struct LogOptions {
  Level level = Level::Info;
  std::string service = "bulkhead";
  std::string version;
  std::string environment = "development";
  int descriptor = 1;          ///< -1: no standard output
  std::filesystem::path file;  ///< LOG_FILE; empty for none
  std::size_t pending_bytes_max = 8 * 1024 * 1024;
};

/// The logging of the process: exists once, from early in main() until every other thread has
/// ended. `log()` and every Poco::Logger write through it while it lives.
class LogSystem {
 public:
  explicit LogSystem(const LogOptions& options);
  /// Writes what is pending, for at most 3 s.
  ~LogSystem();
  LogSystem(const LogSystem&) = delete;
  LogSystem& operator=(const LogSystem&) = delete;

  /// Changes the level now; with `time` it goes back to the configured one afterwards (to the
  /// second).
  void setLevel(Level level, std::optional<std::chrono::milliseconds> time = std::nullopt);
  /// Changes the configured level; a level that holds for a time goes on until then.
  void configureLevel(Level level);
  /// Writes to another LOG_FILE from now on, to none when empty. False, and nothing is changed,
  /// when it cannot be opened.
  bool configureFile(const std::filesystem::path& file) { return writer_.setFile(file); }
  Level level() const noexcept;
  Level configuredLevel() const noexcept { return configured_level_; }
  /// Until the configured level holds again; zero when it does.
  std::chrono::milliseconds levelTimeLeft() const noexcept;

  /// See `Redactor::addSecret`.
  bool addSecret(std::string_view secret) { return redactor_.addSecret(secret); }
  /// See Redactor::redact.
  std::string_view redact(std::string_view text, std::string& scratch) const {
    return redactor_.redact(text, scratch);
  }
  /// Borrowed until another is set; nullptr for none.
  void setErrorObserver(ErrorObserver* observer) noexcept { observer_ = observer; }

  /// Opens LOG_FILE anew (C29). Not for signal handlers.
  void reopen() { writer_.reopen(); }
  bool flush(std::chrono::milliseconds time_max) { return writer_.flush(time_max); }
  bool fileIsOpen() const { return writer_.fileIsOpen(); }
  LogStatistics statistics() const { return writer_.statistics(); }
  /// The last 100 lines, oldest first.
  std::vector<std::string> lastLines() const { return writer_.lastLines(); }
  /// The same for a signal handler: no lock, no allocation.
  void writeLastLines(int descriptor) const noexcept { writer_.recent().writeTo(descriptor); }

  /// Writes a record whatever its level.
  void write(const LogRecord& record);
  /// Lines that were dropped, and batches that a destination did not take; 0 without a log system.
  static std::uint64_t lostLines();
  /// The one that lives, or nullptr.
  static LogSystem* current() noexcept;

 private:
  void apply(Level level);
  void onTick();

  Redactor redactor_;
  LineFormatter formatter_;
  std::atomic<Level> configured_level_;
  std::atomic<std::int64_t> level_until_ms_{0};
  std::atomic<ErrorObserver*> observer_{nullptr};
  LineWriter writer_;
};

}  // namespace bulkhead::host
