#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "app/plugin_facts.hpp"
#include "health/health_registry.hpp"
#include "health/health_sources.hpp"
#include "plugins/compartment.hpp"
#include "plugins/supervisor.hpp"

namespace bulkhead::host {

/// Registers the health contributors of a plugin's created home as checks "<plugin>.<contributor>",
/// owned by it, in place of those that the plugin had; when they are the same, those stay, and are
/// run again at once. A check asks the home that lives.
void takeContributors(health::HealthRegistry& registry,
                      const std::shared_ptr<Compartment>& compartment, const Home& home);

/// Asks each contributor of a started home once. Throws Error (PLUGIN_UNWELL) when one is critical.
void requireWell(Home& home);

/// Registers the database of a plugin's created home as the check "database.<plugin>", unless it is
/// there; none without a store.
void addStoreCheck(health::HealthRegistry& registry,
                   const std::shared_ptr<Compartment>& compartment, const Home& home);

/// False when a contributor of the plugin has said that its credentials are missing; nothing when
/// none has said anything of them.
std::optional<bool> isConfigured(const health::HealthRegistry& registry, std::string_view plugin);

/// Every configured plugin as the health answers show it.
std::vector<health::PluginHealth> pluginHealth(const std::vector<PluginFacts>& plugins);

}  // namespace bulkhead::host
