#include "config/plugin_settings.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "config/nearest_name.hpp"

namespace bulkhead::host {
namespace {

class DeclaredReader {
 public:
  DeclaredReader(std::string_view plugin_id, const PropertiesFile& file, const Variables& variables)
      : plugin_id_{plugin_id}, file_{file}, variables_{variables} {}

  void read(const SettingDeclaration& declaration) {
    const std::size_t problems_before = result_.problems.size();
    auto written = findVariable(declaration);
    if (!written) written = findInFile(declaration);
    if (result_.problems.size() != problems_before) return;
    if (!written && declaration.default_text) written = {*declaration.default_text, {"default", 0}};
    if (!written) {
      if (declaration.required) complainMissing(declaration);
      return;
    }
    auto value = parseValue(declaration, written->text);
    if (!value) {
      result_.problems.push_back(
          refusedValue(declaration, declaration.name, written->text, written->origin));
      return;
    }
    result_.values.emplace(declaration.name, std::move(*value));
    result_.origins.emplace(declaration.name, written->origin);
  }

  ReadSettings take() { return std::move(result_); }

 private:
  std::string variableName(const SettingDeclaration& declaration) const {
    return environmentName(fmt::format("{}_{}", plugin_id_, declaration.name));
  }

  std::optional<Variables::Value> findVariable(const SettingDeclaration& declaration) {
    const std::string name = variableName(declaration);
    auto value = variables_.inEnvironment(name);
    if (!value && declaration.isSecret()) value = variables_.inSecretFiles(name, result_.problems);
    if (!value) value = variables_.inEnvFile(name);
    return value;
  }

  std::optional<Variables::Value> findInFile(const SettingDeclaration& declaration) {
    const PropertyEntry* const entry = file_.find(declaration.name);
    if (entry == nullptr) return std::nullopt;
    const Origin origin{file_.name(), entry->line};
    std::string missing;
    auto text = variables_.expand(entry->value, missing, result_.problems);
    if (!text) {
      result_.problems.push_back({origin.place, origin.line, entry->key, "", missing, ""});
      return std::nullopt;
    }
    if (text->empty()) return std::nullopt;
    return Variables::Value{std::move(*text), origin};
  }

  void complainMissing(const SettingDeclaration& declaration) {
    result_.problems.push_back({file_.name(), 0, declaration.name, "",
                                fmt::format("{}, here or in the environment as {}",
                                            expectation(declaration), variableName(declaration)),
                                ""});
  }

