#include <algorithm>
#include <charconv>
#include <utility>

#include "config/setting_makers.hpp"

namespace bulkhead::host {
namespace {

using namespace setting_makers;
using Settings = HostSettings;
using Value = TypedValue;

/// sun_path without its final NUL.
constexpr std::size_t kSocketPathMax = 107;

Environment environmentOf(const std::string& name) {
  if (name == "production") return Environment::Production;
  return name == "test" ? Environment::Test : Environment::Development;
}

std::string checkBindAddresses(const Value& value) {
  const auto addresses = splitList(value.text());
  const auto fits = [](const std::string& address) {
    return checkBindAddress({SettingType::String, address}).empty();
  };
  const bool good = !addresses.empty() && std::all_of(addresses.begin(), addresses.end(), fits);
  return good ? "" : "IP addresses such as \"127.0.0.1, ::1\", or \"localhost\"";
}

/// Permission bits, or -1 for what is no octal number of the three classes.
int modeOf(std::string_view text) {
  int mode = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  return whole && text.size() <= 4 && mode >= 0 && mode <= 0777 ? mode : -1;
}

std::string checkMode(const Value& value) {
  return modeOf(value.text()) >= 0 ? "" : "an octal file mode such as 0660";
}

std::string checkSocketPath(const Value& value) {
  return value.text().size() <= kSocketPathMax ? "" : "a path of at most 107 characters";
}

void addIdentity(std::vector<HostSetting>& all) {
  all.push_back(
      {choice("server.environment", {"development", "production", "test"}, "development",
              "production asks for every secret and hides what helps an attacker."),
       {"APP_ENV", "NODE_ENV"},
       [](Settings& s, const Value& v) { s.server.environment = environmentOf(v.text()); }});
  all.push_back({text("server.service_name", "accubooks", "Name in health bodies and log lines."),
                 {"SERVICE_NAME"},
                 [](Settings& s, const Value& v) { s.server.service_name = v.text(); }});
  all.push_back({text("server.version", "", "Version that is shown; the build's own when empty."),
                 {"VERSION"},
                 [](Settings& s, const Value& v) { s.server.version = v.text(); }});
}

void addPorts(std::vector<HostSetting>& all) {
  all.push_back(
      {text(
           "server.bind_address", "0.0.0.0",
           "Addresses to listen on, with commas between; \"::\" alone is every address, of IPv4 as "
           "well. HOSTNAME counts too, when it is an IP address or \"localhost\" (shells and "
           "containers set it to the machine's name)."),
       {"BIND_ADDRESS"},
       [](Settings& s, const Value& v) { s.server.bind_addresses = splitList(v.text()); },
       checkBindAddresses});
  all.push_back({integer("server.port", "5000", 0, 65535, "Port to listen on; 0 for any free one."),
                 {"PORT"},
                 [](Settings& s, const Value& v) { s.server.port = portOf(v); }});
  all.push_back({flag("server.compat_listen_3000",
                      "true listens on port 3000 too, as long as server.port is not set."),
                 {"COMPAT_LISTEN_3000"},
                 [](Settings& s, const Value& v) { s.server.compat_listen_3000 = v.boolean(); }});
  all.push_back({integer("server.management_port", "0", 0, 65535,
                         "Second port, for health and monitoring alone, which are open to whoever "
                         "reaches it; 0 for none."),
                 {"MANAGEMENT_PORT"},
                 [](Settings& s, const Value& v) { s.server.management_port = portOf(v); }});
  all.push_back({text("server.management_address", "127.0.0.1",
                      "Address that the management port listens on."),
                 {"MANAGEMENT_ADDRESS"},
                 [](Settings& s, const Value& v) { s.server.management_address = v.text(); },
                 checkBindAddress});
}

void addUnixSocket(std::vector<HostSetting>& all) {
  all.push_back({text("server.unix_socket", "",
                      "Unix socket to listen on beside the port, for a proxy on this machine; none "
                      "when empty."),
                 {"UNIX_SOCKET"},
                 [](Settings& s, const Value& v) { s.server.unix_socket = v.text(); },
                 checkSocketPath});
  all.push_back({text("server.unix_socket_mode", "0660",
                      "Mode of that socket's file: who may write it may connect."),
                 {"UNIX_SOCKET_MODE"},
                 [](Settings& s, const Value& v) {
                   s.server.unix_socket_mode = static_cast<unsigned>(modeOf(v.text()));
                 },
                 checkMode});
}

void addEdge(std::vector<HostSetting>& all) {
  all.push_back(
      {flag("server.proxy_protocol",
            "true demands a PROXY header (version 2) at the begin of each connection to the port "
            "and "
            "to the Unix socket, from a peer in security.trusted_proxies; others are closed. The "
            "management port has none."),
       {"PROXY_PROTOCOL"},
       [](Settings& s, const Value& v) { s.server.proxy_protocol = v.boolean(); }});
  all.push_back(
      {text("tls.certificate", "",
            "PEM file with the certificate and its chain; with it the port speaks TLS 1.2 and 1.3 "
            "alone. Read again by each reload; switched on and off by a restart."),
       {},
       [](Settings& s, const Value& v) { s.tls.certificate = v.text(); }});
  all.push_back(
      {text("tls.key", "",
            "PEM file with the private key of tls.certificate, without a passphrase, that "
            "others may not read (chmod 600)."),
       {},
       [](Settings& s, const Value& v) { s.tls.key = v.text(); }});
}

}  // namespace

void addListeningSettings(std::vector<HostSetting>& all) {
  for (const auto add : {addIdentity, addPorts, addUnixSocket, addEdge}) add(all);
}

}  // namespace bulkhead::host
