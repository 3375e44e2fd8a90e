#include <algorithm>
#include <filesystem>
#include <system_error>

#include "config/setting_makers.hpp"

namespace bulkhead::host {
namespace {

using namespace setting_makers;
using Settings = HostSettings;
using Value = TypedValue;

std::string checkInside(const Value& value) {
  const auto networks = splitList(value.text());
  const bool has_unix = std::find(networks.begin(), networks.end(), "unix") != networks.end();
  return has_unix ? "networks such as \"10.0.0.0/8, ::1/128\"" : checkNetworks(value);
}

std::string checkFile(const Value& value) {
  std::error_code error;
  const bool good = value.text().empty() || std::filesystem::is_regular_file(value.text(), error);
  return good ? "" : "a file that is there";
}

void addReach(std::vector<HostSetting>& all) {
  all.push_back(
      {text("egress.allow_networks", "",
            "Networks of the inside that plugins may send requests to, with commas between, such "
            "as 10.1.0.0/16; without them only the public internet is reached."),
       {},
       [](Settings& s, const Value& v) { s.egress.allow_networks = splitList(v.text()); },
       checkInside});
  all.push_back({flag("egress.plain_http",
                      "true lets requests go out over http, too, to egress.allow_networks alone."),
                 {},
                 [](Settings& s, const Value& v) { s.egress.plain_http = v.boolean(); }});
  all.push_back({text("egress.ca_file", "",
                      "PEM file with the authorities whose certificates are believed; those of the "
                      "system when empty."),
                 {},
                 [](Settings& s, const Value& v) { s.egress.ca_file = v.text(); },
                 checkFile});
}

/// A time that is never none.
SettingDeclaration limitOf(const char* name, const char* fallback, const char* help) {
  SettingDeclaration limit = duration(name, fallback, 600'000, help);
  limit.min = 1;
  return limit;
}

void addTimes(std::vector<HostSetting>& all) {
  all.push_back({limitOf("egress.timeout", "60s",
                         "Longest time of a request that goes out, whatever its caller has left."),
                 {},
                 [](Settings& s, const Value& v) { s.egress.timeout_ms = v.integer(); }});
  all.push_back({limitOf("egress.connect_timeout", "5s",
                         "Longest time until its connection stands, TLS included."),
                 {},
                 [](Settings& s, const Value& v) { s.egress.connect_timeout_ms = v.integer(); }});
  all.push_back(
      {limitOf("egress.idle_timeout", "10s",
               "How long a connection is kept for the next request; shorter than the services'."),
       {},
       [](Settings& s, const Value& v) { s.egress.idle_timeout_ms = v.integer(); }});
}

void addRoom(std::vector<HostSetting>& all) {
  all.push_back(
      {integer(
           "egress.body_bytes", "8388608", 1024, 64 << 20,
           "Longest body of a request that goes out, and of its answer; 32 times that may be on "
           "its way in at once."),
       {},
       [](Settings& s, const Value& v) { s.egress.body_bytes = v.integer(); }});
  all.push_back({integer("egress.connections_per_host", "32", 1, 10'000,
                         "Most connections to one service; what needs more waits."),
                 {},
                 [](Settings& s, const Value& v) { s.egress.connections_per_host = v.integer(); }});
  all.push_back({integer("egress.requests", "512", 1, 100'000,
                         "Most requests that are on their way out at once, of one plugin half of "
                         "them; more are rejected."),
                 {},
                 [](Settings& s, const Value& v) { s.egress.requests = v.integer(); }});
}

}  // namespace

void addEgressSettings(std::vector<HostSetting>& all) {
  for (const auto add : {addReach, addTimes, addRoom}) add(all);
}

}  // namespace bulkhead::host
