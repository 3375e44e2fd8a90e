#include "app/serving_host.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <string>
#include <utility>

#include "app/admin_routes.hpp"
#include "app/body_work.hpp"
#include "app/build_version.hpp"
#include "app/capability_routes.hpp"
#include "app/configuration_routes.hpp"
#include "app/data_folder.hpp"
#include "app/egress_settings.hpp"
#include "app/host_listeners.hpp"
#include "app/installed_plugins.hpp"
#include "app/job_routes.hpp"
#include "app/log_routes.hpp"
#include "app/message_routes.hpp"
#include "app/monitoring_routes.hpp"
#include "app/plugin_health.hpp"
#include "app/service_notice.hpp"
#include "app/store_options.hpp"
#include "app/uncaught_failures.hpp"
#include "health/host_checks.hpp"
#include "http/middleware/security_headers.hpp"
#include "logging/log.hpp"
#include "logging/log_system.hpp"
#include "plugins/plugin_cache.hpp"
#include "plugins/plugin_limits.hpp"
#include "security/access.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHouseInterval{1000};
constexpr milliseconds kTableCountPatience{2000};
constexpr int kKeyRefreshRounds = 30;
constexpr int kLastUsedRounds = 60;
constexpr int kTrimRounds = 15;
constexpr std::size_t kFreeHeapBytesMax = 64U << 20U;
constexpr std::chrono::hours kCacheAge{24 * 7};

std::filesystem::path cacheFolder(const HostSettings& settings) {
  return settings.paths.data_dir / kPluginCopies;
}

SupervisorOptions supervisorOptions(const HostSettings& settings) {
  SupervisorOptions options;
  options.plugin_dir = pluginFolder(settings);
  options.cache_dir = std::filesystem::absolute(cacheFolder(settings));
  options.development = !settings.isProduction();
  options.isolation =
      settings.paths.plugin_isolation == "worker" ? Isolation::Worker : Isolation::InProcess;
  if (settings.server.crash_records > 0)
    options.crash_folder = std::filesystem::absolute(settings.paths.data_dir / kCrashFolder);
  options.crash_records = static_cast<std::size_t>(settings.server.crash_records);
  options.host_version =
      settings.server.version.empty() ? std::string{kBuildVersion} : settings.server.version;
  options.host_revision = kBuildRevision;
  return options;
}

/// Gives back what a burst of large requests left behind: the allocator keeps it for ever
/// otherwise.
void trimHeap() {
  if (::mallinfo2().fordblks > kFreeHeapBytesMax) ::malloc_trim(0);
}

/// Degraded while keys are those of the last snapshot, because the host's database does not confirm
/// them.
health::CheckSpec authCheck(const KeyStore& keys) {
  health::CheckSpec spec;
  spec.owner = "host";
  spec.name = "auth";
  spec.interval = kHouseInterval;
  spec.check = [&keys](milliseconds) {
    health::CheckResult result;
    if (!keys.stale()) return result;
    result.status = keys.trusted() ? health::Status::Degraded : health::Status::Critical;
    result.code = "stale";
    result.message = "Keys and tenants are not confirmed by the database at the moment.";
    return result;
  };
  return spec;
}

/// Degraded transitions are warnings, and recovery is news (ops §5.6).
health::RegistryOptions registryOptions() {
  health::RegistryOptions options;
  options.on_transition = [](const health::CheckTransition& change) {
    const bool worse = change.to > change.from;
    const bool well = change.to == health::Status::Healthy;
    log(worse ? Level::Warn : Level::Info, "health",
        well    ? "Health recovered"
        : worse ? "Health is degraded"
                : "Health is degraded, and better than before",
        {{"check", change.check},
         {"owner", change.owner},
         {"from", nameOf(change.from, health::View::Health)},
         {"to", nameOf(change.to, health::View::Health)},
         {"code", change.code},
         {"reason", change.message}});
  };
  options.on_exception = [](std::string_view check, std::string_view text) {
    log(Level::Error, "health", "A health check threw", {{"check", check}, {"reason", text}});
  };
  return options;
}

