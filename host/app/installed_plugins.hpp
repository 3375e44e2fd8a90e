#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/host_settings.hpp"

namespace bulkhead::host {

/// PLUGIN_DIR, or `../plugins` beside the folder of the program.
std::filesystem::path pluginFolder(const HostSettings& settings);

/// The scopes of the plugins that are configured or whose file is there, by their ids alone:
/// "booking:*". For commands, which know no routes. Folders that cannot be read have none.
std::vector<std::string> scopesOfInstalled(const HostSettings& settings);

/// The scope that was most likely meant by one that `known` does not have, or "" when it is fine or
/// nothing is near. `known` are exact scopes and whole areas ("booking:*"); a scope of an area that
/// nobody has heard of may belong to a plugin that comes later.
std::string nearestScope(const std::string& scope, const std::vector<std::string>& known);

}  // namespace bulkhead::host
