#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration_problem.hpp"
#include "config/properties_file.hpp"
#include "config/typed_value.hpp"
#include "config/variables.hpp"

namespace bulkhead::host {

/// Values by setting name, with where each was written.
struct ReadSettings {
  std::map<std::string, TypedValue, std::less<>> values;
  std::map<std::string, Origin, std::less<>> origins;
  std::vector<ConfigurationProblem> problems;  ///< empty when the values may be used
};

/// Reads a plugin's own settings against its manifest. For each declared setting the first of:
/// the environment variable PLUGINID_SETTING (`stripe`, `webhook_secret`: STRIPE_WEBHOOK_SECRET),
/// for secrets PLUGINID_SETTING_FILE or the credentials folder, `.env`, the plugin's file with
/// `${NAME}` and `${NAME:-default}` expanded, the default. An empty value is no value. Keys of the
/// file that are neither declared nor reserved (`enabled`, `library`, `isolation`, `required`,
/// `limits.*`) are problems.
ReadSettings readPluginSettings(std::string_view plugin_id,
                                std::span<const SettingDeclaration> declarations,
                                const PropertiesFile& file, const Variables& variables);

/// The same without the check for unknown keys: reads just these declarations.
ReadSettings readDeclaredSettings(std::string_view plugin_id,
                                  std::span<const SettingDeclaration> declarations,
                                  const PropertiesFile& file, const Variables& variables);

/// True for the keys of `conf/plugins.d/<id>.properties` that are the host's own. A manifest must
/// not declare them.
bool isReservedPluginKey(std::string_view key);

/// True for those of them that a reload changes while the plugin runs.
bool isLivePluginKey(std::string_view key);

/// The host's own keys of such a file with their bounds and defaults.
std::span<const SettingDeclaration> reservedPluginDeclarations();

/// The problem of a value that its declaration refuses; never shows a secret.
ConfigurationProblem refusedValue(const SettingDeclaration& declaration, std::string_view key,
                                  std::string_view text, const Origin& origin);

}  // namespace bulkhead::host
