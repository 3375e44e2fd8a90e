#include "app/capability_commands.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/admin_client.hpp"
#include "app/admin_output.hpp"
#include "app/command.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

/// "stripe (running), other (closed)"; with what waits and what is dead, where something does.
std::string membersText(const Json& members) {
  std::string text;
  for (const auto& member : members) {
    const auto waiting = member.value("waiting", 0);
    const auto dead = member.value("dead", 0);
    text +=
        fmt::format("{}{} ({}{}{}{})", text.empty() ? "" : ", ", member.value("plugin", ""),
                    member.value("state", ""), member.value("required", false) ? ", required" : "",
                    waiting > 0 ? fmt::format(", {} waiting", waiting) : "",
                    dead > 0 ? fmt::format(", {} dead", dead) : "");
  }
  return text;
}

/// "tool_call: booking (running), assistant_request: fall-back".
std::string asksText(const Json& asks) {
  std::string text;
  for (const auto& ask : asks) {
    text += fmt::format("{}{}: ", text.empty() ? "" : ", ", ask.value("ask", ""));
    text += ask.contains("plugin")
                ? fmt::format("{} ({})", ask.value("plugin", ""), ask.value("state", ""))
                : std::string{"fall-back"};
  }
  return text;
}

}  // namespace

int runCapabilities(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  Json body = bodyOf(AdminClient{configuration}.callRunning("GET", "/api/admin/capabilities"));
  if (!line.has("json")) {
    for (auto& row : body["data"]) {
      row["providers"] = membersText(row["providers"]);
      row["consumers"] = membersText(row["consumers"]);
      for (const char* list : {"unanswered", "events"})
        row[list] = fmt::format("{}", fmt::join(row[list].get<std::vector<std::string>>(), ", "));
      row["asks"] = asksText(row["asks"]);
    }
  }
  return printList(
      line, body,
      {"capability", "state", "providers", "consumers", "events", "unanswered", "asks", "reason"});
}

}  // namespace bulkhead::host
