#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/services.hpp"

namespace bulkhead::testing {

/// Stands still until it is moved. Thread-safe.
class FakeClock final : public host::Clock {
 public:
  std::int64_t nowUs() const override { return now_us_; }
  std::int64_t monotonicUs() const override { return now_us_; }
  /// RFC 3339 in UTC, e.g. "2026-01-05T08:00:00Z"; throws std::invalid_argument.
  void set(std::string_view instant);
  void advance(std::chrono::microseconds by) { now_us_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_us_{1'767'600'000'000'000};  // 2026-01-05T08:00:00Z
};

/// Keeps the lines. Thread-safe.
class RecordingLog final : public host::LogSink {
 public:
  void write(std::string_view plugin, int level, std::string_view message, std::string_view fields,
             const host::LogTrace& trace) override;
  std::vector<std::string> lines() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Checks that names are declared once and values recorded for what is declared; counts nothing.
class CountingMetrics final : public host::MetricSink {
 public:
  std::uint32_t declare(std::string_view owner,
                        const host::MetricDescription& description) override;
  void record(std::uint32_t metric, const std::vector<std::string_view>& labels,
              double value) override;
  void withdraw(std::span<const std::uint32_t> metrics) override;

 private:
  std::mutex mutex_;
  std::vector<host::MetricDescription> declared_;
};

}  // namespace bulkhead::testing
