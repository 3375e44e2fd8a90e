#include "config/host_declarations.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/setting_makers.hpp"
#include "config/variables.hpp"

namespace bulkhead::host {
namespace {

using namespace setting_makers;
using Settings = HostSettings;
using Value = TypedValue;

std::string checkFrontends(const Value& value) {
  for (const std::string& url : splitList(value.text())) {
    const bool web = url.starts_with("https://") || url.starts_with("http://");
    const SettingDeclaration as_url{.name = "", .type = SettingType::Url};
    if (!web || !parseValue(as_url, url)) return "web addresses such as \"https://app.example\"";
  }
  return "";
}

std::string checkDatabaseUrl(const Value& value) {
  const std::string_view url = value.secret().reveal();
  for (const std::string_view scheme : {"sqlite:", "postgresql://", "postgres://"}) {
    if (url.starts_with(scheme) && url.size() > scheme.size()) return "";
  }
  return "\"sqlite:DIR\" or \"postgresql://user:password@host:port/database\"";
}

std::string checkHeaderValue(const Value& value) {
  const bool good = std::all_of(value.text().begin(), value.text().end(),
                                [](char c) { return c >= 0x20 && c != 0x7f; });
  return good ? "" : "printable ASCII, as it becomes a header";
}

void addLife(std::vector<HostSetting>& all) {
  all.push_back({inSeconds(duration("server.shutdown_delay", "5s", 600'000,
                                    "From the signal to stop to the end of accepting, so that "
                                    "balancers notice; 0s by default outside of production and "
                                    "Kubernetes.")),
                 {"SHUTDOWN_DELAY"},
                 [](Settings& s, const Value& v) { s.server.shutdown_delay_ms = v.integer(); }});
  all.push_back({inSeconds(duration("server.drain_timeout", "20s", 600'000,
                                    "Longest wait for requests in flight when stopping.")),
                 {"DRAIN_TIMEOUT"},
                 [](Settings& s, const Value& v) { s.server.drain_timeout_ms = v.integer(); }});
  all.push_back({integer("server.memory_limit_mb", "0", 0, 1 << 24,
                         "Memory in MiB that health and overload count against; 0 for what the "
                         "machine or its cgroup allows."),
                 {"MEMORY_LIMIT_MB"},
                 [](Settings& s, const Value& v) { s.server.memory_limit_mb = v.integer(); }});
  all.push_back({flag("server.exit_on_unhandled",
                      "true ends the host at an unhandled failure of a background task or of a "
                      "plugin's own thread, in development only."),
                 {"DEV_EXIT_ON_UNHANDLED"},
                 [](Settings& s, const Value& v) { s.server.exit_on_unhandled = v.boolean(); }});
  all.push_back({integer("server.crash_records", "10", 0, 1000,
                         "Crash records that are kept in data.dir/crash, the newest ones; 0 writes "
                         "none."),
                 {"CRASH_RECORDS"},
                 [](Settings& s, const Value& v) { s.server.crash_records = v.integer(); }});
}

using Limits = HostSettings::Limits;

template <std::int64_t Limits::*Field>
void setLimit(Settings& settings, const Value& value) {
  settings.limits.*Field = value.integer();
}

/// A limit of the edge that is a number.
struct LimitNumber {
  const char* name;
  const char* fallback;
  double min;
  double max;
  const char* help;
  void (*apply)(Settings& settings, const Value& value);
};

constexpr double kGibibyte = 1 << 30;

constexpr std::array kLimitNumbers{
    LimitNumber{"limits.request_line_bytes", "8192", 512, 1 << 16,
                "Longest request line; beyond it 414.", setLimit<&Limits::request_line_bytes>},
    LimitNumber{"limits.head_bytes", "32768", 1024, 1 << 20,
                "Longest request line and headers together; beyond it 431.",
                setLimit<&Limits::head_bytes>},
    LimitNumber{"limits.header_fields", "100", 8, 1000, "Most headers of a request.",
                setLimit<&Limits::header_fields>},
    LimitNumber{"limits.body_bytes", "1048576", 0, kGibibyte,
                "Longest body where a route does not say otherwise; beyond it 413.",
                setLimit<&Limits::body_bytes>},
    LimitNumber{"limits.requests_bytes", "134217728", 1 << 20, 64 * kGibibyte,
                "What heads and bodies of more than 8 KiB may hold together, decoded bodies "
                "included; beyond it 503.",
                setLimit<&Limits::requests_bytes>},
    LimitNumber{"limits.answers_bytes", "268435456", 1 << 20, 64 * kGibibyte,
                "What answers that clients have not taken yet may hold together; beyond it the "
                "slowest reader is closed.",
                setLimit<&Limits::answers_bytes>},
    LimitNumber{"limits.connections", "0", 0, 1 << 20,
                "Most open connections; 0 for half of the file descriptors.",
                setLimit<&Limits::connections>},
    LimitNumber{"limits.connections_per_address", "256", 1, 1 << 20,
                "Most open connections of one client address.",
                setLimit<&Limits::connections_per_address>},
    LimitNumber{"limits.requests_per_connection", "1000", 1, 1'000'000'000,
                "Requests after which a connection is closed politely.",
                setLimit<&Limits::requests_per_connection>},
    LimitNumber{"limits.pipelined_requests", "16", 1, 1000,
                "Requests of one connection that may wait for their answers; the next waits "
                "unread.",
                setLimit<&Limits::pipelined_requests>},
    LimitNumber{"limits.body_bytes_per_second", "500", 1, kGibibyte,
                "Slowest body after its grace; below it 408.",
                setLimit<&Limits::body_bytes_per_second>},
    LimitNumber{"limits.write_bytes_per_second", "500", 1, kGibibyte,
                "Slowest reader of an answer after limits.write_timeout; below it the connection "
                "is closed.",
                setLimit<&Limits::write_bytes_per_second>},
};

/// A limit of the edge that is a time.
struct LimitTime {
  const char* name;
  const char* fallback;
  double max_ms;
  const char* help;
  void (*apply)(Settings& settings, const Value& value);
};

constexpr std::array kLimitTimes{
    LimitTime{"limits.handshake_timeout", "10s", 600'000,
              "The PROXY header and the handshake of TLS, where the port has them; beyond it the "
              "connection is closed.",
              setLimit<&Limits::handshake_timeout_ms>},
    LimitTime{"limits.head_timeout", "10s", 600'000,
              "From the first byte of a request to the end of its headers; beyond it 408.",
              setLimit<&Limits::head_timeout_ms>},
    LimitTime{"limits.body_timeout", "60s", 3'600'000,
              "From the end of the headers to the end of the body; beyond it 408.",
              setLimit<&Limits::body_timeout_ms>},
    LimitTime{"limits.body_grace", "10s", 3'600'000,
              "Before a body has to come as fast as limits.body_bytes_per_second.",
              setLimit<&Limits::body_grace_ms>},
    LimitTime{"limits.idle_timeout", "60s", 3'600'000,
              "Longest silence between two requests; longer than the balancer's.",
              setLimit<&Limits::idle_timeout_ms>},
    LimitTime{"limits.write_timeout", "30s", 3'600'000,
              "Longest time that a client may leave an answer unread.",
              setLimit<&Limits::write_timeout_ms>},
};

void addLimits(std::vector<HostSetting>& all) {
  for (const LimitNumber& limit : kLimitNumbers) {
    all.push_back(
        {integer(limit.name, limit.fallback, limit.min, limit.max, limit.help), {}, limit.apply});
  }
  for (const LimitTime& limit : kLimitTimes)
    all.push_back(
        {duration(limit.name, limit.fallback, limit.max_ms, limit.help), {}, limit.apply});
}

void addPaths(std::vector<HostSetting>& all) {
  all.push_back({text("data.dir", "var", "Folder of stores, locks and the admin socket."),
                 {},
                 [](Settings& s, const Value& v) { s.paths.data_dir = v.text(); }});
  all.push_back({text("plugin.dir", "",
                      "Folder of the plugins' files; ../plugins beside the program's folder when "
                      "empty."),
                 {},
                 [](Settings& s, const Value& v) { s.paths.plugin_dir = v.text(); }});
  all.push_back({text("plugin.conf_dir", "conf/plugins.d", "Folder of the plugins' settings."),
                 {},
                 [](Settings& s, const Value& v) { s.paths.plugin_conf_dir = v.text(); }});
  all.push_back({choice("plugin.isolation", {"worker", "inprocess"}, "worker",
                        "Where plugins run whose own settings do not say: each in a process of its "
                        "own, or in the host."),
                 {},
                 [](Settings& s, const Value& v) { s.paths.plugin_isolation = v.text(); }});
}

void addSessions(std::vector<HostSetting>& all) {
  all.push_back({integer("database.sessions_max", "20", 2, 1000,
                         "PostgreSQL sessions of this host, shared out among its stores; each has "
                         "up to two more, for its health and for what is worked on."),
                 {},
                 [](Settings& s, const Value& v) { s.database.sessions_max = v.integer(); }});
  all.push_back({integer("database.sessions_min", "2", 0, 1000,
                         "PostgreSQL sessions that a store keeps though it does not need them."),
                 {},
                 [](Settings& s, const Value& v) { s.database.sessions_min = v.integer(); }});
  all.push_back({duration("database.idle_timeout", "30s", 86'400'000,
                          "After so long without use a PostgreSQL session is ended."),
                 {},
                 [](Settings& s, const Value& v) { s.database.idle_timeout_ms = v.integer(); }});
  all.push_back(
      {duration("database.checkout_timeout", "2s", 60'000,
                "Longest wait for a PostgreSQL session that is free; then 503 with Retry-After."),
       {},
       [](Settings& s, const Value& v) { s.database.checkout_timeout_ms = v.integer(); }});
  all.push_back({duration("database.connect_timeout", "5s", 60'000,
                          "Longest wait for a PostgreSQL server to take a new session, in whole "
                          "seconds."),
                 {},
                 [](Settings& s, const Value& v) { s.database.connect_timeout_ms = v.integer(); }});
}

void addStores(std::vector<HostSetting>& all) {
  SettingDeclaration url = secret("database.url",
                                  "sqlite:DIR or postgresql://user:password@host/database; a "
                                  "folder of SQLite files in data.dir when empty, which production "
                                  "does not accept.");
  all.push_back({std::move(url),
                 {},
                 [](Settings& s, const Value& v) { s.database.url = v.secret(); },
                 checkDatabaseUrl,
                 true});
  addSessions(all);
}

void addLogging(std::vector<HostSetting>& all) {
  all.push_back({choice("log.level", {"debug", "info", "warn", "error", "fatal"}, "info",
                        "Least level that is written."),
                 {},
                 [](Settings& s, const Value& v) { s.logging.level = v.text(); }});
  all.push_back({text("log.file", "",
                      "File that gets every line too, beside standard output; opened anew on "
                      "SIGUSR1 or SIGHUP."),
                 {},
                 [](Settings& s, const Value& v) { s.logging.file = v.text(); }});
}

void addMonitoring(std::vector<HostSetting>& all) {
  all.push_back({duration("monitoring.slow_request_ms", "1500ms", 3'600'000,
                          "A request that takes longer is a warning in the log."),
                 {"SLOW_REQUEST_MS"},
                 [](Settings& s, const Value& v) { s.monitoring.slow_request_ms = v.integer(); }});
  all.push_back({duration("monitoring.slow_api_ms", "2000ms", 3'600'000,
                          "A request that takes longer is listed as a slow API call."),
                 {"SLOW_API_MS"},
                 [](Settings& s, const Value& v) { s.monitoring.slow_api_ms = v.integer(); }});
  all.push_back({duration("monitoring.slow_query_ms", "1000ms", 3'600'000,
                          "A statement that takes longer is listed as a slow query."),
                 {"SLOW_QUERY_MS"},
                 [](Settings& s, const Value& v) { s.monitoring.slow_query_ms = v.integer(); }});
  all.push_back(
      {text("monitoring.allow_cidrs", "127.0.0.0/8, ::1/128",
            "Networks that may read monitoring without a key; \"unix\" for who comes by "
            "server.unix_socket."),
       {},
       [](Settings& s, const Value& v) { s.monitoring.allow_cidrs = splitList(v.text()); },
       checkNetworks});
  all.push_back(
      {text("health.readiness_require", "",
            "Checks that have to be well for the host to be ready, such as \"database\", with "
            "commas between."),
       {"READINESS_REQUIRE"},
       [](Settings& s, const Value& v) { s.monitoring.readiness_require = splitList(v.text()); }});
  SettingDeclaration stall = duration("health.stall_after", "30s", 600'000,
                                      "Silence of a core thread after which liveness answers 503.");
  stall.min = 5000;  // the housekeeper beats once a second, and may be held up
  all.push_back({std::move(stall), {}, [](Settings& s, const Value& v) {
                   s.monitoring.stall_after_ms = v.integer();
                 }});
  all.push_back({choice("health.details", {"never", "when-authorized", "always"}, "when-authorized",
                        "Who gets details in health bodies."),
                 {},
                 [](Settings& s, const Value& v) { s.monitoring.health_details = v.text(); }});
}

void addMessages(std::vector<HostSetting>& all) {
  constexpr double kDayMs = 86'400'000;
  constexpr double kYearMs = 365 * kDayMs;
  all.push_back({duration("events.keep", "30d", kYearMs - kDayMs,
                          "How long an event waits for a plugin that wants it and is closed."),
                 {},
                 [](Settings& s, const Value& v) { s.messages.keep_events_ms = v.integer(); }});
  all.push_back({duration("messages.keep_bodies", "30d", kYearMs,
                          "How long the bodies of messages are kept that are done with."),
                 {},
                 [](Settings& s, const Value& v) { s.messages.keep_bodies_ms = v.integer(); }});
  all.push_back(
      {duration(
           "messages.keep_keys", "90d", kYearMs,
           "How long a repeat of a message or of an event is known as one: at least a day more "
           "than events.keep, and not less than messages.keep_bodies."),
       {},
       [](Settings& s, const Value& v) { s.messages.keep_keys_ms = v.integer(); }});
  all.push_back({duration("jobs.keep_finished", "7d", kYearMs,
                          "How long jobs are kept that are completed or cancelled."),
                 {},
                 [](Settings& s, const Value& v) { s.jobs.keep_finished_ms = v.integer(); }});
  all.push_back({duration("jobs.keep_dead", "90d", kYearMs,
                          "How long dead jobs are kept, and can be run again."),
                 {},
                 [](Settings& s, const Value& v) { s.jobs.keep_dead_ms = v.integer(); }});
}

void addSecurity(std::vector<HostSetting>& all) {
  all.push_back({secret("security.api_key",
                        "Bootstrap key with every scope over every tenant; at least 32 characters. "
                        "Without it only issued keys are accepted."),
                 {"API_KEY"},
                 [](Settings& s, const Value& v) { s.security.api_key = v.secret(); }});
  all.push_back(
      {flag("security.api_key_allow_short",
            "true lets production accept a shorter security.api_key."),
       {"API_KEY_ALLOW_SHORT"},
       [](Settings& s, const Value& v) { s.security.api_key_allow_short = v.boolean(); }});
  all.push_back(
      {duration("auth.stale_max", "24h", 604'800'000,
                "How long the keys of keys.snapshot are taken while the host's database cannot "
                "confirm them."),
       {},
       [](Settings& s, const Value& v) { s.security.auth_stale_max_ms = v.integer(); }});
  all.push_back({secret("security.jwt_secret",
                        "Signs JSON web tokens; at least 32 characters, required in production."),
                 {"JWT_SECRET"},
                 [](Settings& s, const Value& v) { s.security.jwt_secret = v.secret(); }});
  all.push_back({secret("security.session_secret",
                        "Signs sessions; at least 32 characters, required in production, and not "
                        "the same as security.jwt_secret."),
                 {"SESSION_SECRET"},
                 [](Settings& s, const Value& v) { s.security.session_secret = v.secret(); }});
  all.push_back(
      {text("security.frontend_url", "",
            "Origins that browsers may call from, with commas between; required in "
            "production."),
       {"FRONTEND_URL"},
       [](Settings& s, const Value& v) { s.security.frontend_urls = splitList(v.text()); },
       checkFrontends});
  all.push_back(
      {text("security.trusted_proxies", "",
            "Networks of proxies whose PROXY, X-Forwarded-* and Forwarded headers are believed; "
            "\"unix\" for who comes by server.unix_socket."),
       {"TRUSTED_PROXIES"},
       [](Settings& s, const Value& v) { s.security.trusted_proxies = splitList(v.text()); },
       checkNetworks});
  all.push_back({choice("security.hsts", {"always", "tls-only", "off"}, "always",
                        "When Strict-Transport-Security is sent."),
                 {"HSTS"},
                 [](Settings& s, const Value& v) { s.security.hsts = v.text(); }});
  all.push_back({text("security.x_xss_protection", "1; mode=block",
                      "Value of X-XSS-Protection; \"0\", or \"off\" to leave the header out."),
                 {},
                 [](Settings& s, const Value& v) { s.security.x_xss_protection = v.text(); },
                 checkHeaderValue});
}

/// What the running host asks for each time, instead of having built something on it.
constexpr std::array<std::string_view, 18> kLive{"server.shutdown_delay",
                                                 "server.drain_timeout",
                                                 "server.exit_on_unhandled",
                                                 "rate_limit.per_minute",
                                                 "rate_limit.per_hour",
                                                 "rate_limit.address_per_minute",
                                                 "rate_limit.address_per_hour",
                                                 "rate_limit.refused_per_minute",
                                                 "log.level",
                                                 "log.file",
                                                 "monitoring.slow_request_ms",
                                                 "monitoring.slow_api_ms",
                                                 "monitoring.slow_query_ms",
                                                 "monitoring.allow_cidrs",
                                                 "health.details",
                                                 "security.trusted_proxies",
                                                 "tls.certificate",
                                                 "tls.key"};

std::vector<HostSetting> makeDeclarations() {
  std::vector<HostSetting> all;
  for (const auto add :
       {addListeningSettings, addLife, addLimits, addRateLimitSettings, addPaths, addStores,
        addRedisSettings, addEgressSettings, addMessages, addLogging, addMonitoring, addSecurity}) {
    add(all);
  }
  for (HostSetting& setting : all)
    setting.live = std::count(kLive.begin(), kLive.end(), setting.declaration.name) != 0;
  return all;
}

}  // namespace

std::vector<std::string> HostSetting::allVariables() const {
  std::vector<std::string> names = variables;
  std::string own = environmentName(declaration.name);
  if (std::find(names.begin(), names.end(), own) == names.end()) names.push_back(std::move(own));
  return names;
}

std::string HostSetting::display(const TypedValue& value) const {
  return shown_as_url ? withoutUserInfo(value.secret().reveal()) : value.display();
}

std::span<const HostSetting> hostDeclarations() {
  static const std::vector<HostSetting> kDeclarations = makeDeclarations();
  return kDeclarations;
}

const HostSetting* findHostSetting(std::string_view name) {
  for (const HostSetting& setting : hostDeclarations()) {
    if (setting.declaration.name == name) return &setting;
  }
  return nullptr;
}

}  // namespace bulkhead::host
