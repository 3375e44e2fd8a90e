#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "health/health_registry.hpp"
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
  /// Whether its credentials are there; nothing for one whose contributors do not speak of any.
  std::optional<bool> configured{};
  /// Why nobody has anything of what it provides at this moment: it does not run, has no
  /// credentials or no store, or is left alone since it fails everything. A sentence; empty while
  /// it is well.
  std::string lost_because{};
  std::vector<std::string> capabilities_lost{};  ///< "payments/1": what it provides, then
  /// It wants it, and nobody provides it at this moment.
  std::vector<std::string> capabilities_missed{};
};

/// Where facts of plugins are read; borrowed, and safe from any thread.
struct PluginFactSources {
  const Supervisor& supervisor;
  const monitoring::PerformanceMonitor& performance;
  const health::HealthRegistry& registry;
};

/// Of all plugins, by id.
std::vector<PluginFacts> factsOfAll(const PluginFactSources& sources);
/// Of one; nothing when there is none of that id.
std::optional<PluginFacts> factsOf(const PluginFactSources& sources, std::string_view id);

}  // namespace bulkhead::host
