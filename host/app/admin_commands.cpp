#include "app/admin_commands.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "app/admin_client.hpp"
#include "app/command.hpp"
#include "plugins/inspect.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

/// The body of a successful answer; a refusal becomes the Error that it speaks of.
Json bodyOf(const HttpResponse& response) {
  Json body = response.body.empty() ? Json{} : Json::parse(response.body, nullptr, false);
  if (response.status < 300) return body;
  const Json error = body.is_object() ? body.value("error", Json::object()) : Json::object();
  throw Error::app(error.value("code", "REFUSED"),
                   error.value("message", fmt::format("The host answered {}.", response.status)));
}

/// Slugs and ids; anything else would name another path.
const std::string& pathSegment(const std::string& name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
  if (!plain) throw Error::validation("USAGE", fmt::format("'{}' is no slug and no id", name));
  return name;
}

std::string textOf(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const auto& item : value) text += (text.empty() ? "" : ",") + textOf(item);
  return text.empty() ? "-" : text;
}

/// Rows with aligned columns; the last one is as long as it is.
void printTable(const Json& rows, const std::vector<std::string>& columns) {
  std::vector<std::size_t> widths;
  for (const auto& column : columns) {
    std::size_t width = column.size();
    for (const auto& row : rows) width = std::max(width, textOf(row.value(column, Json{})).size());
    widths.push_back(width);
  }
  for (std::size_t i = 0; i < columns.size(); ++i)
    fmt::print("{:<{}}  ", columns[i], i + 1 < columns.size() ? widths[i] : 0);
  fmt::print("\n");
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      fmt::print("{:<{}}  ", textOf(row.value(columns[i], Json{})),
                 i + 1 < columns.size() ? widths[i] : 0);
    }
    fmt::print("\n");
  }
}

int printList(const CommandLine& line, const Json& body, const std::vector<std::string>& columns) {
  if (line.has("json")) {
    fmt::print("{}\n", body.dump(2));
  } else {
    printTable(body.at("data"), columns);
  }
  return kExitOk;
}

int setTenantStatus(const CommandLine& line, std::string_view verb) {
  const Configuration configuration = loadConfiguration(line);
  const std::string path =
      fmt::format("/api/admin/tenants/{}/{}", pathSegment(line.argument(0, "SLUG")), verb);
  const Json tenant = bodyOf(AdminClient{configuration}.call("POST", path));
  fmt::print("tenant {} {}\n", textOf(tenant["slug"]), textOf(tenant["status"]));
  return kExitOk;
}

int daysOf(const std::string& text) {
  int days = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), days);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
    throw Error::validation("USAGE", "--days is a whole number");
  return days;
}

}  // namespace

int runPluginList(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  return printList(line,
                   bodyOf(AdminClient{configuration}.callRunning("GET", "/api/admin/plugins")),
                   {"id", "version", "state", "reason"});
}

int runPluginInspect(const CommandLine& line) {
  fmt::print("{}", inspectPlugin(line.argument(0, "FILE"),
                                 line.has("json") ? InspectFormat::Json : InspectFormat::Text));
  return kExitOk;
}

int runTenantCreate(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  const std::string& slug = line.argument(0, "SLUG");
  const std::string body = toJson([&](JsonWriter& out) {
    out.object("slug", slug, "name", line.find("name").value_or(slug), "time_zone",
               line.find("time-zone").value_or("UTC"));
  });
  const Json tenant = bodyOf(AdminClient{configuration}.call("POST", "/api/admin/tenants", body));
  fmt::print("{}\n", line.has("json") ? tenant.dump(2)
                                      : fmt::format("tenant {} {}", textOf(tenant["slug"]),
                                                    textOf(tenant["id"])));
  return kExitOk;
}

int runTenantList(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  return printList(line, bodyOf(AdminClient{configuration}.call("GET", "/api/admin/tenants")),
                   {"id", "slug", "status", "time_zone", "name"});
}

int runTenantSuspend(const CommandLine& line) {
  return setTenantStatus(line, "suspend");
}

int runTenantResume(const CommandLine& line) {
  return setTenantStatus(line, "resume");
}

int runKeyCreate(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  Json body{{"name", line.argument(0, "NAME")},
            {"scopes", line.all("scope")},
            {"tenants", line.all("tenant")}};
  if (const auto days = line.find("days")) body["expires_in_days"] = daysOf(*days);
  const Json key = bodyOf(AdminClient{configuration}.call("POST", "/api/admin/keys", body.dump()));
  if (line.has("json")) {
    fmt::print("{}\n", key.dump(2));
  } else {
    fmt::print("{}\n", textOf(key["key"]));
    fmt::print(stderr, "Key {} is shown this once; keep it safe.\n", textOf(key["id"]));
  }
  return kExitOk;
}

int runKeyList(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  return printList(line, bodyOf(AdminClient{configuration}.call("GET", "/api/admin/keys")),
                   {"id", "name", "scopes", "tenants", "last_used", "expires", "revoked"});
}

int runKeyRevoke(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  bodyOf(AdminClient{configuration}.call("DELETE",
                                         "/api/admin/keys/" + pathSegment(line.argument(0, "ID"))));
  fmt::print("revoked\n");
  return kExitOk;
}

}  // namespace bulkhead::host
