#pragma once

#include <Poco/Util/LayeredConfiguration.h>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/configuration_problem.hpp"
#include "config/host_settings.hpp"
#include "config/typed_value.hpp"
#include "config/variables.hpp"

namespace bulkhead::host {

/// Where the host's settings come from.
struct ConfigurationSources {
  std::filesystem::path config_file = "conf/bulkhead.properties";
  bool config_file_required = false;  ///< `--config` named it
  std::filesystem::path env_file = ".env";
  std::map<std::string, std::string, std::less<>> environment = Variables::ofThisProcess();
  std::vector<std::pair<std::string, std::string>> command_line{};  ///< setting name, value
};

/// One row of `bulkhead config show` and `describe`.
struct SettingDescription {
  std::string name;
  std::string type;
  std::string accepts;  ///< "an integer from 0 to 65535"
  std::string value;    ///< secrets are "******"; empty when there is none
  std::string origin;   ///< "environment variable PORT", "conf/bulkhead.properties:12", "default"
  std::string default_text;
  std::vector<std::string> variables;
  std::string help;
  bool is_default = true;
  bool live = false;  ///< see HostSetting
};

/// A setting whose value is another one in a newer configuration.
struct SettingChange {
  std::string name;
  std::string before;  ///< as it may be printed; secrets are "******"
  std::string after;
  std::string origin;  ///< of the new value
  bool live = false;
};

struct ConfigurationReading;

/// The host's settings in layers, strongest first: command line, environment, secret files
/// (`NAME_FILE`, `$CREDENTIALS_DIRECTORY`), `.env`, config file, default. Read and checked once, in
/// the constructor; immutable afterwards, so any thread may read. Reading again for a reload makes
/// a new object.
class Configuration {
 public:
  /// Throws `ConfigurationProblems` with everything that is wrong: unreadable files, unknown
  /// names, wrong types, values out of range, and what production requires.
  explicit Configuration(const ConfigurationSources& sources);
  /// The same, with the problems beside what could be read, for whoever has more to look at before
  /// it refuses.
  static ConfigurationReading read(const ConfigurationSources& sources);

  const HostSettings& settings() const noexcept { return settings_; }
  /// Sentences for the log: what was accepted but deserves a look.
  const std::vector<std::string>& notices() const noexcept { return notices_; }
  /// Every declared setting, in the order of the declarations.
  const std::vector<SettingDescription>& describe() const noexcept { return descriptions_; }
  /// For `readPluginConfs` and `readPluginSettings`. Holds secrets of the environment in clear.
  const Variables& variables() const noexcept { return variables_; }
  /// The layers by label ("command line", "environment", "secret files", ".env", "config file",
  /// "default") for Poco's own users. Secrets are "******" in it.
  Poco::Util::LayeredConfiguration::Ptr layers() const { return layers_; }

  /// The settings that have another value in `fresh`, in the order of the declarations.
  std::vector<SettingChange> changesTo(const Configuration& fresh) const;
  /// This one with the live settings of `fresh`: what a process runs on after a reload.
  Configuration withLiveOf(const Configuration& fresh) const;

 private:
  friend class ConfigurationReader;

  Configuration() = default;

  HostSettings settings_;
  std::vector<std::string> notices_;
  std::vector<SettingDescription> descriptions_;
  std::vector<std::optional<TypedValue>> values_;  // as descriptions_
  Variables variables_;
  Poco::Util::LayeredConfiguration::Ptr layers_;
};

/// What reading found, sound or not.
struct ConfigurationReading {
  Configuration configuration;
  std::vector<ConfigurationProblem> problems;
};

}  // namespace bulkhead::host
