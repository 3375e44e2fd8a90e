#include "app/admin_commands.hpp"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "app/admin_client.hpp"
#include "app/admin_output.hpp"
#include "app/command.hpp"
#include "plugins/inspect.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

int setTenantStatus(const CommandLine& line, std::string_view verb) {
  const Configuration configuration = loadConfiguration(line);
  const std::string path =
      fmt::format("/api/admin/tenants/{}/{}", pathSegment(line.argument(0, "SLUG")), verb);
  const Json tenant = bodyOf(AdminClient{configuration}.call("POST", path));
  fmt::print("tenant {} {}\n", textOf(tenant["slug"]), textOf(tenant["status"]));
  return kExitOk;
}

/// The whole number behind --`option`, as the member `name` of `body`; nothing without the option.
void addNumber(Json& body, const char* name, const CommandLine& line, std::string_view option,
               std::int64_t unit = 1) {
  const auto text = line.find(option);
  if (!text) return;
  std::int32_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc{} || read.ptr != text->data() + text->size())
    throw Error::validation("USAGE", fmt::format("--{} is a whole number", option));
  body[name] = number * unit;
}

int printNewKey(const CommandLine& line, const Json& key) {
  if (line.has("json")) {
    fmt::print("{}\n", key.dump(2));
  } else {
    fmt::print("{}\n", textOf(key["key"]));
    fmt::print(stderr, "Key {} is shown this once; keep it safe.\n", textOf(key["id"]));
  }
  return kExitOk;
}

}  // namespace

int runPluginList(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  return printList(
      line, bodyOf(AdminClient{configuration}.callRunning("GET", "/api/admin/plugins")),
      {"id", "version", "state", "isolation", "generation", "restarts", "active", "p50_ms",
       "p99_ms", "memory_bytes", "capabilities_lost", "capabilities_missed", "reason"});
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
  addNumber(body, "expires_in_days", line, "days");
  addNumber(body, "requests_per_minute", line, "per-minute");
  addNumber(body, "requests_per_hour", line, "per-hour");
  return printNewKey(
      line, bodyOf(AdminClient{configuration}.call("POST", "/api/admin/keys", body.dump())));
}

int runKeyRotate(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  const std::string& id = pathSegment(line.argument(0, "ID"));
  Json body = Json::object();
  addNumber(body, "overlap_seconds", line, "overlap", 3600);
  addNumber(body, "expires_in_days", line, "days");
  return printNewKey(line, bodyOf(AdminClient{configuration}.call(
                               "POST", fmt::format("/api/admin/keys/{}/rotate", id), body.dump())));
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
