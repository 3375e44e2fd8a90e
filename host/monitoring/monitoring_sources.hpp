#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "monitoring/host_metrics.hpp"
#include "monitoring/metrics.hpp"
#include "monitoring/metrics_negotiation.hpp"
#include "monitoring/performance_monitor.hpp"
#include "monitoring/recommendations.hpp"

namespace bulkhead::host::monitoring {

struct SystemFigures {
  std::chrono::milliseconds uptime{};
  std::uint64_t rss_bytes = 0;
  std::uint64_t memory_used_bytes = 0;
  std::uint64_t memory_total_bytes = 0;
  double cpu_percent = 0;
  double cpu_seconds = 0;
  unsigned cores = 1;
};

/// A table's name and its rows; empty when its store does not answer.
using TableCount = std::pair<std::string, std::optional<std::int64_t>>;

/// What the monitoring endpoints read; the references outlive them. An empty callback: there is no
/// such thing, and its part of a body is zero or empty.
struct MonitoringSources {
  Metrics& metrics;
  PerformanceMonitor& performance;
  bool production = false;                             ///< C16: who is denied sees 404, not 403
  MetricsFormat default_format = MetricsFormat::Json;  ///< metrics.default_format (C1)
  RecommendationLimits limits = {};
  std::function<SystemFigures()> system = {};
  std::function<std::vector<CacheSample>()> caches = {};
  std::function<std::size_t()> clear_caches = {};              ///< returns how many entries went
  std::function<std::vector<TableCount>()> table_counts = {};  ///< may wait for the stores
};

}  // namespace bulkhead::host::monitoring
