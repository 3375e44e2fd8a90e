#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/plugin_facts.hpp"
#include "app/route_catalog.hpp"
#include "security/key_store.hpp"

namespace bulkhead::host {

/// /api/admin/...: tenants, API keys and plugins, for the admin socket (peer credentials, no key)
/// and keys with the scope `admin` that are bound to no tenant. They wait for the host's store, so
/// they run on the lane of administration. The arguments outlive the routes. `known_scopes` names
/// the scopes that plugins have ("booking:read", or "booking:*"), so that a mistyped one is found.
std::vector<HostRoute> keyRoutes(KeyStore& keys,
                                 std::function<std::vector<std::string>()> known_scopes);
std::vector<HostRoute> pluginRoutes(const PluginFactSources& sources);

}  // namespace bulkhead::host
