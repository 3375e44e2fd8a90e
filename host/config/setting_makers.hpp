#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/host_declarations.hpp"

/// What the host's settings are declared with.
namespace bulkhead::host::setting_makers {

SettingDeclaration text(std::string name, std::string fallback, std::string help);
/// False by default.
SettingDeclaration flag(std::string name, std::string help);
SettingDeclaration integer(std::string name, std::string fallback, double min, double max,
                           std::string help);
SettingDeclaration duration(std::string name, std::string fallback, double max_ms,
                            std::string help);
/// The same duration, with seconds for numbers without unit.
SettingDeclaration inSeconds(SettingDeclaration declaration);
SettingDeclaration choice(std::string name, std::vector<std::string> values, std::string fallback,
                          std::string help);
SettingDeclaration secret(std::string name, std::string help);

/// "a, b" as its items, without those that are empty.
std::vector<std::string> splitList(std::string_view text);
std::uint16_t portOf(const TypedValue& value);

// Checks of HostSetting::check.
std::string checkNetworks(const TypedValue& value);
std::string checkBindAddress(const TypedValue& value);

}  // namespace bulkhead::host::setting_makers

namespace bulkhead::host {

/// The settings that say where and how the host listens, appended to `all`.
void addListeningSettings(std::vector<HostSetting>& all);
/// Those of what clients may send, appended to `all`.
void addRateLimitSettings(std::vector<HostSetting>& all);
/// Those of the Redis server, appended to `all`.
void addRedisSettings(std::vector<HostSetting>& all);
/// Those of what goes out, appended to `all`.
void addEgressSettings(std::vector<HostSetting>& all);

}  // namespace bulkhead::host