FrontOptions frontLimits(const HostSettings::Limits& limits) {
  FrontOptions options;
  options.head.request_line_bytes_max = static_cast<std::size_t>(limits.request_line_bytes);
  options.head.head_bytes_max = static_cast<std::size_t>(limits.head_bytes);
  options.head.fields_max = static_cast<std::size_t>(limits.header_fields);
  options.body_bytes_max = static_cast<std::size_t>(limits.body_bytes);
  options.answers_bytes_max = static_cast<std::size_t>(limits.answers_bytes);
  options.requests_bytes_max = static_cast<std::size_t>(limits.requests_bytes);
  options.handshake_deadline = milliseconds{limits.handshake_timeout_ms};
  options.head_deadline = milliseconds{limits.head_timeout_ms};
  options.body_deadline = milliseconds{limits.body_timeout_ms};
  options.body_grace = milliseconds{limits.body_grace_ms};
  options.body_rate_min_bytes_per_s = static_cast<std::size_t>(limits.body_bytes_per_second);
  options.idle_timeout = milliseconds{limits.idle_timeout_ms};
  options.write_stall = milliseconds{limits.write_timeout_ms};
  options.write_rate_min_bytes_per_s = static_cast<std::size_t>(limits.write_bytes_per_second);
  options.pipelined_max = static_cast<std::size_t>(limits.pipelined_requests);
  options.requests_per_connection_max = static_cast<std::uint32_t>(limits.requests_per_connection);
  options.connections_max = static_cast<std::size_t>(limits.connections);
  options.connections_per_ip_max = static_cast<std::size_t>(limits.connections_per_address);
  return options;
}

/// As of the start: who is enabled later takes a part beside the others.
std::size_t enabledPlugins(const Configuration& configuration) {
  const auto confs =
      readPluginConfs(configuration.settings().paths.plugin_conf_dir, configuration.variables());
  return static_cast<std::size_t>(
      std::count_if(confs.begin(), confs.end(), [](const PluginConf& one) { return one.enabled; }));
}

}  // namespace

