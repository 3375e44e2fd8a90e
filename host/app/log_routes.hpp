#pragma once

#include <vector>

#include "app/route_catalog.hpp"

namespace bulkhead::host {

/// GET /api/admin/log: the level that holds, the configured one, and for how long they differ.
/// POST /api/admin/log?level=debug&seconds=600: another level, back to the configured one after
/// that time (600 unless said, at most a day). For administrators; the log says who did it.
std::vector<HostRoute> logRoutes();

}  // namespace bulkhead::host
