#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "monitoring/performance_monitor.hpp"
#include "plugins/supervisor.hpp"

namespace bulkhead::host {

/// What there is to tell of a plugin at one moment. The administration, the health documents and
/// the metrics all read it here, so that they agree.
struct PluginFacts {
  PluginStatus status;
  std::optional<std::uint64_t> memory_bytes{};  ///< of its worker's process
  std::optional<double> p50_ms{};  ///< of its calls in the last minutes; nothing without any
  std::optional<double> p99_ms{};
};

PluginFacts factsOf(const Compartment& compartment,
                    const monitoring::PerformanceMonitor& performance);
/// Of all plugins, by id.
std::vector<PluginFacts> factsOfAll(const Supervisor& supervisor,
                                    const monitoring::PerformanceMonitor& performance);

}  // namespace bulkhead::host
