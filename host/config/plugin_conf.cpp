#include "config/plugin_conf.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/nearest_name.hpp"
#include "config/plugin_settings.hpp"

namespace bulkhead::host {
namespace {

void checkReservedKeys(PluginConf& conf) {
  std::vector<std::string> known;
  for (const SettingDeclaration& declaration : reservedPluginDeclarations()) {
    known.push_back(declaration.name);
  }
  for (const PropertyEntry& entry : conf.file.entries()) {
    const bool is_known = std::find(known.begin(), known.end(), entry.key) != known.end();
    if (is_known || !isReservedPluginKey(entry.key)) continue;
    conf.problems.push_back({conf.file.name(), entry.line, entry.key, "",
                             "the name of a known limit", nearestName(entry.key, known)});
  }
}

void apply(PluginConf& conf, const ReadSettings& settings) {
  const auto with = [&](std::string_view name, auto use) {
    const auto found = settings.values.find(name);
    if (found != settings.values.end()) use(found->second);
  };
  with("enabled", [&](const TypedValue& value) { conf.enabled = value.boolean(); });
  with("library", [&](const TypedValue& value) { conf.library = value.text(); });
  with("isolation", [&](const TypedValue& value) {
    conf.isolation = value.text() == "worker" ? Isolation::Worker : Isolation::InProcess;
  });
  with("required", [&](const TypedValue& value) { conf.required = value.boolean(); });
  with("limits.threads",
       [&](const TypedValue& value) { conf.limits.threads = static_cast<int>(value.integer()); });
  with("limits.queue",
       [&](const TypedValue& value) { conf.limits.queue = static_cast<int>(value.integer()); });
  with("limits.streams",
       [&](const TypedValue& value) { conf.limits.streams = static_cast<int>(value.integer()); });
  with("limits.deadline_ms",
       [&](const TypedValue& value) { conf.limits.deadline_ms = value.integer(); });
  with("limits.requests_per_minute",
       [&](const TypedValue& value) { conf.limits.requests_per_minute = value.integer(); });
  with("limits.requests_per_hour",
       [&](const TypedValue& value) { conf.limits.requests_per_hour = value.integer(); });
  with("limits.failures",
       [&](const TypedValue& value) { conf.limits.failures = static_cast<int>(value.integer()); });
  with("limits.failure_pause_ms",
       [&](const TypedValue& value) { conf.limits.failure_pause_ms = value.integer(); });
  with("limits.restarts",
       [&](const TypedValue& value) { conf.limits.restarts = static_cast<int>(value.integer()); });
  with("limits.restart_window_ms",
       [&](const TypedValue& value) { conf.limits.restart_window_ms = value.integer(); });
  with("limits.stuck_ms", [&](const TypedValue& value) { conf.limits.stuck_ms = value.integer(); });
  with("sandbox", [&](const TypedValue& value) { conf.sandbox = value.boolean(); });
  with("limits.descriptors",
       [&](const TypedValue& value) { conf.limits.descriptors = value.integer(); });
  with("limits.memory_mb",
       [&](const TypedValue& value) { conf.limits.memory_mb = value.integer(); });
  with("limits.memory_soft_mb",
       [&](const TypedValue& value) { conf.limits.memory_soft_mb = value.integer(); });
  with("limits.cpu_percent", [&](const TypedValue& value) {
    conf.limits.cpu_percent = static_cast<int>(value.integer());
  });
  with("limits.cpu_window_ms",
       [&](const TypedValue& value) { conf.limits.cpu_window_ms = value.integer(); });
  with("limits.own_threads", [&](const TypedValue& value) {
    conf.limits.own_threads = static_cast<int>(value.integer());
  });
}

}  // namespace

bool isPluginId(std::string_view id) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !id.empty() && id.size() <= 63 && is_lower(id.front()) && id.back() != '-' &&
         std::all_of(id.begin(), id.end(),
                     [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '-'; });
}

bool isReservedPluginId(std::string_view id) {
  constexpr std::array<std::string_view, 4> kReserved{"admin", "bulkhead", "host", "monitoring"};
  return std::find(kReserved.begin(), kReserved.end(), id) != kReserved.end();
}

PluginConf readPluginConf(const std::filesystem::path& file, const Variables& variables) {
  PluginConf conf;
  conf.id = file.stem().string();
  if (!isPluginId(conf.id)) {
    conf.problems.push_back({file.string(), 0, "", "",
                             "a file name <id>.properties, the id in lower-case letters, digits "
                             "and \"-\"",
                             ""});
  }
  if (isReservedPluginId(conf.id))
    conf.problems.push_back({file.string(), 0, "", conf.id, kUnreservedId, ""});
  try {
    conf.file = PropertiesFile::read(file);
  } catch (const ConfigurationProblems& refused) {
    conf.problems.insert(conf.problems.end(), refused.problems().begin(), refused.problems().end());
    return conf;
  }
  const ReadSettings settings =
      readDeclaredSettings(conf.id, reservedPluginDeclarations(), conf.file, variables);
  conf.problems.insert(conf.problems.end(), settings.problems.begin(), settings.problems.end());
  for (const auto& [key, origin] : settings.origins) {
    if (origin.place != "default") conf.given.push_back(key);
  }
  apply(conf, settings);
  checkReservedKeys(conf);
  return conf;
}

std::vector<PluginConf> readPluginConfs(const std::filesystem::path& folder,
                                        const Variables& variables) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  std::filesystem::directory_iterator entries{folder, error};
  if (error && error != std::errc::no_such_file_or_directory) {
    throw ConfigurationProblems{
        {{folder.string(), 0, "", "", "a readable folder (" + error.message() + ")", ""}}};
  }
  for (const auto& entry : entries) {
    if (entry.path().extension() == ".properties") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<PluginConf> confs;
  confs.reserve(files.size());
  for (const auto& file : files) confs.push_back(readPluginConf(file, variables));
  return confs;
}

}  // namespace bulkhead::host
