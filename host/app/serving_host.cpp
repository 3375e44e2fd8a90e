#include "app/serving_host.hpp"

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <malloc.h>
#include <utility>

#include "app/admin_routes.hpp"
#include "app/build_version.hpp"
#include "app/installed_plugins.hpp"
#include "app/installed_stores.hpp"
#include "app/monitoring_routes.hpp"
#include "app/plugin_health.hpp"
#include "app/store_options.hpp"
#include "app/table_counts.hpp"
#include "health/host_checks.hpp"
#include "http/middleware/security_headers.hpp"
#include "logging/log.hpp"
#include "logging/log_system.hpp"
#include "plugins/plugin_cache.hpp"
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

std::string_view environmentName(Environment environment) {
  switch (environment) {
    case Environment::Production:
      return "production";
    case Environment::Test:
      return "test";
    case Environment::Development:
      break;
  }
  return "development";
}

std::filesystem::path cacheFolder(const HostSettings& settings) {
  return settings.paths.data_dir / "plugin-cache";
}

/// Gives back what a burst of large requests left behind: the allocator keeps it for ever
/// otherwise.
void trimHeap() {
  if (::mallinfo2().fordblks > kFreeHeapBytesMax) ::malloc_trim(0);
}

std::uint64_t lostLogLines() {
  const LogSystem* system = LogSystem::current();
  if (system == nullptr) return 0;
  const LogStatistics statistics = system->statistics();
  return statistics.droppedTotal() + statistics.write_failures;
}

health::DetailsPolicy detailsPolicy(const std::string& word) {
  if (word == "never") return health::DetailsPolicy::Never;
  return word == "always" ? health::DetailsPolicy::Always : health::DetailsPolicy::WhenAuthorized;
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

/// It is large and changes when a plugin does, so that clients may keep it and ask.
HttpResponse openApiAnswer(const std::string& document) {
  Poco::SHA2Engine engine{Poco::SHA2Engine::SHA_256};
  engine.update(document);
  HttpResponse response = HttpResponse::json(200, document);
  response.addHeader("ETag",
                     fmt::format("\"{}\"", Poco::DigestEngine::digestToHex(engine.digest())));
  response.addHeader("Cache-Control", "no-cache");
  return response;
}

}  // namespace

