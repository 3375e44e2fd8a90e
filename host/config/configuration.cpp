#include "config/configuration.hpp"

#include <Poco/Net/IPAddress.h>
#include <Poco/Util/MapConfiguration.h>
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "config/host_declarations.hpp"
#include "config/nearest_name.hpp"
#include "config/plugin_settings.hpp"
#include "config/production_rules.hpp"

namespace bulkhead::host {
namespace {

constexpr std::array<const char*, 6> kLabels{"command line", "environment", "secret files",
                                             ".env",         "config file", "default"};
enum Layer : std::size_t {
  CommandLine,
  EnvironmentLayer,
  SecretFiles,
  DotEnv,
  ConfigFile,
  Default
};

std::vector<std::string> settingNames() {
  std::vector<std::string> names;
  for (const HostSetting& setting : hostDeclarations()) names.push_back(setting.declaration.name);
  return names;
}

/// The setting that was meant by an unknown name: by its own name or by one of its variables.
std::string nearestSetting(std::string_view name) {
  for (const HostSetting& setting : hostDeclarations()) {
    const auto variables = setting.allVariables();
    if (std::find(variables.begin(), variables.end(), name) != variables.end()) {
      return setting.declaration.name;
    }
  }
  return nearestName(name, settingNames());
}

}  // namespace

/// Fills a `Configuration`; lives as long as its constructor.
class ConfigurationReader {
 public:
  ConfigurationReader(const ConfigurationSources& sources, Configuration& out)
      : sources_{sources}, out_{out} {}

  void run() {
    readFiles();
    makeLayers();
    for (const HostSetting& setting : hostDeclarations()) readSetting(setting);
    if (port_given_) out_.settings_.server.compat_listen_3000 = false;  // C6: PORT wins
    checkNames();
    noticeVariablesNearby();
    checkRules({out_.settings_, database_url_given_, env_file_}, problems_, out_.notices_);
  }

  std::vector<ConfigurationProblem> takeProblems() { return std::move(problems_); }

 private:
  using Found = std::optional<Variables::Value>;

  void readFiles() {
    EnvFile env_file;
    collect([&] {
      if (!std::filesystem::exists(sources_.env_file)) return;
      env_file_ = sources_.env_file;
      env_file = EnvFile::read(sources_.env_file);
    });
    out_.variables_ = Variables{sources_.environment, std::move(env_file)};
    collect([&] {
      const bool there = std::filesystem::exists(sources_.config_file);
      if (!there && !sources_.config_file_required) return;
      config_file_ = PropertiesFile::read(sources_.config_file);
    });
  }

  template <typename Read>
  void collect(Read read) {
    try {
      read();
    } catch (const ConfigurationProblems& refused) {
      problems_.insert(problems_.end(), refused.problems().begin(), refused.problems().end());
    }
  }

  void makeLayers() {
    out_.layers_ = new Poco::Util::LayeredConfiguration;
    int priority = 0;
    for (const char* const label : kLabels) {
      out_.layers_->add(new Poco::Util::MapConfiguration, label, priority++, false);
    }
  }

  void readSetting(const HostSetting& setting) {
    const std::size_t problems_before = problems_.size();
    std::array<Found, kLabels.size()> found{
        inCommandLine(setting),
        inEnvironment(setting),
        setting.declaration.isSecret() ? inSecretFiles(setting) : std::nullopt,
        inEnvFile(setting),
        inConfigFile(setting),
        byDefault(setting)};
    const auto winner =
        std::find_if(found.begin(), found.end(), [](const Found& value) { return bool{value}; });
    for (std::size_t layer = 0; layer < found.size(); ++layer) {
      if (found[layer]) publish(setting, layer, found[layer]->text);
    }
    if (problems_.size() != problems_before || winner == found.end()) {
      return describe(setting, "", {"default", 0}, true);
    }
    apply(setting, **winner, winner - found.begin() == Default);
  }

  void publish(const HostSetting& setting, std::size_t layer, const std::string& text) {
    auto map = out_.layers_->find(kLabels[layer]);
    const bool hidden = setting.declaration.isSecret();
    map->setString(setting.declaration.name, hidden ? "******" : text);
  }

