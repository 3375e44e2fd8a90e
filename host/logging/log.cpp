#include "logging/log.hpp"

#include <chrono>
#include <exception>
#include <unistd.h>
#include <vector>

#include "logging/error_severity.hpp"
#include "logging/log_system.hpp"

namespace bulkhead::host {
namespace {

const Redactor& standardRedactor() {
  static const Redactor kRedactor;
  return kRedactor;
}

/// Before and after the life of the log system: what matters, at once, to standard error.
void writeToStandardError(const LogRecord& record) {
  if (record.level < Level::Warn) return;
  static const LineFormatter kFormatter{"bulkhead", "", "", standardRedactor()};
  const std::string_view line = kFormatter.format(record);
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

void write(LogRecord record) noexcept {
  try {
    record.context = LogScope::current();
    record.time = std::chrono::system_clock::now();
    if (LogSystem* const system = LogSystem::current()) {
      system->write(record);
    } else {
      writeToStandardError(record);
    }
  } catch (const std::exception&) {  // no memory: the work matters more than its log line
  }
}

}  // namespace

void writeLog(Level level, std::string_view logger, std::string_view message,
              std::span<const LogField> fields) noexcept {
  write({.level = level, .logger = logger, .message = message, .fields = fields});
}

void writeLog(Level level, std::string_view logger, NoSecret message,
              std::span<const LogField> fields) noexcept {
  write({.level = level,
         .logger = logger,
         .message = message.text,
         .fields = fields,
         .has_own_message = true});
}

std::string redacted(std::string_view text) {
  std::string scratch;
  const LogSystem* const system = LogSystem::current();
  return std::string{system != nullptr ? system->redact(text, scratch)
                                       : standardRedactor().redact(text, scratch)};
}

void logError(std::string_view logger, std::string_view message, const ErrorDetails& error,
              int status, std::span<const LogField> fields) noexcept {
  const ErrorSeverity severity = classifyError(status, error.code);
  if (!logEnabled(severity.level)) return;
  try {
    std::vector<LogField> all(fields.begin(), fields.end());
    all.push_back({"severityClass", severity.severity_class});
    all.push_back({"error", error});
    writeLog(severity.level, logger, message, all);
  } catch (const std::exception&) {  // as above
  }
}

}  // namespace bulkhead::host
