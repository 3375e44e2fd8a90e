#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "verify/verify.hpp"

namespace bulkhead::host {

/// The routes of a plugin ("GET /api/greeter/v1/hello/{name}"), and which of them another one wants
/// as well: of its own, or of the plugins in the folder `beside`, each of which is created in a
/// throw-away child. Findings come without `check`.
std::vector<VerifyFinding> routeFindings(const std::string& id,
                                         const std::vector<std::string>& routes,
                                         const std::optional<std::filesystem::path>& beside);

}  // namespace bulkhead::host
