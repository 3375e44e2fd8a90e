#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/properties_file.hpp"
#include "config/variables.hpp"
#include "data/store.hpp"
#include "plugins/embedded_migrations.hpp"
#include "plugins/manifest.hpp"
#include "plugins/plugin_file.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {

/// Everything that a plugin's file says of itself, read without running it.
struct PluginDescription {
  PluginFile file;
  Manifest manifest;
  std::vector<EmbeddedMigration> migrations;
};

/// Reads and checks a file. Throws PluginRefusal (Missing or Refused).
PluginDescription describePlugin(const std::filesystem::path& path);

/// The plugin's settings by its manifest, from its conf file and the process's variables: every
/// declared one is in the answer. Throws PluginRefusal (Refused) with a sentence for each problem.
std::map<std::string, PluginSetting> readSettings(const Manifest& manifest,
                                                  const PropertiesFile& conf,
                                                  const Variables& variables);

/// What brings a store of that engine ("sqlite") to the schema of the plugin's code; see
/// data::migrate.
std::function<void(data::Store&)> migrationOf(const PluginDescription& plugin,
                                              std::string_view engine);

}  // namespace bulkhead::host
