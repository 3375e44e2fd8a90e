#include "app/config_commands.hpp"

#include <fmt/format.h>

#include <bulkhead/json_writer.hpp>

#include "app/build_version.hpp"
#include "app/command.hpp"
#include "app/installation_checks.hpp"
#include "config/plugin_conf.hpp"

namespace bulkhead::host {

int runConfigCheck(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  const InstallationFindings findings = checkInstallation(configuration);
  const auto confs =
      readPluginConfs(configuration.settings().paths.plugin_conf_dir, configuration.variables());
  bool plugins_sound = true;
  for (const auto& conf : confs) {
    for (const auto& problem : conf.problems) fmt::print(stderr, "{}\n", problem.sentence());
    plugins_sound = plugins_sound && conf.problems.empty();
  }
  for (const auto& problem : findings.problems) fmt::print(stderr, "{}\n", problem);
  for (const auto& notice : configuration.notices()) fmt::print("notice: {}\n", notice);
  for (const auto& notice : findings.notices) fmt::print("notice: {}\n", notice);
  if (!findings.problems.empty()) {
    fmt::print("The host would not start.\n");
    return kExitConfiguration;
  }
  fmt::print("{}\n", plugins_sound ? "The configuration is sound."
                                   : "The host starts; the plugins above are refused.");
  return plugins_sound ? kExitOk : kExitConfiguration;
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
