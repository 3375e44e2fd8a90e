#include "app/plugin_commands.hpp"

#include <Poco/URI.h>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>

#include <bulkhead/error.hpp>

#include "app/admin_client.hpp"
#include "app/admin_output.hpp"
#include "app/command.hpp"
#include "app/plugin_change_routes.hpp"
#include "app/plugin_scaffold.hpp"
#include "verify/verify.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

/// In one answer when it is quick; else this looks now and then.
constexpr std::chrono::milliseconds kWait{1'000};
constexpr std::chrono::milliseconds kLook{500};

std::string optionsOf(const CommandLine& line) {
  std::string options = fmt::format("?wait_ms={}", line.has("no-wait") ? 0 : kWait.count());
  if (line.has("pause")) options += "&pause=true";
  const auto text = line.find("patience");
  if (!text) return options;
  SettingDeclaration time{.name = "patience", .type = SettingType::DurationMs};
  time.bare_unit_ms = 1000;
  time.min = 0;
  time.max = kPluginPatienceMax.count();
  const auto value = parseValue(time, *text);
  if (!value)
    throw Error::validation("USAGE", fmt::format("--patience takes {}", expectation(time)));
  return fmt::format("{}&patience_ms={}", options, value->integer());
}

/// The answer of a change that goes on, however long that takes.
HttpResponse awaitChange(const AdminClient& client, const std::string& path) {
  for (;;) {
    std::this_thread::sleep_for(kLook);
    const Json told = bodyOf(client.callRunning("GET", path));
    if (told.value("state", "") == "running") continue;
    return HttpResponse::json(told.value("status", 500), told.value("answer", Json{}).dump());
  }
}

/// 0 when it was done; 1 with why not.
int change(const CommandLine& line, std::string_view verb) {
  const Configuration configuration = loadConfiguration(line);
  const std::string path = fmt::format("/api/admin/plugins/{}/{}{}",
                                       pathSegment(line.argument(0, "ID")), verb, optionsOf(line));
  const AdminClient client{configuration};
  HttpResponse answer = client.callRunning("POST", path);
  if (answer.status == 202 && !line.has("no-wait")) {
    const std::string place = "/api/admin/changes/" + bodyOf(answer).value("change", "");
    fmt::print(stderr, "It takes its time; GET {} says how it stands, also when this ends.\n",
               place);
    answer = awaitChange(client, place);
  }
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

int runPluginMessages(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  const AdminClient client{configuration};
  const std::string path =
      fmt::format("/api/admin/plugins/{}/messages", pathSegment(line.argument(0, "ID")));
  if (const auto seq = line.find("replay")) {
    const Json done =
        bodyOf(client.callRunning("POST", fmt::format("{}/{}/replay", path, pathSegment(*seq))));
    fmt::print("{}\n", line.has("json") ? done.dump(2) : fmt::format("{} is handled again.", *seq));
    return kExitOk;
  }
  std::string query;
  for (const char* name : {"state", "source"}) {
    std::string value;
    if (const auto given = line.find(name)) Poco::URI::encode(*given, "/&=+?#", value);
    if (!value.empty()) query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, value);
  }
  return printList(line, bodyOf(client.callRunning("GET", path + query)),
                   {"seq", "state", "source", "type", "id", "subject", "attempts", "received_at",
                    "next_at", "error"});
}

int runPluginNew(const CommandLine& line) {
  const std::string& id = line.argument(0, "ID");
  const auto files = pluginScaffold(id);
  const std::string folder = line.find("into").value_or(id);
  writeScaffold(files, folder);
  for (const auto& file : files)
    fmt::print("{}\n", (std::filesystem::path{folder} / file.name).string());
  fmt::print(
      stderr,
      "\nBuild and test it (bulkhead-dev and libgtest-dev are installed):\n"
      "  cmake -S {0} -B {0}/build && cmake --build {0}/build && ctest --test-dir {0}/build\n"
      "Then let the host prove it:\n"
      "  bulkhead plugin verify {0}/build/plugins/{1}.so\n",
      folder, id);
  return kExitOk;
}

int runPluginVerify(const CommandLine& line) {
  VerifyOptions options;
  if (const auto conf = line.find("conf")) {
    options.conf = *conf;
    options.variables = loadConfiguration(line).variables();
  }
  if (const auto beside = line.find("beside")) options.beside = *beside;
  options.trial.faults = line.has("faults");
  const VerifyReport report = verifyPlugin(line.argument(0, "FILE"), options);
  fmt::print("{}", line.has("json") ? asJson(report) : asText(report));
  return report.passed() ? kExitOk : kExitFailed;
}

}  // namespace bulkhead::host