ServingHost::ServingHost(ConfigurationSources sources, const Configuration& configuration,
                         Start start)
    : configuration_{configuration},
      settings_{configuration.settings()},
      live_{std::move(sources), configuration},
      version_{settings_.server.version.empty() ? std::string{kBuildVersion}
                                                : settings_.server.version},
      alone_{start == Start::Alone},
      has_elder_{start == Start::BesideAnother},
      egress_{egressOptions(settings_, version_, outbound_metrics_)},
      performance_{{milliseconds{settings_.monitoring.slow_query_ms},
                    milliseconds{settings_.monitoring.slow_api_ms}}},
      state_{milliseconds{settings_.monitoring.stall_after_ms}},
      resources_{{.memory_limit_mb = static_cast<std::uint64_t>(settings_.server.memory_limit_mb),
                  .allocator = {}}},
      host_store_{data::openStore(watchedStore("host"))},
      keys_{*host_store_,
            {.snapshot = settings_.paths.data_dir / "keys.snapshot",
             .stale_max = milliseconds{settings_.security.auth_stale_max_ms},
             .now_us = {}}},
      audit_{*host_store_, settings_.paths.data_dir},
      security_log_{{.now_us = [this] { return clock_.monotonicUs(); }}},
      authenticator_{keys_,
                     {settings_.security.api_key.reveal(),
                      [this](const SecurityEvent& event) { security_log_.record(event); },
                      {}}},
      redis_{settings_.redis},
      client_limits_{settings_, keys_, redis_, metrics_, security_log_},
      routes_{version_},
      peers_{settings_.monitoring.allow_cidrs, settings_.security.trusted_proxies},
      tls_{settings_.tls},
      registry_{registryOptions()},
      backups_{[this](const std::filesystem::path& directory) { return backup(directory); }},
      capability_calls_{
          metrics_.histogram({"host",
                              "bulkhead_capability_call_duration_seconds",
                              "Time of plugins' calls of capabilities, by how they ended.",
                              {"capability", "call", "consumer", "outcome"},
                              {0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60}})},
      capability_asks_{metrics_.histogram({"host",
                                           "bulkhead_capability_ask_duration_seconds",
                                           "Time of plugins' asks, by how they ended.",
                                           {"capability", "ask", "provider", "outcome"},
                                           {0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60}})},
      capabilities_{[this](const std::string& plugin) {
                      return isConfigured(registry_, plugin).value_or(true);
                    },
                    [this](const CapabilityRecord& call) { countCapabilityCall(call); }},
      messages_{metrics_.counter({"host",
                                  "bulkhead_messages_total",
                                  "Runs of messages by plugin and source, and how they ended.",
                                  {"plugin", "source", "outcome"},
                                  {}})},
      carrier_{{milliseconds{settings_.messages.keep_events_ms},
                milliseconds{settings_.messages.keep_bodies_ms},
                milliseconds{settings_.messages.keep_keys_ms}},
               [this](std::string_view plugin, std::string_view source, std::string_view outcome) {
                 messages_.counter({plugin, source, outcome}).add(1);
               }},
      jobs_{{milliseconds{settings_.jobs.keep_finished_ms},
             milliseconds{settings_.jobs.keep_dead_ms}},
            jobRecorder(metrics_)},
      supervisor_{supervisorOptions(settings_),
                  {clock_, home_log_, home_metrics_, kBodyWork,
                   [this](const std::string& plugin) { return watchedStore(plugin); },
                   [this] { return std::chrono::microseconds{performance_.thresholds().query}; },
                   [this](const std::shared_ptr<Compartment>& compartment, const Home& home) {
                     capabilities_.admit(compartment, home,
                                         [&] { routes_.admit(compartment, home); });
                     carrier_.admit(compartment, home);
                     jobs_.admit(compartment, home);
                   },
                   [this](const std::shared_ptr<Compartment>& compartment, const Home& home) {
                     takeContributors(registry_, compartment, home);
                     addStoreCheck(registry_, compartment, home);
                   },
                   requireWell, [this](const Compartment& compartment) { logChange(compartment); },
                   &capabilities_, &home_http_, &home_bell_, &eventContracts, askTermsOf}},
      plugin_facts_{supervisor_, performance_, registry_},
      health_endpoints_{healthSources()},
      host_metrics_{metrics_, metricSources()},
      monitoring_endpoints_{monitoringSources()},
      pipeline_{
          {!settings_.isProduction(), static_cast<std::size_t>(settings_.limits.body_bytes)},
          {routes_, peers_, host_lane_, monitoring_lane_, change_lane_, authenticator_,
           client_limits_.limiter(), [this] { return state_.phase() == health::Phase::Starting; },
           [this](std::string_view id) { return supervisor_.find(id); }}},
      access_log_{host_metrics_, performance_, milliseconds{settings_.monitoring.slow_request_ms},
                  [this](std::string_view plugin) {
                    const auto compartment = supervisor_.find(plugin);
                    return compartment && compartment->status().state == PluginState::Disabled;
                  }} {
  registry_.add(health::memoryCheck(resources_));
  registry_.add(
      health::databaseCheck("database", [this](milliseconds) { return host_store_->ping(); }));
  registry_.add(health::performanceCheck(health_endpoints_.sources().performance));
  registry_.add(health::logCheck(LogSystem::lostLines));
  if (settings_.tls.isOn()) registry_.add(certificateCheck(tls_));
  addMessageMetrics(metrics_, [this] { return carrier_.figures(); });
  addJobMetrics(metrics_, [this] { return jobs_.figures(); });
  addHostRoutes();
  makeFront();
}

ServingHost::~ServingHost() {
  stopping_ = true;
  if (housekeeper_.joinable()) housekeeper_.join();
  front_->stop();
  supervisor_.close(milliseconds{0});
}