ServingHost::ServingHost(const Configuration& configuration)
    : configuration_{configuration},
      settings_{configuration.settings()},
      version_{settings_.server.version.empty() ? std::string{kBuildVersion}
                                                : settings_.server.version},
      performance_{{milliseconds{settings_.monitoring.slow_query_ms},
                    milliseconds{settings_.monitoring.slow_api_ms}}},
      resources_{{.memory_limit_mb = static_cast<std::uint64_t>(settings_.server.memory_limit_mb),
                  .allocator = {}}},
      host_store_{data::openSqliteStore(watchedStore("host"))},
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
      routes_{version_},
      peers_{settings_.monitoring.allow_cidrs, settings_.security.trusted_proxies},
      backups_{[&configuration](const std::filesystem::path& directory) {
        return backupOrder(configuration, directory);
      }},
      supervisor_{{pluginFolder(settings_), cacheFolder(settings_), !settings_.isProduction()},
                  {clock_, home_log_, home_metrics_,
                   [this](const std::string& plugin) { return openStore(plugin); },
                   [this](const std::shared_ptr<Compartment>& compartment) { admit(compartment); },
                   [this](const Compartment& compartment) { logChange(compartment); }}},
      health_endpoints_{healthSources()},
      host_metrics_{metrics_, metricSources()},
      monitoring_endpoints_{monitoringSources()},
      pipeline_{{!settings_.isProduction(), static_cast<std::size_t>(settings_.limits.body_bytes)},
                {routes_, peers_, host_lane_, monitoring_lane_, authenticator_,
                 [this] { return state_.phase() == health::Phase::Starting; },
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
  registry_.add(health::logCheck(lostLogLines));
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
  const auto& limits = settings_.limits;
  FrontOptions options;
  options.head.head_bytes_max = static_cast<std::size_t>(limits.head_bytes);
  options.head.fields_max = static_cast<std::size_t>(limits.header_fields);
  options.body_bytes_max = static_cast<std::size_t>(limits.body_bytes);
  options.head_deadline = milliseconds{limits.head_timeout_ms};
  options.idle_timeout = milliseconds{limits.idle_timeout_ms};
  options.write_stall = milliseconds{limits.write_timeout_ms};
  options.requests_per_connection_max = static_cast<std::uint32_t>(limits.requests_per_connection);
  options.connections_max = static_cast<std::size_t>(limits.connections);
  options.connections_per_ip_max = static_cast<std::size_t>(limits.connections_per_address);
  options.body_limit = [this](const HttpRequest& request) { return pipeline_.bodyLimit(request); };
  options.exempt_from_ip_cap = [this](std::string_view address) {
    return peers_.isTrustedProxy(address) || address == "127.0.0.1" || address == "::1";
  };
  SecurityHeaderOptions headers;
  headers.hsts = settings_.security.hsts == "always";
  headers.x_xss_protection =
      settings_.security.x_xss_protection == "off" ? "" : settings_.security.x_xss_protection;
  options.fixed_header_lines = securityHeaderLines(headers);
  Tail tail;
  tail.decorate = [](const HttpRequest&, HttpResponse& response) {
    if (response.status == 401)
      response.addHeader("WWW-Authenticate", challengeFor(Error::authentication("", "")));
    if (response.refusal.code == "UNSUPPORTED_CONTENT_CODING")
      response.addHeader("Accept-Encoding", "gzip");
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
  for (auto& route : pluginRoutes(supervisor_)) routes.push_back(std::move(route));
  for (auto& route : backups_.routes()) routes.push_back(std::move(route));
  routes.push_back({"GET",
                    "/openapi.json",
                    HostAccess::Open,
                    {},
                    AnsweredOn::MonitoringLane,
                    [this](const HttpRequest&) { return openApiAnswer(*routes_.openApi()); },
                    false});
  audit_.cover(routes);
  routes_.addHostRoutes(std::move(routes));
}

void ServingHost::listen() {
  const auto& server = settings_.server;
  plugin_confs_ = readPluginConfs(settings_.paths.plugin_conf_dir, configuration_.variables());
  front_->listen(server.bind_address, server.port);
  if (server.compat_listen_3000) front_->listen(server.bind_address, 3000);
  if (server.management_port != 0) {
    front_->listenManagement(server.management_address, server.management_port);
    log(Level::Info, "host", "Management port open",
        {{"address", server.management_address}, {"port", server.management_port}});
  }
  front_->listenUnix(settings_.paths.data_dir / "admin.sock");
  state_.addPending("plugins");
  front_->start();
  log(Level::Info, "host", "Listening",
      {{"address", server.bind_address}, {"port", front_->port()}});
  if (!keys_.refresh()) {
    log(Level::Warn, "host",
        "The host's database is away; running degraded with the keys of the last snapshot.");
  }
  registry_.add(authCheck(keys_));  // before the first look at the database it would cry wolf
  housekeeper_ = std::thread{[this] { keepHouse(); }};
}

void ServingHost::boot() {
  PluginCache{cacheFolder(settings_)}.prune(kCacheAge, {});
  if (!supervisor_.boot(std::move(plugin_confs_), configuration_.variables())) return;
  state_.removePending("plugins");
  state_.markReady();
  log(Level::Info, "host", "Ready", {{"startMs", state_.uptime().count()}});
}

bool ServingHost::drain() {
  state_.markDraining();
  log(Level::Warn, "host", "Draining: no longer ready",
      {{"delayMs", settings_.server.shutdown_delay_ms}});
  front_->beginDrain();
  const auto accepting_until =
      std::chrono::steady_clock::now() + milliseconds{settings_.server.shutdown_delay_ms};
  while (std::chrono::steady_clock::now() < accepting_until)
    std::this_thread::sleep_for(milliseconds{50});
  front_->stopAccepting();
  backups_.stop();
  const auto end =
      std::chrono::steady_clock::now() + milliseconds{settings_.server.drain_timeout_ms};
  bool idle = false;
  while (!idle && std::chrono::steady_clock::now() < end)
    idle = front_->waitIdle(milliseconds{100});
  const bool clean = closePlugins(end);
  front_->stop();
  storeLastUsed();
  if (!keys_.stale()) audit_.seal();
  log(Level::Info, "host",
      clean ? "Stopped" : "Stopped; calls that did not return were left behind");
  return clean;
}

/// A connection that is still open is no call: what counts are requests without an answer and
/// threads inside a plugin, or inside the host's own routes.
bool ServingHost::closePlugins(std::chrono::steady_clock::time_point end) {
  const auto left = [&] {
    return std::clamp(
        std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now()),
        milliseconds{100}, milliseconds{20'000});
  };
  for (const auto& compartment : supervisor_.compartments())
    registry_.remove(compartment->id(), milliseconds{0});
  const bool closed = supervisor_.close(left());
  const bool host_idle = host_lane_.drain(left());
  const bool monitoring_idle = monitoring_lane_.drain(left());
  return closed && host_idle && monitoring_idle && front_->counters().active_requests == 0;
}

data::SqliteOptions ServingHost::watchedStore(const std::string& owner) {
  data::SqliteOptions options = storeOptions(settings_, owner);
  options.on_statement = [this, owner](std::string_view sql, std::chrono::microseconds duration,
                                       bool failed) {
    performance_.recordQuery(owner, sql, duration, failed);
    if (duration <= performance_.options().slow_query) return;
    log(Level::Warn, "data", "Slow query",
        {{"store", owner},
         {"statement", sql},
         {"durationMs", static_cast<double>(duration.count()) / 1000.0}});
  };
  return options;
}

std::shared_ptr<data::Store> ServingHost::openStore(const std::string& plugin) {
  const std::lock_guard lock{stores_mutex_};
  auto& store = stores_[plugin];
  if (!store) {
    store = data::openSqliteStore(watchedStore(plugin));
    registry_.add(health::databaseCheck("database." + plugin,
                                        [store](milliseconds) { return store->ping(); }));
  }
  return store;
}

void ServingHost::admit(const std::shared_ptr<Compartment>& compartment) {
  routes_.admit(compartment);
  addContributors(registry_, compartment);
}

void ServingHost::logChange(const Compartment& compartment) const {
  const PluginStatus status = compartment.status();
  LogContext context;
  context.plugin = status.id;
  const LogScope scope{context};
  const bool fault = status.state >= PluginState::Missing && status.state != PluginState::Disabled;
  log(fault ? Level::Warn : Level::Info, "plugins",
      fault ? "Plugin closed; its service is degraded" : "Plugin changed its state",
      {{"pluginVersion", status.version},
       {"state", nameOf(status.state)},
       {"reason", status.reason}});
}

/// When keys were last used is worth keeping, and not worth an unclean end.
void ServingHost::storeLastUsed() {
  try {
    keys_.storeLastUsed();
  } catch (const std::exception& error) {
    log(Level::Warn, "host", "When keys were last used could not be stored",
        {{"reason", error.what()}});
  }
}

std::vector<monitoring::TableCount> ServingHost::tableCounts() {
  std::map<std::string, std::int64_t> counts;  // two plugins may have a table of the same name
  const auto deadline = std::chrono::steady_clock::now() + kTableCountPatience;
  counts["tenants"] = static_cast<std::int64_t>(keys_.directory()->tenants().size());
  std::map<std::string, std::shared_ptr<data::Store>> stores;
  {
    const std::lock_guard lock{stores_mutex_};
    stores = stores_;
  }
  for (const auto& [plugin, store] : stores) {
    for (const auto& [table, rows] : countTables(*store, deadline))
      counts[table] += rows.value_or(0);
  }
  return {counts.begin(), counts.end()};
}

void ServingHost::keepHouse() {
  health::Heartbeat& heartbeat = state_.heartbeat("housekeeper");
  for (int round = 1; !stopping_; ++round) {
    std::this_thread::sleep_for(kHouseInterval);
    heartbeat.beat();
    try {
      if (keys_.stale() || round % kKeyRefreshRounds == 0) keys_.refresh();
      if (round % kLastUsedRounds == 0) keys_.storeLastUsed();
      if (!keys_.stale()) audit_.seal();
      security_log_.tellHeldBack();
      if (round % kTrimRounds == 0) trimHeap();
    } catch (const std::exception& error) {
      log(Level::Error, "host", "Keeping the keys failed", {{"reason", error.what()}});
    }
  }
  heartbeat.retire();
}

health::HealthSources ServingHost::healthSources() {
  health::HealthSources sources{
      registry_,
      state_,
      resources_,
      {version_, std::string{environmentName(settings_.server.environment)},
       settings_.server.service_name}};
  sources.policy.details = detailsPolicy(settings_.monitoring.health_details);
  sources.plugins = [this] { return pluginHealth(supervisor_); };
  sources.performance = [this] {
    const auto statistics = performance_.statistics(60);
    return health::PerformanceFigures{performance_.slowQueries(1000).size(),
                                      performance_.slowApis(1000).size(),
                                      statistics.errorRatePercent()};
  };
  sources.cache = [this] {
    const auto statistics = cache_.statistics();
    return health::CacheFigures{statistics.hitRatePercent(), statistics.entries,
                                statistics.entries_max};
  };
  return sources;
}

monitoring::MonitoringSources ServingHost::monitoringSources() {
  monitoring::MonitoringSources sources{metrics_, performance_};
  sources.production = settings_.isProduction();
  sources.system = [this] {
    const auto resources = resources_.latest();
    return monitoring::SystemFigures{state_.uptime(),
                                     resources.rss_bytes,
                                     resources.heap_used_bytes,
                                     resources.heap_total_bytes,
                                     resources.cpu_percent,
                                     resources.cpu_seconds,
                                     resources.cores};
  };
  sources.caches = metricSources().caches;
  sources.clear_caches = [this] { return cache_.clear(); };
  sources.table_counts = [this] { return tableCounts(); };
  return sources;
}

monitoring::FrontFigures ServingHost::frontFigures() const {
  const FrontCounters counters = front_ ? front_->counters() : FrontCounters{};
  const auto count = [](std::int64_t figure) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, figure));
  };
  monitoring::FrontFigures figures{count(counters.open_connections - counters.idle_connections),
                                   count(counters.idle_connections),
                                   count(counters.active_requests),
                                   {},
                                   counters.loop_stall_seconds_max};
  for (const auto& [reason, rejected] : counters.rejected)
    figures.rejected.emplace_back(reason, rejected);
  return figures;
}

