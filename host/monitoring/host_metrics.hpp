#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitoring/metrics.hpp"
#include "monitoring/process_statistics.hpp"

namespace bulkhead::host::monitoring {

struct CheckSample {
  std::string check;
  int status = 0;  ///< 0 healthy, 1 degraded, 2 critical
  double duration_seconds = 0;
  double age_seconds = 0;
};

struct PluginSample {
  std::string plugin;
  std::string state;
  std::uint64_t generation = 0;                 ///< starts in this process of the host
  std::uint64_t restarts = 0;                   ///< of these, after a worker's death
  std::uint64_t active = 0;                     ///< calls that run or wait in it
  std::optional<std::uint64_t> memory_bytes{};  ///< of its own process
  std::optional<double> p50_ms{};               ///< of its calls in the last minutes
  std::optional<double> p99_ms{};
  std::vector<std::string> capabilities_lost{};
  std::uint64_t recycles = 0;  ///< starts in the place of one that held too much memory
  std::uint64_t circuit = 0;   ///< 0 closed, 1 half open, 2 open
  std::uint64_t circuit_opens = 0;
  std::uint64_t asks_stuck = 0;  ///< asks and events past their deadline
  std::vector<std::string> capabilities_missed{};
};

struct CacheSample {
  std::string cache;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evicted_by_size = 0;
  std::uint64_t expired = 0;
  std::uint64_t entries = 0;
  std::uint64_t entries_max = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_max = 0;

  double hitRatePercent() const;
};

struct LogCounts {
  std::array<std::uint64_t, 5> by_level{};  ///< debug, info, warn, error, fatal
  std::uint64_t dropped = 0;
};

/// The edge at one moment.
struct FrontFigures {
  std::uint64_t active_connections = 0;
  std::uint64_t idle_connections = 0;
  std::uint64_t active_requests = 0;
  std::vector<std::pair<std::string, std::uint64_t>> rejected;  ///< reason, count since the start
  double loop_stall_seconds = 0;  ///< longest time a loop was kept from polling since the start
};

/// Where the sampled metrics get their values at each scrape, from memory, without waiting. One
/// that is empty leaves its metrics without samples, but for the availabilities: they are 0 then.
struct HostMetricSources {
  std::string version;
  std::string revision;
  std::function<std::chrono::milliseconds()> uptime = {};
  std::function<std::uint64_t()> memory_used_bytes = {};
  std::function<std::uint64_t()> memory_total_bytes = {};
  std::function<bool()> database_available = {};
  std::function<bool()> redis_available = {};
  std::function<std::vector<CheckSample>()> checks = {};
  std::function<std::vector<PluginSample>()> plugins = {};
  std::function<std::vector<CacheSample>()> caches = {};
  std::function<LogCounts()> logs = {};
  std::function<FrontFigures()> front = {};
  /// When the TLS certificate ends, in seconds since 1970; nothing without TLS.
  std::function<std::optional<double>()> certificate_expiry = {};
  /// Security events by reason, since the start.
  std::function<std::vector<std::pair<std::string, std::uint64_t>>()> refused_credentials = {};
  /// Values of requests that were sanitized, by plugin, since the start.
  std::function<std::vector<std::pair<std::string, std::uint64_t>>()> sanitized_values = {};
  /// Requests to outside services that are on their way.
  std::function<std::uint64_t()> outbound_in_flight = {};
};

/// The host's own metrics (catalogue.hpp), registered and, where they are counted, with handles.
class HostMetrics {
 public:
  /// `metrics` outlives this object; what the sources capture outlives `metrics` or its
  /// removeOwner("host").
  HostMetrics(Metrics& metrics, const HostMetricSources& sources);

  /// One answered request. `route` is the template, empty when none matched; an unknown method
  /// counts as `_OTHER`. Any thread.
  void observeRequest(std::string_view method, std::string_view route, int status,
                      std::chrono::microseconds duration);

 private:
  Histogram durationsOf(std::string_view method, std::string_view route, int status);

  MetricFamily& request_duration_;
  const std::uint64_t generation_;  ///< tells it from others that had its address
};

}  // namespace bulkhead::host::monitoring
