#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "config/plugin_conf.hpp"
#include "config/plugin_settings.hpp"
#include "plugins/manifest.hpp"

namespace bulkhead::host {

/// A plugin as its conf file and its manifest describe it; nothing of it has run.
struct ConfiguredPlugin {
  std::string id;
  std::optional<PluginConf> conf;    ///< none: a file of `plugin.dir` that no conf file names
  std::optional<Manifest> manifest;  ///< none: no file, or none that can be read
  ReadSettings reserved;             ///< the host's keys of its conf
  ReadSettings own;                  ///< those of its manifest
  std::string file_problem;          ///< why there is no manifest; a sentence

  /// Everything that is wrong with its conf, as sentences.
  std::vector<std::string> problems() const;
};

/// Every plugin that a conf file names or that lies in `plugin.dir`, by id. Throws
/// ConfigurationProblems when the folder of the conf files cannot be listed.
std::vector<ConfiguredPlugin> readConfiguredPlugins(const Configuration& configuration);

}  // namespace bulkhead::host
