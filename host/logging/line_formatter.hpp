#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "logging/level.hpp"
#include "logging/log_context.hpp"
#include "logging/log_field.hpp"
#include "logging/redactor.hpp"

namespace bulkhead::host {

/// What a line says; borrowed for one call.
struct LogRecord {
  Level level = Level::Info;
  std::string_view logger;
  std::string_view message;
  std::span<const LogField> fields{};
  const LogContext* context = nullptr;
  std::chrono::system_clock::time_point time{};
  bool has_own_message = false;  ///< which the host knows beforehand: it is not searched
};

/// Turns records into lines of JSON (S45): timestamp, level, severity, message, service, version,
/// environment, logger, thread, context, fields. A line has at most 16 KiB; what does not fit is
/// left out and the line says `"truncated":true`. Any thread may call.
class LineFormatter {
 public:
  static constexpr std::size_t kLineBytesMax = 16 * 1024;

  LineFormatter(std::string_view service, std::string_view version, std::string_view environment,
                const Redactor& redactor);

  /// The line with its line end; valid until this thread formats another one.
  std::string_view format(const LogRecord& record) const;
  /// Appends the same.
  void append(std::string& out, const LogRecord& record) const { out += format(record); }

 private:
  std::string origin_;  ///< the members that are the same in every line
  const Redactor& redactor_;
};

}  // namespace bulkhead::host
