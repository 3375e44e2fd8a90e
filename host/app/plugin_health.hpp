#pragma once

#include <memory>
#include <vector>

#include "health/health_registry.hpp"
#include "health/health_sources.hpp"
#include "plugins/compartment.hpp"
#include "plugins/supervisor.hpp"

namespace bulkhead::host {

/// Registers the health contributors of a created plugin as checks "<plugin>.<contributor>", owned
/// by it.
void addContributors(health::HealthRegistry& registry,
                     const std::shared_ptr<Compartment>& compartment);

/// Registers the database of a created plugin as the check "database.<plugin>"; none without a
/// store.
void addStoreCheck(health::HealthRegistry& registry,
                   const std::shared_ptr<Compartment>& compartment);

/// Every configured plugin as the health answers show it.
std::vector<health::PluginHealth> pluginHealth(const Supervisor& supervisor);

}  // namespace bulkhead::host