  void apply(const HostSetting& setting, const Variables::Value& written, bool is_default) {
    const auto value = parseValue(setting.declaration, written.text);
    std::string expected = value && setting.check != nullptr ? setting.check(*value) : "";
    if (!value || !expected.empty()) {
      auto problem =
          refusedValue(setting.declaration, setting.declaration.name, written.text, written.origin);
      if (!expected.empty()) problem.expected = std::move(expected);
      problems_.push_back(std::move(problem));
      return describe(setting, "", written.origin, is_default);
    }
    setting.apply(out_.settings_, *value);
    read_ = *value;
    if (setting.declaration.name == "database.url") database_url_given_ = !is_default;
    if (setting.declaration.name == "server.port") port_given_ = !is_default;
    if (setting.declaration.name == "redis.host" || setting.declaration.name == "redis.unix_socket")
      out_.settings_.redis.wanted |= !is_default;
    describe(setting, setting.display(*value), written.origin, is_default);
  }

  void describe(const HostSetting& setting, std::string value, const Origin& origin,
                bool is_default) {
    out_.descriptions_.push_back(
        {setting.declaration.name, std::string{settingTypeName(setting.declaration.type)},
         expectation(setting.declaration), std::move(value), origin.text(),
         setting.declaration.default_text.value_or(""), setting.allVariables(),
         setting.declaration.help, is_default, setting.live});
    out_.values_.push_back(std::exchange(read_, std::nullopt));
  }

  Found inCommandLine(const HostSetting& setting) const {
    Found found;  // the last one given counts, as in every shell tool
    for (const auto& [name, value] : sources_.command_line) {
      if (name == setting.declaration.name) found = {value, {"command line", 0}};
    }
    return found;
  }

  Found inEnvironment(const HostSetting& setting) {
    Found first;
    std::string first_name;
    for (const std::string& name : setting.allVariables()) {
      Found value = out_.variables_.inEnvironment(name);
      if (!value || isServiceLink(setting, name, value->text)) continue;
      if (!first) {
        first = std::move(value);
        first_name = name;
      } else if (first->text != value->text) {
        out_.notices_.push_back(
            fmt::format("{} and {} differ; {} counts.", first_name, name, first_name));
      }
    }
    if (first || setting.declaration.name != "server.bind_address") return first;
    if (out_.variables_.inEnvFile("BIND_ADDRESS")) return std::nullopt;  // it overrides HOSTNAME
    return asAddress(out_.variables_.inEnvironment("HOSTNAME"));
  }

  /// Kubernetes sets REDIS_PORT=tcp://10.0.0.7:6379 for a service named "redis".
  bool isServiceLink(const HostSetting& setting, const std::string& name, const std::string& text) {
    if (setting.declaration.type != SettingType::Integer || !text.starts_with("tcp://")) {
      return false;
    }
    out_.notices_.push_back(fmt::format(
        "{}={} is a Kubernetes service link and not a number; it is ignored.", name, text));
    return true;
  }

  /// C11: shells, Docker and Kubernetes set HOSTNAME to the machine's name.
  Found asAddress(Found hostname) {
    if (!hostname) return std::nullopt;
    Poco::Net::IPAddress address;
    if (hostname->text == "localhost" || Poco::Net::IPAddress::tryParse(hostname->text, address)) {
      return hostname;
    }
    out_.notices_.push_back(
        fmt::format("HOSTNAME={} is no IP address and is not used to listen on; BIND_ADDRESS sets "
                    "the address.",
                    hostname->text));
    return std::nullopt;
  }

  Found inSecretFiles(const HostSetting& setting) {
    Found found;
    for (const std::string& name : setting.allVariables()) {
      if (!found) found = out_.variables_.inSecretFiles(name, problems_);
    }
    return found;
  }

  Found inEnvFile(const HostSetting& setting) {
    Found found;
    for (const std::string& name : setting.allVariables()) {
      if (!found) found = out_.variables_.inEnvFile(name);
    }
    if (found || setting.declaration.name != "server.bind_address") return found;
    return asAddress(out_.variables_.inEnvFile("HOSTNAME"));
  }

