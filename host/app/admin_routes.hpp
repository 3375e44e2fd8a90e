#pragma once

#include <vector>

#include "app/route_catalog.hpp"
#include "plugins/supervisor.hpp"
#include "security/key_store.hpp"

namespace bulkhead::host {

/// /api/admin/...: tenants, API keys and plugins, for the admin socket (peer credentials, no key)
/// and keys with the scope `admin`. They wait for the host's store, so they run on the host's lane.
/// The arguments outlive the routes.
std::vector<HostRoute> keyRoutes(KeyStore& keys);
std::vector<HostRoute> pluginRoutes(const Supervisor& supervisor);

}  // namespace bulkhead::host