void ServingHost::makeFront() {
  FrontOptions options = frontLimits(settings_.limits);
  options.development = !settings_.isProduction();
  options.body_rule = [this](const HttpRequest& request) { return pipeline_.bodyRule(request); };
  options.exempt_from_ip_cap = [this](std::string_view address) {
    return peers_.isTrustedProxy(std::string{address}) || address == "127.0.0.1" ||
           address == "::1";
  };
  options.may_send_proxy_header = [this](std::string_view address) {
    return peers_.isTrustedProxy(std::string{address});
  };
  SecurityHeaderOptions headers;
  headers.hsts = settings_.security.hsts == "always";
  headers.x_xss_protection =
      settings_.security.x_xss_protection == "off" ? "" : settings_.security.x_xss_protection;
  options.fixed_header_lines = securityHeaderLines(headers);
  options.on_wake = [this](unsigned loop) { loop_beats_[loop]->beat(); };
  Tail tail;
  const bool hsts_over_tls = settings_.security.hsts == "tls-only";
  tail.header_lines = [this, hsts_over_tls,
                       challenge = challengeFor(Error::authentication("", ""))](
                          const HttpRequest& request, const ExchangeLabels& labels,
                          const HttpResponse& response, std::string& lines) {
    if (labels.quota.decided) appendQuotaLines(labels.quota, clock_.nowUs(), lines);
    if (hsts_over_tls && request.peer.secure)
      lines.append("Strict-Transport-Security: ").append(kHstsValue).append("\r\n");
    if (response.status == 401) lines.append("WWW-Authenticate: ").append(challenge).append("\r\n");
    if (response.refusal.code == "UNSUPPORTED_CONTENT_CODING") lines += "Accept-Encoding: gzip\r\n";
  };
  tail.completed = [this](const CompletedExchange& exchange) { access_log_.record(exchange); };
  front_ = std::make_unique<Front>(
      std::move(options),
      [this](const std::shared_ptr<Exchange>& exchange) { pipeline_.handle(exchange); },
      std::move(tail));
}

void ServingHost::addHostRoutes() {
  std::vector<HostRoute> routes;
  for (auto& route : health_endpoints_.routes()) {
    routes.push_back({"GET",
                      std::string{route.path},
                      HostAccess::Open,
                      {},
                      AnsweredOn::Loop,
                      std::move(route.handle),
                      true});
  }
  for (auto& route : monitoringRoutes(monitoring_endpoints_, authenticator_, security_log_, audit_))
    routes.push_back(std::move(route));
  const auto known_scopes = [this] {
    auto scopes = routes_.scopes();
    const auto installed = scopesOfInstalled(settings_);
    scopes.insert(scopes.end(), installed.begin(), installed.end());
    return scopes;
  };
  for (auto& route : keyRoutes(keys_, known_scopes)) routes.push_back(std::move(route));
  for (auto& route : audit_.routes()) routes.push_back(std::move(route));
  for (auto& route : pluginRoutes(plugin_facts_)) routes.push_back(std::move(route));
  for (auto& route : capabilityRoutes(capabilities_, carrier_, plugin_facts_))
    routes.push_back(std::move(route));
  for (auto& route : messageRoutes(carrier_)) routes.push_back(std::move(route));
  for (auto& route : jobRoutes(jobs_, closedJobs())) routes.push_back(std::move(route));
  auto plugin_changes = pluginChangeRoutes(pluginVerbs());
  audit_.cover(plugin_changes);  // when they are done, whoever waits for that
  for (auto& route : plugin_changes) routes.push_back(changes_.take(std::move(route)));
  for (auto& route : changes_.routes()) routes.push_back(std::move(route));
  for (auto& route : logRoutes()) routes.push_back(std::move(route));
  for (auto& route :
       configurationRoutes([this] { return live_.rows(); },
                           [this](std::string_view trigger) { return reload(trigger); }))
    routes.push_back(std::move(route));
  for (auto& route : backups_.routes()) routes.push_back(std::move(route));
  routes.push_back(
      {"GET",
       "/openapi.json",
       HostAccess::Open,
       {},
       AnsweredOn::Loop,
       [this](const HttpRequest& request) { return routes_.openApi()->answer(request); },
       false});
  audit_.cover(routes);
  routes_.addHostRoutes(std::move(routes));
}

void ServingHost::openFront(std::vector<InheritedListener> inherited) {
  front_->setTls(tls_.context());
  for (auto& opened : openListeners(settings_, front_->loops(), std::move(inherited))) {
    log(Level::Info, "host", "Listening",
        {{"for", nameOf(opened.service)},
         {"address", opened.listener.address},
         {"port", opened.listener.port}});
    origins_.push_back({opened.service.audience, opened.by_service_manager, opened.place});
    front_->listen(std::move(opened.listener), opened.service);
  }
}

void ServingHost::startFront() {
  for (unsigned loop = 0; loop < front_->loops(); ++loop)
    loop_beats_.push_back(&state_.heartbeat("front-" + std::to_string(loop)));
  front_->start();
}

