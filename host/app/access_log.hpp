#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "http/front_options.hpp"
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
        slow_request_{slow_request},
        is_disabled_{std::move(is_disabled)} {}

  void record(const CompletedExchange& exchange) const;

 private:
  bool isChoice(const CompletedExchange& exchange) const;
  void writeLine(const CompletedExchange& exchange) const;
  void watch(const CompletedExchange& exchange) const;

  monitoring::HostMetrics& metrics_;
  monitoring::PerformanceMonitor& performance_;
  const std::chrono::milliseconds slow_request_;
  const std::function<bool(std::string_view plugin)> is_disabled_;
};

}  // namespace bulkhead::host
