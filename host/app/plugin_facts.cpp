#include "app/plugin_facts.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <utility>

#include "app/plugin_health.hpp"

namespace bulkhead::host {
namespace {

bool hasStore(const health::HealthRegistry& registry, const std::string& plugin) {
  const auto snapshot = registry.snapshot();
  const auto* check = snapshot->find("database." + plugin);
  return check == nullptr || check->last.status != health::Status::Critical;
}

std::string whyLost(const PluginFacts& facts, const health::HealthRegistry& registry) {
  const PluginStatus& plugin = facts.status;
  if (plugin.state != PluginState::Running)
    return fmt::format("'{}' is {}.", plugin.id, nameOf(plugin.state));
  if (facts.configured == false) return fmt::format("'{}' has no credentials.", plugin.id);
  if (plugin.circuit.state == CircuitState::Open)
    return fmt::format("'{}' fails everything that it is asked.", plugin.id);
  if (!hasStore(registry, plugin.id)) return fmt::format("The store of '{}' is away.", plugin.id);
  return {};
}

PluginFacts factsOf(const Compartment& compartment, const PluginFactSources& sources) {
  PluginFacts facts;
  facts.status = compartment.status();
  facts.configured = isConfigured(sources.registry, compartment.id());
  facts.lost_because = whyLost(facts, sources.registry);
  if (!facts.lost_because.empty()) facts.capabilities_lost = facts.status.capabilities.provides;
  if (const auto home = compartment.home()) facts.memory_bytes = home->memoryBytes();
  const auto calls = sources.performance.ofPlugin(compartment.id());
  if (calls.total() == 0) return facts;
  facts.p50_ms = calls.percentileMs(0.5);
  facts.p99_ms = calls.percentileMs(0.99);
  return facts;
}

std::set<std::string> providedBy(const std::vector<PluginFacts>& plugins) {
  std::set<std::string> provided;
  for (const auto& plugin : plugins) {
    const auto& provides = plugin.status.capabilities.provides;
    if (plugin.lost_because.empty()) provided.insert(provides.begin(), provides.end());
  }
  return provided;
}

}  // namespace

std::vector<PluginFacts> factsOfAll(const PluginFactSources& sources) {
  std::vector<PluginFacts> all;
  for (const auto& compartment : sources.supervisor.compartments())
    all.push_back(factsOf(*compartment, sources));
  const auto provided = providedBy(all);
  for (auto& plugin : all) {
    for (const auto& [capability, required] : plugin.status.capabilities.wants) {
      if (!provided.contains(capability)) plugin.capabilities_missed.push_back(capability);
    }
  }
  return all;
}

std::optional<PluginFacts> factsOf(const PluginFactSources& sources, std::string_view id) {
  auto all = factsOfAll(sources);
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& plugin) { return plugin.status.id == id; });
  if (found == all.end()) return {};
  return std::move(*found);
}

}  // namespace bulkhead::host
