#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/typed_value.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {

using HomeSettings = std::map<std::string, PluginSetting>;

/// Every declared setting as a home hands it to its plugin: the value that was read, else the
/// declared default, else unset. Secrets are in clear.
HomeSettings homeSettings(const std::vector<SettingDeclaration>& declarations,
                          const std::map<std::string, TypedValue, std::less<>>& values);

/// The same as the text of a JSON object, and back, for the way to another process.
std::string toJson(const HomeSettings& settings);
HomeSettings homeSettingsFrom(std::string_view json);

}  // namespace bulkhead::host
