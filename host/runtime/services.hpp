#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

struct HttpRequest;

/// Time as plugins see it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t nowUs() const = 0;        ///< microseconds since 1970-01-01T00:00:00Z
  virtual std::int64_t monotonicUs() const = 0;  ///< never goes back
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  std::int64_t nowUs() const override;
  std::int64_t monotonicUs() const override;
  /// nowUs() for who counts in std::chrono; the one place where the host asks what time it is.
  static std::chrono::system_clock::time_point now();
};

/// Where plugins' random bytes come from. Thread-safe.
class Randomness {
 public:
  virtual ~Randomness() = default;
  /// Throws Error (NO_RANDOMNESS).
  virtual void fill(void* out, std::size_t size) = 0;
};

/// The system's generator, fit for keys.
class SystemRandomness final : public Randomness {
 public:
  void fill(void* out, std::size_t size) override;
};

/// Ids that a log line carries so that it can be found again.
struct LogTrace {
  std::string_view request_id;
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view tenant;
  std::string_view key_id;
};

/// The ids of a request; views into it.
LogTrace traceOf(const HttpRequest& request);

/// Where a home's log lines go: the host's log, or a test's list. Thread-safe.
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// `level` is BULKHEAD_LOG_*; `fields` is the text of a JSON object or empty.
  virtual void write(std::string_view plugin, int level, std::string_view message,
                     std::string_view fields, const LogTrace& trace) = 0;
};

struct MetricDescription {
  std::string kind;  ///< "counter", "gauge" or "histogram"
  std::string name;  ///< with the owner's prefix
  std::string help;
  std::vector<std::string> labels;
};

/// Where a home's metrics go. Thread-safe. Two generations of a plugin may declare the same metric:
/// it is there until each of them has taken it back.
class MetricSink {
 public:
  virtual ~MetricSink() = default;
  /// Returns a number for `record`; throws Error when the description breaks a rule or the name is
  /// taken.
  virtual std::uint32_t declare(std::string_view owner, const MetricDescription& description) = 0;
  virtual void record(std::uint32_t metric, const std::vector<std::string_view>& labels,
                      double value) = 0;
  /// Takes back what one home declared: each number as often as it was given.
  virtual void withdraw(std::span<const std::uint32_t> metrics) = 0;
  /// `values` of one request to the plugin were sanitized (C22).
  virtual void countSanitized(std::string_view plugin, std::size_t values) {
    static_cast<void>(plugin), static_cast<void>(values);
  }
};

}  // namespace bulkhead::host
