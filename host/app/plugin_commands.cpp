#include "app/plugin_commands.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

#include "app/admin_client.hpp"
#include "app/admin_output.hpp"
#include "app/command.hpp"
#include "app/plugin_change_routes.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

std::string optionsOf(const CommandLine& line) {
  const std::string pause = line.has("pause") ? "pause=true" : "";
  const auto text = line.find("patience");
  if (!text) return pause.empty() ? "" : "?" + pause;
  SettingDeclaration time{.name = "patience", .type = SettingType::DurationMs};
  time.bare_unit_ms = 1000;
  time.min = 0;
  time.max = kPluginPatienceMax.count();
  const auto value = parseValue(time, *text);
  if (!value)
    throw Error::validation("USAGE", fmt::format("--patience takes {}", expectation(time)));
  return fmt::format("?patience_ms={}{}{}", value->integer(), pause.empty() ? "" : "&", pause);
}

/// 0 when it was done; 1 with why not.
int change(const CommandLine& line, std::string_view verb) {
  const Configuration configuration = loadConfiguration(line);
  const std::string path =
      fmt::format("/api/admin/plugins/{}/{}{}", pathSegment(line.argument(0, "ID")), verb,
                  verb == "reload" || verb == "disable" ? optionsOf(line) : "");
  const HttpResponse answer =
      AdminClient{configuration}.callRunning("POST", path, {}, kPluginChangeMax);
  const Json body = Json::parse(answer.body, nullptr, false);
  const bool told = answer.status == 422 && body.is_object() && body.contains("error") &&
                    body["error"].contains("details");
  const Json report = told ? body["error"]["details"] : bodyOf(answer);
  if (line.has("json")) {
    fmt::print("{}\n", report.dump(2));
  } else if (told) {
    fmt::print(stderr, "{}\n", body["error"].value("message", ""));
  } else {
    fmt::print("{}\n", report.value("summary", ""));
  }
  return told ? kExitFailed : kExitOk;
}

}  // namespace

int runPluginReload(const CommandLine& line) {
  return change(line, "reload");
}

int runPluginEnable(const CommandLine& line) {
  return change(line, "enable");
}

int runPluginDisable(const CommandLine& line) {
  return change(line, "disable");
}

int runPluginRelease(const CommandLine& line) {
  return change(line, "release");
}

}  // namespace bulkhead::host
