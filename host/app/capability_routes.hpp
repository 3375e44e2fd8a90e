#pragma once

#include <vector>

#include "app/route_catalog.hpp"
#include "capabilities/capability_router.hpp"
#include "capabilities/event_carrier.hpp"
#include "plugins/supervisor.hpp"

namespace bulkhead::host {

/// GET /api/admin/capabilities: who provides and wants what, and what is lost. The arguments must
/// outlive the routes.
std::vector<HostRoute> capabilityRoutes(const CapabilityRouter& router, const EventCarrier& carrier,
                                        const Supervisor& supervisor);

}  // namespace bulkhead::host
