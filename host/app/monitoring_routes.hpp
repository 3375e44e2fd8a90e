#pragma once

#include <vector>

#include "app/route_catalog.hpp"
#include "monitoring/monitoring_endpoints.hpp"
#include "security/authenticator.hpp"
#include "security/security_log.hpp"

namespace bulkhead::host {

/// The routes of monitoring, on its own lane. Each of them checks its caller by itself (C16, S28);
/// what is added here is who that is, and a security event when it is refused. The arguments
/// outlive the routes.
std::vector<HostRoute> monitoringRoutes(const monitoring::MonitoringEndpoints& endpoints,
                                        const Authenticator& authenticator, SecurityLog& events);

}  // namespace bulkhead::host