void ServingHost::listen(std::vector<InheritedListener> inherited) {
  plugin_confs_ = readPluginConfs(settings_.paths.plugin_conf_dir, configuration_.variables());
  state_.addPending("plugins");
  for (const auto& conf : plugin_confs_) {
    if (conf.enabled) state_.addPending("plugin " + conf.id);
  }
  openFront(std::move(inherited));
  if (alone_) startFront();
  if (!keys_.refresh()) {
    log(Level::Warn, "host",
        "The host's database is away; running degraded with the keys of the last snapshot.");
  }
  registry_.add(authCheck(keys_));  // before the first look at the database it would cry wolf
  housekeeper_ = std::thread{[this] { keepHouse(); }};
  pthread_setname_np(housekeeper_.native_handle(), "housekeeper");
}

void ServingHost::boot() {
  PluginCache{cacheFolder(settings_)}.prune(kCacheAge, {});
  if (!supervisor_.boot(std::move(plugin_confs_), configuration_.variables())) return;
  state_.removePending("plugins");
  if (alone_) carryEvents();
  state_.markReady();
  if (alone_) {
    notifyService("READY=1\nSTATUS=serving\n");
    openDesk();
  }
  log(Level::Info, "host", "Ready", {{"startMs", state_.uptime().count()}});
}

data::StoreOptions ServingHost::watchedStore(const std::string& owner) {
  data::StoreOptions options = storeOptions(settings_, owner);
  if (auto* database = std::get_if<data::PostgresqlOptions>(&options))
    shareSessions(*database, 1 + enabledPlugins(configuration_));
  data::setLeaseShared(options, !alone_);
  data::observe(options, [this, owner](std::string_view sql, std::chrono::microseconds duration,
                                       bool failed) {
    performance_.recordQuery(owner, sql, duration, failed);
    if (duration <= performance_.thresholds().query) return;
    log(Level::Warn, "data", "Slow query",
        {{"store", owner},
         {"statement", sql},
         {"durationMs", static_cast<double>(duration.count()) / 1000.0}});
  });
  return options;
}

void ServingHost::logChange(const Compartment& compartment) {
  const PluginStatus status = compartment.status();
  state_.removePending("plugin " + status.id);
  LogContext context;
  context.plugin = status.id;
  const LogScope scope{context};
  const bool fault = status.state >= PluginState::Missing && status.state != PluginState::Disabled;
  log(fault ? Level::Warn : Level::Info, "plugins",
      fault ? "Plugin closed; its service is degraded" : "Plugin changed its state",
      {{"pluginVersion", status.version},
       {"state", nameOf(status.state)},
       {"reason", status.reason},
       {"generation", status.generation},
       {"restarts", status.restarts},
       {"capabilitiesLost", fmt::format("{}", fmt::join(status.lost(), ", "))}});
  home_bell_.ring(status.id);
}

std::vector<monitoring::TableCount> ServingHost::tableCounts() {
  std::map<std::string, std::int64_t> counts;  // two plugins may have a table of the same name
  const auto deadline = std::chrono::steady_clock::now() + kTableCountPatience;
  counts["tenants"] = static_cast<std::int64_t>(keys_.directory()->tenants().size());
  for (const auto& compartment : supervisor_.compartments()) {
    const auto home = compartment->home();
    if (!home) continue;
    for (const auto& [table, rows] : home->countRows(deadline)) counts[table] += rows;
  }
  return {counts.begin(), counts.end()};
}

void ServingHost::keepHouse() {
  health::Heartbeat& heartbeat = state_.heartbeat("housekeeper");
  const bool watchdog = serviceWatchdog().has_value();
  // Others may change the keys of a database that they share.
  const int refresh = host_store_->engine() == data::Engine::Postgresql ? 1 : kKeyRefreshRounds;
  for (int round = 1; !stopping_; ++round) {
    std::this_thread::sleep_for(kHouseInterval);
    heartbeat.beat();
    front_->wake();
    if (watchdog && state_.watchdog().isAlive()) notifyService("WATCHDOG=1\n");
    try {
      if (keys_.stale() || !alone_ || round % refresh == 0) keys_.refresh();
      if (round % kLastUsedRounds == 0) keys_.storeLastUsed();
      if (!keys_.stale() && !has_elder_) audit_.seal();
      security_log_.tellHeldBack();
      if (round % kTrimRounds == 0) trimHeap();
    } catch (const std::exception&) {
      reportUnhandled("housekeeper");
    }
  }
  heartbeat.retire();
}

}  // namespace bulkhead::host
