#include "app/config_commands.hpp"

#include <fmt/format.h>

#include <bulkhead/json_writer.hpp>

#include "app/build_version.hpp"
#include "app/command.hpp"
#include "config/plugin_conf.hpp"

namespace bulkhead::host {

int runConfigCheck(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  bool sound = true;
  for (const auto& conf :
       readPluginConfs(configuration.settings().paths.plugin_conf_dir, configuration.variables())) {
    for (const auto& problem : conf.problems) {
      fmt::print(stderr, "{}\n", problem.sentence());
      sound = false;
    }
  }
  for (const auto& notice : configuration.notices()) fmt::print("notice: {}\n", notice);
  fmt::print("{}\n", sound ? "The configuration is sound."
                           : "The host starts; the plugins above are refused.");
  return sound ? kExitOk : kExitConfiguration;
}

int runConfigPrint(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  if (line.has("json")) {
    fmt::print("{}\n", toJson([&](JsonWriter& out) {
                 out.array(configuration.describe(),
                           [](JsonWriter& item, const SettingDescription& setting) {
                             item.object("name", setting.name, "type", setting.type, "value",
                                         setting.value, "origin", setting.origin, "default",
                                         setting.default_text, "help", setting.help);
                           });
               }));
    return kExitOk;
  }
  for (const auto& setting : configuration.describe())
    fmt::print("{} = {}  ({})\n", setting.name, setting.value, setting.origin);
  return kExitOk;
}

int runVersion(const CommandLine& line) {
  if (line.has("json")) {
    fmt::print("{}\n", toJson([](JsonWriter& out) {
                 out.object("version", kBuildVersion, "revision", kBuildRevision);
               }));
  } else {
    fmt::print("bulkhead {} ({})\n", kBuildVersion, kBuildRevision);
  }
  return kExitOk;
}

}  // namespace bulkhead::host
