#include "app/log_commands.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>

#include "app/admin_client.hpp"
#include "app/command.hpp"
#include "logging/level.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

std::string secondsOf(const CommandLine& line) {
  SettingDeclaration time{.name = "for", .type = SettingType::DurationMs};
  time.bare_unit_ms = 1000;
  time.min = 1000;
  time.max = 86'400'000;
  const auto value = parseValue(time, line.find("for").value_or("10m"));
  if (!value) throw Error::validation("USAGE", fmt::format("--for takes {}", expectation(time)));
  return std::to_string(value->integer() / 1000);
}

std::string pathOf(const CommandLine& line) {
  const auto level = findLevel(line.argument(0, "LEVEL"));
  if (!level) throw Error::validation("USAGE", "LEVEL is debug, info, warn, error or fatal");
  return fmt::format("/api/admin/log?level={}&seconds={}", levelName(*level), secondsOf(line));
}

}  // namespace

int runLogLevel(const CommandLine& line) {
  const bool asks = line.arguments() == 0;
  const std::string path = asks ? "/api/admin/log" : pathOf(line);
  const ConfigurationReading reading = Configuration::read(configurationSources(line));
  const HttpResponse answer =
      AdminClient{reading.configuration}.callRunning(asks ? "GET" : "POST", path);
  const Json body = Json::parse(answer.body, nullptr, false);
  if (answer.status >= 300 || !body.is_object())
    throw Error::app("REFUSED", fmt::format("the host answered {}", answer.status));
  if (line.has("json")) {
    fmt::print("{}\n", body.dump());
    return kExitOk;
  }
  const auto left = body.value("seconds_left", 0);
  fmt::print(
      "{}{}\n", body.value("level", ""),
      left == 0 ? "" : fmt::format(" for {} s, then {}", left, body.value("configured", "")));
  return kExitOk;
}

}  // namespace bulkhead::host