  Found inConfigFile(const HostSetting& setting) {
    const PropertyEntry* const entry = config_file_.find(setting.declaration.name);
    if (entry == nullptr) return std::nullopt;
    std::string missing;
    auto text = out_.variables_.expand(entry->value, missing, problems_);
    if (!text) {
      problems_.push_back({config_file_.name(), entry->line, entry->key, "", missing, ""});
      return std::nullopt;
    }
    if (text->empty() && setting.declaration.type != SettingType::String) return std::nullopt;
    return Variables::Value{std::move(*text), {config_file_.name(), entry->line}};
  }

  Found byDefault(const HostSetting& setting) const {
    const Origin origin{"default", 0};
    const std::string& name = setting.declaration.name;
    if (name == "database.url") {
      return Variables::Value{"sqlite:" + out_.settings_.paths.data_dir.string(), origin};
    }
    const bool balanced = out_.settings_.isProduction() ||
                          out_.variables_.inEnvironment("KUBERNETES_SERVICE_HOST").has_value();
    if (name == "server.shutdown_delay" && !balanced) return Variables::Value{"0s", origin};
    if (!setting.declaration.default_text) return std::nullopt;
    return Variables::Value{*setting.declaration.default_text, origin};
  }

  void checkNames() {
    for (const PropertyEntry& entry : config_file_.entries()) {
      if (findHostSetting(entry.key) != nullptr) continue;
      problems_.push_back({config_file_.name(), entry.line, entry.key, "",
                           "the name of a known setting", nearestSetting(entry.key)});
    }
    for (const auto& [name, value] : sources_.command_line) {
      if (findHostSetting(name) != nullptr) continue;
      problems_.push_back(
          {"command line", 0, name, "", "the name of a known setting", nearestSetting(name)});
    }
  }

  /// `.env` may serve other programs too, so an unknown name is no error; a near miss is worth a
  /// word.
  void noticeVariablesNearby() {
    std::vector<std::string> known{"HOSTNAME"};
    for (const HostSetting& setting : hostDeclarations()) {
      for (const std::string& name : setting.allVariables()) {
        known.push_back(name);
        if (setting.declaration.isSecret()) known.push_back(name + "_FILE");
      }
    }
    for (const PropertyEntry& entry : out_.variables_.envFile().entries()) {
      if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
      const std::string nearest = nearestName(entry.key, known);
      if (nearest.empty() || editDistance(entry.key, nearest) > 2) continue;
      out_.notices_.push_back(fmt::format("{}:{}: {} is no variable of the host; did you mean {}?",
                                          out_.variables_.envFile().name(), entry.line, entry.key,
                                          nearest));
    }
  }

  const ConfigurationSources& sources_;
  Configuration& out_;
  PropertiesFile config_file_;
  std::filesystem::path env_file_;
  bool database_url_given_ = false;
  bool port_given_ = false;
  std::optional<TypedValue> read_;  // of the setting that is described next
  std::vector<ConfigurationProblem> problems_;
};

Configuration::Configuration(const ConfigurationSources& sources) {
  ConfigurationReader reader{sources, *this};
  reader.run();
  if (auto problems = reader.takeProblems(); !problems.empty())
    throw ConfigurationProblems{std::move(problems)};
}

ConfigurationReading Configuration::read(const ConfigurationSources& sources) {
  ConfigurationReading reading{Configuration{}, {}};
  ConfigurationReader reader{sources, reading.configuration};
  reader.run();
  reading.problems = reader.takeProblems();
  return reading;
}

std::vector<SettingChange> Configuration::changesTo(const Configuration& fresh) const {
  std::vector<SettingChange> changes;
  for (std::size_t i = 0; i < descriptions_.size(); ++i) {
    if (values_[i] == fresh.values_[i]) continue;
    const SettingDescription& after = fresh.descriptions_[i];
    changes.push_back({after.name, descriptions_[i].value, after.value, after.origin, after.live});
  }
  return changes;
}

Configuration Configuration::withLiveOf(const Configuration& fresh) const {
  Configuration merged = *this;
  const auto declarations = hostDeclarations();
  for (std::size_t i = 0; i < declarations.size(); ++i) {
    if (!declarations[i].live || !fresh.values_[i]) continue;
    declarations[i].apply(merged.settings_, *fresh.values_[i]);
    merged.values_[i] = fresh.values_[i];
    merged.descriptions_[i] = fresh.descriptions_[i];
  }
  merged.notices_ = fresh.notices_;
  return merged;
}

}  // namespace bulkhead::host
