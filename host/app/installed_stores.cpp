#include "app/installed_stores.hpp"

#include <algorithm>

#include "app/build_version.hpp"
#include "app/installed_plugins.hpp"
#include "app/store_options.hpp"
#include "config/plugin_conf.hpp"
#include "plugins/discovery.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

/// Every plugin that has a file, as if it were enabled: then its manifest is read.
std::vector<PluginEntry> entriesOf(const Configuration& configuration) {
  std::vector<PluginEntry> entries;
  const auto add = [&](const std::string& id, const fs::path& library) {
    const bool known = std::any_of(entries.begin(), entries.end(),
                                   [&](const PluginEntry& entry) { return entry.id == id; });
    if (!known) entries.push_back({id, true, false, library, {}});
  };
  const auto& paths = configuration.settings().paths;
  for (const auto& conf : readPluginConfs(paths.plugin_conf_dir, configuration.variables()))
    add(conf.id, conf.library);
  std::error_code error;
  for (fs::directory_iterator file{pluginFolder(configuration.settings()), error}, end;
       !error && file != end; file.increment(error)) {
    if (file->path().extension() == ".so") add(file->path().stem().string(), file->path());
  }
  return entries;
}

}  // namespace

std::vector<InstalledPlugin> installedPlugins(const Configuration& configuration) {
  std::vector<InstalledPlugin> installed;
  const auto candidates =
      discoverPlugins(entriesOf(configuration), pluginFolder(configuration.settings()));
  for (const auto& candidate : candidates) {
    if (!candidate.manifest) continue;
    std::optional<int> schema_max;
    if (candidate.manifest->schema) schema_max = candidate.manifest->schema->max;
    installed.push_back({candidate.id, candidate.manifest->version, schema_max});
  }
  return installed;
}

fs::path storeFolder(const HostSettings& settings) {
  return data::fileOf(storeOptions(settings, "host")).parent_path();
}

data::BackupOrder backupOrder(const Configuration& configuration, const fs::path& directory) {
  data::BackupOrder order;
  order.directory = directory;
  order.stores = data::readHere(data::storesIn(storeFolder(configuration.settings())));
  order.host_version = kBuildVersion;
  for (const auto& plugin : installedPlugins(configuration))
    order.plugins.push_back({plugin.id, plugin.version});
  return order;
}

}  // namespace bulkhead::host
