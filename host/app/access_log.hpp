#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "http/front_options.hpp"
#include "logging/level.hpp"
#include "monitoring/host_metrics.hpp"
#include "monitoring/performance_monitor.hpp"

namespace bulkhead::host {

/// What becomes of each answered request (S49, S78, S125): one log line, the duration by route, the
/// performance monitor, and a warning when it was slow. Called on loops; waits for nothing.
class AccessLog {
 public:
  /// `is_disabled` says whether a plugin is closed because the operator wants it so.
  AccessLog(monitoring::HostMetrics& metrics, monitoring::PerformanceMonitor& performance,
            std::chrono::milliseconds slow_request,
            std::function<bool(std::string_view plugin)> is_disabled)
      : metrics_{metrics},
        performance_{performance},
        slow_request_us_{std::chrono::microseconds{slow_request}.count()},
        is_disabled_{std::move(is_disabled)} {}

  void record(const CompletedExchange& exchange) const;
  /// For requests that end from now on. Any thread.
  void setSlowRequest(std::chrono::milliseconds slow_request) noexcept {
    slow_request_us_ = std::chrono::microseconds{slow_request}.count();
  }

 private:
  bool isSlow(const CompletedExchange& exchange) const noexcept {
    return exchange.duration.count() > slow_request_us_;
  }
  Level levelOf(const CompletedExchange& exchange) const;
  bool isChoice(const CompletedExchange& exchange) const;
  void writeLine(const CompletedExchange& exchange, Level level) const;
  void watch(const CompletedExchange& exchange) const;

  monitoring::HostMetrics& metrics_;
  monitoring::PerformanceMonitor& performance_;
  std::atomic<std::int64_t> slow_request_us_;
  const std::function<bool(std::string_view plugin)> is_disabled_;
};

}  // namespace bulkhead::host
