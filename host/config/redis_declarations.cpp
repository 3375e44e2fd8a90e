#include <filesystem>
#include <system_error>
#include <utility>

#include "config/setting_makers.hpp"

namespace bulkhead::host {
namespace {

using namespace setting_makers;
using Settings = HostSettings;
using Value = TypedValue;

std::string checkFile(const Value& value) {
  std::error_code error;
  const bool good = value.text().empty() || std::filesystem::is_regular_file(value.text(), error);
  return good ? "" : "a file that is there";
}

void addPlace(std::vector<HostSetting>& all) {
  all.push_back({text("redis.host", "localhost",
                      "Redis server that replicas of the host share their limits by; used when it "
                      "is set, here or as REDIS_HOST, and optional: while it is away each host "
                      "limits by itself."),
                 {},
                 [](Settings& s, const Value& v) { s.redis.host = v.text(); }});
  all.push_back({integer("redis.port", "6379", 1, 65535, "Port of the Redis server."),
                 {},
                 [](Settings& s, const Value& v) { s.redis.port = portOf(v); }});
  all.push_back(
      {text("redis.unix_socket", "", "Unix socket of the Redis server, in place of host and port."),
       {},
       [](Settings& s, const Value& v) { s.redis.unix_socket = v.text(); }});
}

void addLogin(std::vector<HostSetting>& all) {
  all.push_back({text("redis.user", "", "User of its access list; the default one when empty."),
                 {},
                 [](Settings& s, const Value& v) { s.redis.user = v.text(); }});
  all.push_back({secret("redis.password", "Password of the Redis server; none when empty."),
                 {},
                 [](Settings& s, const Value& v) { s.redis.password = v.secret(); }});
  all.push_back({integer("redis.database", "0", 0, 16383, "Number of the database."),
                 {},
                 [](Settings& s, const Value& v) { s.redis.database = v.integer(); }});
  all.push_back(
      {flag("redis.tls", "true speaks TLS 1.2 or 1.3, with a certificate for redis.host."),
       {},
       [](Settings& s, const Value& v) { s.redis.tls = v.boolean(); }});
  all.push_back({text("redis.ca_file", "",
                      "PEM file with the authorities whose certificates are believed; those of the "
                      "system when empty."),
                 {},
                 [](Settings& s, const Value& v) { s.redis.ca_file = v.text(); },
                 checkFile});
  all.push_back({text("redis.prefix", "bulkhead",
                      "Begins every key, so that installations can share a server."),
                 {},
                 [](Settings& s, const Value& v) { s.redis.prefix = v.text(); }});
  SettingDeclaration timeout =
      duration("redis.timeout", "50ms", 60'000,
               "Longest wait for one of its answers; where none is there by then, the host goes on "
               "without it.");
  timeout.min = 1;
  all.push_back({std::move(timeout), {}, [](Settings& s, const Value& v) {
                   s.redis.timeout_ms = v.integer();
                 }});
}

}  // namespace

void addRedisSettings(std::vector<HostSetting>& all) {
  for (const auto add : {addPlace, addLogin}) add(all);
}

}  // namespace bulkhead::host
