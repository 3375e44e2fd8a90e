#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "monitoring/metrics.hpp"

namespace bulkhead::host::monitoring {

/// What is counted of requests to outside services. Thread-safe.
class OutboundMetrics {
 public:
  /// `metrics` outlives it.
  explicit OutboundMetrics(Metrics& metrics);

  /// Hosts of one plugin that are told apart: it may reach any number, and takes no series of the
  /// others for them. What is beyond counts as `_OTHER`.
  static constexpr std::size_t kHostsMax = 50;

  /// One request that has come to its end. `host` is the service's name, without its port.
  void observe(std::string_view plugin, std::string_view host, std::string_view outcome,
               std::chrono::microseconds duration);

 private:
  std::string_view labelOf(std::string_view plugin, std::string_view host);

  std::mutex mutex_;
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> hosts_;  ///< by plugin
  MetricFamily& requests_;
  MetricFamily& duration_;
};

}  // namespace bulkhead::host::monitoring
