#pragma once

#include <vector>

#include "app/admin_audit.hpp"
#include "app/route_catalog.hpp"
#include "monitoring/monitoring_endpoints.hpp"
#include "security/authenticator.hpp"
#include "security/security_log.hpp"

namespace bulkhead::host {

/// The routes of monitoring, on its own lane. Each of them checks its caller by itself (C16, S28);
/// what is added here is who that is, a security event when it is refused, and a row of the audit
/// for what changes something. The arguments outlive the routes.
std::vector<HostRoute> monitoringRoutes(const monitoring::MonitoringEndpoints& endpoints,
                                        const Authenticator& authenticator, SecurityLog& events,
                                        AdminAudit& audit);

}  // namespace bulkhead::host
