#pragma once

#include <vector>

#include "app/plugin_facts.hpp"
#include "app/route_catalog.hpp"
#include "capabilities/capability_router.hpp"
#include "capabilities/event_carrier.hpp"

namespace bulkhead::host {

/// GET /api/admin/capabilities: who provides and wants what, and what is lost. The arguments must
/// outlive the routes.
std::vector<HostRoute> capabilityRoutes(const CapabilityRouter& router, const EventCarrier& carrier,
                                        const PluginFactSources& sources);

}  // namespace bulkhead::host
