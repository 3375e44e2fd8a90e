#pragma once

#include <atomic>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "logging/level.hpp"
#include "logging/log_context.hpp"
#include "logging/log_field.hpp"

namespace bulkhead::host {

namespace detail {
inline std::atomic<int> least_level{static_cast<int>(Level::Info)};
}

/// True when lines of this level are written: one relaxed load. Ask before preparing costly fields.
inline bool logEnabled(Level level) noexcept {
  return static_cast<int>(level) >= detail::least_level.load(std::memory_order_relaxed);
}

/// Writes one line: formats and redacts on this thread (about a microsecond), hands the bytes to
/// the writer of the `LogSystem`, never waits for a disk. Error and Fatal may wait up to 50 ms when
/// the writer is behind by its whole bound. Never throws; any thread. Before a `LogSystem` exists,
/// Warn and above go to standard error.
void writeLog(Level level, std::string_view logger, std::string_view message,
              std::span<const LogField> fields) noexcept;
/// A message that the host knows beforehand.
void writeLog(Level level, std::string_view logger, NoSecret message,
              std::span<const LogField> fields) noexcept;

/// `log(Level::Info, "plugins", "plugin started", {{"plugin", id}, {"durationMs", ms}});`
inline void log(Level level, std::string_view logger, std::string_view message,
                std::initializer_list<LogField> fields = {}) noexcept {
  if (logEnabled(level)) writeLog(level, logger, message, {fields.begin(), fields.size()});
}

/// `text` as a line would show it: without secrets (S131). For what is kept beside the log.
std::string redacted(std::string_view text);

/// An error with its details, at the level that S51 gives to its status and code. Status 0: not of
/// a request; it is not a member of the line by itself.
void logError(std::string_view logger, std::string_view message, const ErrorDetails& error,
              int status, std::span<const LogField> fields = {}) noexcept;

}  // namespace bulkhead::host