monitoring::HostMetricSources ServingHost::metricSources() {
  monitoring::HostMetricSources sources;
  sources.version = version_;
  sources.revision = kBuildRevision;
  sources.uptime = [this] { return state_.uptime(); };
  sources.memory_used_bytes = [this] { return resources_.latest().heap_used_bytes; };
  sources.memory_total_bytes = [this] { return resources_.latest().heap_total_bytes; };
  sources.database_available = [this] {
    const auto snapshot = registry_.snapshot();
    const auto* report = snapshot->find("database");
    return report != nullptr && report->isKnown() && report->status == health::Status::Healthy;
  };
  sources.checks = [this] {
    std::vector<monitoring::CheckSample> samples;
    const auto snapshot = registry_.snapshot();
    const auto now = std::chrono::steady_clock::now();
    for (const auto& check : snapshot->checks) {
      samples.push_back({check.name, static_cast<int>(check.status),
                         std::chrono::duration<double>(check.duration).count(),
                         std::chrono::duration<double>(check.age(now)).count()});
    }
    return samples;
  };
  sources.plugins = [this] {
    std::vector<monitoring::PluginSample> samples;
    for (const auto& compartment : supervisor_.compartments()) {
      const PluginStatus status = compartment->status();
      samples.push_back({status.id, std::string{nameOf(status.state)}});
    }
    return samples;
  };
  sources.caches = [this] {
    const auto s = cache_.statistics();
    return std::vector<monitoring::CacheSample>{{"host", s.hits, s.misses, s.evicted_by_size,
                                                 s.expired, s.entries, s.entries_max, s.bytes,
                                                 s.bytes_max}};
  };
  sources.logs = [] {
    monitoring::LogCounts counts;
    if (const LogSystem* system = LogSystem::current()) {
      const LogStatistics statistics = system->statistics();
      counts.by_level = statistics.accepted;
      counts.dropped = statistics.droppedTotal();
    }
    return counts;
  };
  sources.front = [this] { return frontFigures(); };
  sources.refused_credentials = [this] { return security_log_.counts(); };
  return sources;
}

}  // namespace bulkhead::host
