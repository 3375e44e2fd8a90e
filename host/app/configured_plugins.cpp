#include "app/configured_plugins.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "app/installed_plugins.hpp"
#include "plugins/discovery.hpp"

namespace bulkhead::host {
namespace {

ConfiguredPlugin joined(PluginCandidate candidate, std::vector<PluginConf>& confs,
                        const Variables& variables) {
  ConfiguredPlugin plugin;
  plugin.id = std::move(candidate.id);
  plugin.manifest = std::move(candidate.manifest);
  plugin.file_problem = std::move(candidate.reason);
  for (PluginConf& conf : confs) {
    if (conf.id == plugin.id) plugin.conf = std::move(conf);
  }
  static const PropertiesFile kNone;
  const PropertiesFile& file = plugin.conf ? plugin.conf->file : kNone;
  plugin.reserved = readDeclaredSettings(plugin.id, reservedPluginDeclarations(), file, variables);
  if (plugin.manifest && plugin.conf)
    plugin.own = readPluginSettings(plugin.id, plugin.manifest->settings, file, variables);
  return plugin;
}

/// Files of the folder that no conf file names: they are described, too.
void addUnlisted(const std::filesystem::path& folder, std::vector<PluginEntry>& entries) {
  std::error_code error;
  for (std::filesystem::directory_iterator file{folder, error}, end; !error && file != end;
       file.increment(error)) {
    const std::string id = file->path().stem().string();
    const bool named = std::any_of(entries.begin(), entries.end(), [&](const PluginEntry& entry) {
      return entry.id == id || entry.library.lexically_normal() == file->path().lexically_normal();
    });
    if (!named && file->path().extension() == ".so") entries.push_back({id, true, false, {}, {}});
  }
}

}  // namespace

std::vector<std::string> ConfiguredPlugin::problems() const {
  std::vector<std::string> sentences;
  if (!conf) return sentences;
  for (const auto& problem : conf->problems) sentences.push_back(problem.sentence());
  if (!conf->enabled) return sentences;
  for (const auto& problem : own.problems) sentences.push_back(problem.sentence());
  return sentences;
}

std::vector<ConfiguredPlugin> readConfiguredPlugins(const Configuration& configuration) {
  const HostSettings& settings = configuration.settings();
  auto confs = readPluginConfs(settings.paths.plugin_conf_dir, configuration.variables());
  std::vector<PluginEntry> entries;
  entries.reserve(confs.size());
  for (const auto& conf : confs) entries.push_back({conf.id, true, false, conf.library, {}});
  addUnlisted(pluginFolder(settings), entries);
  std::vector<ConfiguredPlugin> plugins;
  for (auto& candidate : discoverPlugins(entries, pluginFolder(settings)))
    plugins.push_back(joined(std::move(candidate), confs, configuration.variables()));
  return plugins;
}

}  // namespace bulkhead::host
