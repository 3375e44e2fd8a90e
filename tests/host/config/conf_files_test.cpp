#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <regex>

#include "config/configuration.hpp"
#include "config/host_declarations.hpp"
#include "config/plugin_conf.hpp"

namespace bulkhead::host {
namespace {

const std::filesystem::path kConf = std::filesystem::path{BULKHEAD_SOURCE_DIR} / "conf";

/// Settings that a text assigns, commented out or not, with the value that stands there.
std::map<std::string, std::string> assignmentsIn(const std::filesystem::path& file,
                                                 const std::regex& assignment) {
  std::ifstream in{file};
  std::map<std::string, std::string> found;
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, assignment)) continue;
    EXPECT_TRUE(found.emplace(match[1], match[2]).second) << match[1] << " stands there twice";
  }
  return found;
}

TEST(ConfFiles, BulkheadPropertiesMentionsExactlyTheDeclaredSettings) {
  auto found = assignmentsIn(kConf / "bulkhead.properties",
                             std::regex{R"(#?([a-z_]+\.[a-z0-9_.]+) =\s*(.*))"});
  for (const HostSetting& setting : hostDeclarations()) {
    const auto entry = found.find(setting.declaration.name);
    if (entry == found.end()) {
      ADD_FAILURE() << setting.declaration.name << " is not mentioned";
      continue;
    }
    EXPECT_EQ(entry->second, setting.declaration.default_text.value_or("")) << entry->first;
    found.erase(entry);
  }
  for (const auto& [name, value] : found) ADD_FAILURE() << name << " is no setting";
}

TEST(ConfFiles, AsShippedTheyAreAcceptedWithoutANotice) {
  ConfigurationSources sources;
  sources.config_file = kConf / "bulkhead.properties";
  sources.config_file_required = true;
  sources.env_file = kConf / "absent.env";
  sources.environment.clear();
  try {
    EXPECT_TRUE(Configuration{sources}.notices().empty());
  } catch (const ConfigurationProblems& problems) {
    FAIL() << problems.report();
  }
}

TEST(ConfFiles, EveryPluginFileIsAccepted) {
  const auto confs = readPluginConfs(kConf / "plugins.d", {});
  EXPECT_FALSE(confs.empty());
  for (const PluginConf& conf : confs) {
    for (const auto& problem : conf.problems) ADD_FAILURE() << problem.sentence();
  }
}

TEST(ConfFiles, EnvExampleNamesOnlyKnownVariablesAndHoldsNoSecret) {
  const auto found =
      assignmentsIn(kConf / ".env.example", std::regex{R"(#?([A-Z][A-Z0-9_]*)=(.*))"});
  EXPECT_GE(found.size(), 7U);
  for (const auto& [name, value] : found) {
    const HostSetting* owner = nullptr;
    for (const HostSetting& setting : hostDeclarations()) {
      const auto variables = setting.allVariables();
      if (std::find(variables.begin(), variables.end(), name) != variables.end()) owner = &setting;
    }
    if (name == "HOSTNAME" || name.starts_with("STRIPE_")) continue;
    ASSERT_NE(owner, nullptr) << name;
    if (owner->declaration.type == SettingType::Secret && name != "DATABASE_URL") {
      EXPECT_EQ(value, "") << name;
    }
  }
  for (const char* name : {"DATABASE_URL", "JWT_SECRET", "SESSION_SECRET", "NODE_ENV",
                           "FRONTEND_URL", "PORT", "HOSTNAME"}) {
    EXPECT_EQ(found.count(name), 1U) << name << " of the required set";
  }
}

}  // namespace
}  // namespace bulkhead::host
