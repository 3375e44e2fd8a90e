#include <Poco/URI.h>
#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

#include "app/admin_client.hpp"
#include "app/admin_commands.hpp"
#include "app/admin_output.hpp"
#include "app/command.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

void addQuery(std::string& path, std::string_view name, const std::string& value) {
  std::string encoded;
  Poco::URI::encode(value, "+&=#:/?", encoded);
  path += fmt::format("{}{}={}", path.find('?') == std::string::npos ? '?' : '&', name, encoded);
}

std::string listPath(const CommandLine& line) {
  std::string path = "/api/admin/audit";
  for (const char* option : {"since", "limit", "action", "object"}) {
    if (const auto value = line.find(option)) addQuery(path, option, *value);
  }
  return path;
}

void printFlaws(const Json& verdict) {
  for (const auto& flaw : verdict.at("flaws")) {
    const std::string row =
        flaw.at("seq").is_null() ? "" : fmt::format(" (row {})", textOf(flaw["seq"]));
    fmt::print("broken: {}{}\n", textOf(flaw["what"]), row);
  }
}

void printVerdict(const Json& verdict) {
  printFlaws(verdict);
  fmt::print("{}: {} sealed rows, {} heads noted outside\n",
             verdict.at("holds") == true ? "holds" : "does not hold", textOf(verdict["sealed"]),
             textOf(verdict["noted_outside"]));
  if (verdict.at("unsealed") != 0) {
    fmt::print("unsealed: {} rows from row {} on; no chain holds them yet\n",
               textOf(verdict["unsealed"]), textOf(verdict["first_unsealed_seq"]));
  }
  if (verdict.at("damaged_lines") != 0)
    fmt::print("{} lines of audit.head cannot be read\n", textOf(verdict["damaged_lines"]));
  for (const auto& head : verdict.at("heads"))
    fmt::print("head: {}:{}\n", textOf(head["position"]), textOf(head["hash"]));
}

}  // namespace

/// Without --limit and with --since all pages, else one.
int runAuditList(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  const AdminClient client{configuration};
  const std::string path = listPath(line);
  Json all = bodyOf(client.call("GET", path));
  while (line.has("since") && !line.has("limit") && !all.at("next_cursor").is_null()) {
    std::string next = path;
    addQuery(next, "cursor", all["next_cursor"].get<std::string>());
    Json page = bodyOf(client.call("GET", next));
    for (auto& row : page.at("data")) all["data"].push_back(std::move(row));
    all["next_cursor"] = page.at("next_cursor");
  }
  return printList(line, all, {"seq", "at", "actor", "origin", "action", "object", "sealed"});
}

int runAuditVerify(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  std::string path = "/api/admin/audit/verify";
  if (const auto head = line.find("head")) addQuery(path, "head", *head);
  const Json verdict = bodyOf(AdminClient{configuration}.call("GET", path));
  if (line.has("json")) {
    fmt::print("{}\n", verdict.dump(2));
  } else {
    printVerdict(verdict);
  }
  return verdict.at("holds") == true ? kExitOk : kExitFailed;
}

}  // namespace bulkhead::host
