#include "app/config_commands.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "app/admin_client.hpp"
#include "app/build_version.hpp"
#include "app/command.hpp"
#include "app/configured_plugins.hpp"
#include "app/installation_checks.hpp"
#include "app/setting_rows.hpp"

namespace bulkhead::host {

namespace {

using Json = nlohmann::json;
using Sentences = std::vector<std::string>;

/// What would close plugins, and nothing else.
Sentences checkPlugins(const Configuration& configuration, Sentences& notices) {
  Sentences problems;
  for (const auto& plugin : readConfiguredPlugins(configuration)) {
    for (auto& problem : plugin.problems()) problems.push_back(std::move(problem));
    if (plugin.conf && plugin.conf->enabled && !plugin.file_problem.empty())
      notices.push_back(fmt::format("plugin {}: {}", plugin.id, plugin.file_problem));
  }
  return problems;
}

const std::string& wordOf(const CommandLine& line) {
  static const std::string kNone;
  return line.arguments() == 0 ? kNone : line.argument(0, "NAME");
}

Json askRunning(const CommandLine& line, const char* method, const char* path) {
  const ConfigurationReading reading = Configuration::read(configurationSources(line));
  const HttpResponse answer = AdminClient{reading.configuration}.callRunning(method, path);
  Json body = Json::parse(answer.body, nullptr, false);
  if (answer.status < 300) return body;
  const Json error = body.is_object() ? body.value("error", Json::object()) : Json::object();
  const std::string message =
      error.value("message", fmt::format("The host answered {}.", answer.status));
  const std::string code = error.value("code", "REFUSED");
  throw code == "CONFIGURATION_REFUSED" ? Error::configuration(code, message)
                                        : Error::app(code, message);
}

std::string fullName(const Json& setting) {
  const std::string plugin = setting.value("plugin", "");
  return (plugin.empty() ? "" : plugin + ".") + setting.value("name", "");
}

void printChanges(const Json& changes, std::string_view verdict) {
  for (const Json& change : changes)
    fmt::print("{}: {} -> {}  ({}){}\n", fullName(change), change.value("before", ""),
               change.value("after", ""), change.value("origin", ""), verdict);
}

int showRunning(const CommandLine& line) {
  const Json rows = askRunning(line, "GET", "/api/admin/config").value("data", Json::array());
  Json chosen = Json::array();
  for (const Json& row : rows) {
    const std::string name = fullName(row);
    const std::string& word = wordOf(line);
    if (word.empty() || name == word || name.starts_with(word + ".")) chosen.push_back(row);
  }
  if (line.has("json")) {
    fmt::print("{}\n", chosen.dump());
    return kExitOk;
  }
  for (const Json& row : chosen)
    fmt::print("{} = {}  ({})\n", fullName(row), row.value("value", ""), row.value("origin", ""));
  return kExitOk;
}

void printJson(const std::vector<SettingRow>& rows) {
  fmt::print("{}\n", toJson([&](JsonWriter& out) { out.array(rows, writeRow); }));
}

}  // namespace

int runConfigCheck(const CommandLine& line) {
  const ConfigurationReading reading = Configuration::read(configurationSources(line));
  InstallationFindings findings = checkInstallation(reading);
  Sentences notices = reading.configuration.notices();
  notices.insert(notices.end(), findings.notices.begin(), findings.notices.end());
  Sentences closing;
  try {
    closing = checkPlugins(reading.configuration, notices);
  } catch (const ConfigurationProblems& unreadable) {
    findings.problems.push_back(unreadable.report());
  }
  for (const auto& problem : findings.problems) fmt::print(stderr, "{}\n", problem);
  for (const auto& problem : closing) fmt::print(stderr, "{}\n", problem);
  for (const auto& notice : notices) fmt::print("notice: {}\n", notice);
  if (!findings.problems.empty()) {
    fmt::print("The host would not start.\n");
    return kExitConfiguration;
  }
  fmt::print("{}\n", closing.empty() ? "The configuration is sound."
                                     : "The host starts; the plugins above are refused.");
  return closing.empty() ? kExitOk : kExitConfiguration;
}

int runConfigShow(const CommandLine& line) {
  if (line.has("running")) return showRunning(line);
  const auto rows = chosenRows(valueRows(loadConfiguration(line)), wordOf(line));
  if (line.has("json")) {
    printJson(rows);
    return kExitOk;
  }
  for (const auto& row : rows) fmt::print("{}\n", valueLine(row));
  return kExitOk;
}

int runConfigDescribe(const CommandLine& line) {
  const auto reading = Configuration::read(configurationSources(line));
  const auto rows = chosenRows(declaredRows(reading.configuration), wordOf(line));
  if (line.has("json")) {
    printJson(rows);
    return kExitOk;
  }
  for (const auto& row : rows) fmt::print("{}", describedLines(row));
  return kExitOk;
}

int runConfigReload(const CommandLine& line) {
  const Json report = askRunning(line, "POST", "/api/admin/config/reload");
  if (line.has("json")) {
    fmt::print("{}\n", report.dump());
    return kExitOk;
  }
  printChanges(report.value("changed", Json::array()), "");
  printChanges(report.value("needs_restart", Json::array()), "  needs a restart");
  fmt::print("{}\n", report.value("outcome", ""));
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