  std::string_view plugin_id_;
  const PropertiesFile& file_;
  const Variables& variables_;
  ReadSettings result_;
};

std::vector<std::string> knownKeys(std::span<const SettingDeclaration> declarations) {
  std::vector<std::string> names;
  for (const SettingDeclaration& declaration : declarations) names.push_back(declaration.name);
  for (const SettingDeclaration& declaration : reservedPluginDeclarations()) {
    names.push_back(declaration.name);
  }
  return names;
}

SettingDeclaration limit(std::string name, std::string default_text, double min, double max,
                         std::string help) {
  SettingDeclaration declaration;
  declaration.name = std::move(name);
  declaration.type = SettingType::Integer;
  declaration.default_text = std::move(default_text);
  declaration.min = min;
  declaration.max = max;
  declaration.help = std::move(help);
  return declaration;
}

std::vector<SettingDeclaration> callLimits() {
  return {limit("limits.threads", "8", 1, 256, "Requests that run in the plugin at once."),
          limit("limits.queue", "1024", 0, 65536, "Requests that wait for a thread."),
          limit("limits.streams", "16", 0, 1024, "Streaming requests that run in it at once."),
          limit("limits.deadline_ms", "30000", 1, 3'600'000, "Longest time for one request."),
          limit("limits.requests_per_minute", "0", 0, 1'000'000'000,
                "Requests to its routes that one client may send in a minute. 0: as many as "
                "rate_limit.* allow."),
          limit("limits.requests_per_hour", "0", 0, 1'000'000'000, "The same for an hour."),
          limit("limits.failures", "20", 0, 1'000'000,
                "Requests that fail in a row by its own fault before the next ones are refused for "
                "limits.failure_pause_ms. 0: never."),
          limit("limits.failure_pause_ms", "5000", 100, 60'000,
                "How long they are refused before a few are tried; doubled while these fail.")};
}

std::vector<SettingDeclaration> workerLimits() {
  return {limit("limits.restarts", "5", 0, 10'000,
                "Deaths of its worker within limits.restart_window_ms before it stays closed."),
          limit("limits.restart_window_ms", "60000", 1'000, 86'400'000,
                "The time in which they are counted."),
          limit("limits.stuck_ms", "10000", 100, 3'600'000,
                "Past its deadline so long, a request that still runs ends its worker."),
          limit("limits.memory_soft_mb", "0", 0, 1'048'576,
                "Memory of its worker, in MiB; with more, another generation takes its place. 0: "
                "no limit."),
          limit("limits.memory_mb", "0", 0, 1'048'576,
                "Memory of its worker, in MiB; more ends it. 0: no limit."),
          limit("limits.cpu_percent", "0", 0, 102'400,
                "Share of one processor that its worker may take over limits.cpu_window_ms; more "
                "ends it. 0: no limit."),
          limit("limits.cpu_window_ms", "10000", 1'000, 3'600'000,
                "The time over which that share is taken."),
          limit("limits.own_threads", "256", 0, 65'536,
                "Threads that its worker may have beside those of its calls; more end it. 0: no "
                "limit."),
          limit("limits.descriptors", "1024", 64, 1'048'576, "Open files of its worker.")};
}

std::vector<SettingDeclaration> makeReservedDeclarations() {
  SettingDeclaration enabled{.name = "enabled", .type = SettingType::Boolean};
  enabled.default_text = "true";
  enabled.help = "false keeps the plugin closed; everything else runs.";
  SettingDeclaration library{.name = "library"};
  library.help = "The plugin's file; <id>.so in plugin.dir unless given.";
  SettingDeclaration isolation{.name = "isolation", .type = SettingType::Enum};
  isolation.values = {"worker", "inprocess"};
  isolation.help =
      "Where it runs: in a process of its own, or in the host; plugin.isolation unless given.";
  SettingDeclaration required{.name = "required", .type = SettingType::Boolean};
  required.default_text = "false";
  required.help = "true makes the host not ready while the plugin is closed.";
  SettingDeclaration sandbox{.name = "sandbox", .type = SettingType::Boolean};
  sandbox.default_text = "true";
  sandbox.help = "false lets its worker start processes, trace, mount and more; the log warns.";
  std::vector<SettingDeclaration> all{enabled, library, isolation, required, sandbox};
  for (auto& declaration : callLimits()) all.push_back(std::move(declaration));
  for (auto& declaration : workerLimits()) all.push_back(std::move(declaration));
  return all;
}

}  // namespace

ReadSettings readDeclaredSettings(std::string_view plugin_id,
                                  std::span<const SettingDeclaration> declarations,
                                  const PropertiesFile& file, const Variables& variables) {
  DeclaredReader reader{plugin_id, file, variables};
  for (const SettingDeclaration& declaration : declarations) reader.read(declaration);
  return reader.take();
}

ReadSettings readPluginSettings(std::string_view plugin_id,
                                std::span<const SettingDeclaration> declarations,
                                const PropertiesFile& file, const Variables& variables) {
  ReadSettings result = readDeclaredSettings(plugin_id, declarations, file, variables);
  const std::vector<std::string> known = knownKeys(declarations);
  for (const PropertyEntry& entry : file.entries()) {
    if (isReservedPluginKey(entry.key)) continue;
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    result.problems.push_back({file.name(), entry.line, entry.key, "",
                               fmt::format("a setting of plugin {}", plugin_id),
                               nearestName(entry.key, known)});
  }
  return result;
}

bool isReservedPluginKey(std::string_view key) {
  return key == "enabled" || key == "library" || key == "isolation" || key == "required" ||
         key == "sandbox" || key.starts_with("limits.");
}

bool isLivePluginKey(std::string_view key) {
  return key == "required" || key.starts_with("limits.");
}

std::span<const SettingDeclaration> reservedPluginDeclarations() {
  static const std::vector<SettingDeclaration> kDeclarations = makeReservedDeclarations();
  return kDeclarations;
}

ConfigurationProblem refusedValue(const SettingDeclaration& declaration, std::string_view key,
                                  std::string_view text, const Origin& origin) {
  const bool hidden = declaration.isSecret();
  return {origin.place,
          origin.line,
          std::string{key},
          hidden ? std::string{"******"} : withoutUserInfo(text),
          expectation(declaration),
          hidden ? std::string{} : nearestName(text, declaration.values)};
}

}  // namespace bulkhead::host
