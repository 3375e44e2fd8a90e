#include "app/plugin_facts.hpp"

namespace bulkhead::host {

PluginFacts factsOf(const Compartment& compartment,
                    const monitoring::PerformanceMonitor& performance) {
  PluginFacts facts;
  facts.status = compartment.status();
  if (const auto home = compartment.home()) facts.memory_bytes = home->memoryBytes();
  const auto calls = performance.ofPlugin(compartment.id());
  if (calls.total() == 0) return facts;
  facts.p50_ms = calls.percentileMs(0.5);
  facts.p99_ms = calls.percentileMs(0.99);
  return facts;
}

std::vector<PluginFacts> factsOfAll(const Supervisor& supervisor,
                                    const monitoring::PerformanceMonitor& performance) {
  std::vector<PluginFacts> all;
  for (const auto& compartment : supervisor.compartments())
    all.push_back(factsOf(*compartment, performance));
  return all;
}

}  // namespace bulkhead::host
