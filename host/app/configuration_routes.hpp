#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/live_configuration.hpp"
#include "app/route_catalog.hpp"

namespace bulkhead::host {

/// GET /api/admin/config, POST /api/admin/config/reload and, under its other name (ops §5.18),
/// POST /api/monitoring/config/reload; all for administrators. A reload that is refused is 422
/// CONFIGURATION_REFUSED with every problem in its message.
std::vector<HostRoute> configurationRoutes(
    std::function<std::vector<SettingRow>()> rows,
    std::function<ReloadReport(std::string_view trigger)> reload);

/// A reload that was not refused, as those routes answer it.
std::string reloadJson(const ReloadReport& report);

}  // namespace bulkhead::host
