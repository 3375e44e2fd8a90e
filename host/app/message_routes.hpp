#pragma once

#include <functional>
#include <vector>

#include "app/route_catalog.hpp"
#include "capabilities/event_carrier.hpp"
#include "monitoring/metrics.hpp"

namespace bulkhead::host {

/// GET /api/admin/plugins/{id}/messages?state=&source=&before=&limit= and POST
/// .../messages/{seq}/replay: what a plugin has to handle and had, newest first, without bodies;
/// and a dead one once more. The carrier outlives the routes.
std::vector<HostRoute> messageRoutes(EventCarrier& carrier);

/// bulkhead_outbox_{pending,oldest_seconds,dead} by plugin and capability, and bulkhead_inbox_...
/// by plugin and source.
void addMessageMetrics(monitoring::Metrics& metrics,
                       std::function<std::vector<PluginMessages>()> messages);

}  // namespace bulkhead::host
