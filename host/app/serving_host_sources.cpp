#include <algorithm>
#include <utility>

#include "app/build_version.hpp"
#include "app/job_routes.hpp"
#include "app/plugin_health.hpp"
#include "app/serving_host.hpp"
#include "logging/log_system.hpp"

namespace bulkhead::host {

namespace {

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

}  // namespace

health::HealthSources ServingHost::healthSources() {
  health::HealthSources sources{
      registry_,
      state_,
      resources_,
      {version_, std::string{environmentName(settings_.server.environment)},
       settings_.server.service_name}};
  sources.policy.details = health::detailsPolicy(settings_.monitoring.health_details);
  sources.policy.readiness_requires = settings_.monitoring.readiness_require;
  sources.plugins = [this] { return pluginHealth(factsOfAll(plugin_facts_)); };
  sources.performance = [this] {
    const auto statistics = performance_.statistics(60);
    return health::PerformanceFigures{performance_.slowQueries(1000).size(),
                                      performance_.slowApis(1000).size(),
                                      statistics.errorRatePercent()};
  };
  sources.job_queues = [this] { return jobQueueFigures(jobs_.figures()); };
  sources.cache = [this] {
    const auto statistics = cache_.statistics();
    return health::CacheFigures{statistics.hitRatePercent(), statistics.entries,
                                statistics.entries_max};
  };
  sources.redis = [this] { return redis_.figures(); };
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
  sources.redis_available = [this] { return redis_.isUp(); };
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
    for (const auto& facts : factsOfAll(plugin_facts_)) {
      const PluginStatus& status = facts.status;
      samples.push_back({status.id, std::string{nameOf(status.state)}, status.generation,
                         status.restarts, status.active(), facts.memory_bytes, facts.p50_ms,
                         facts.p99_ms, facts.capabilities_lost, status.recycles,
                         static_cast<std::uint64_t>(status.circuit.state), status.circuit.opens,
                         status.load.asides.stuck, facts.capabilities_missed});
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
  sources.certificate_expiry = [this] { return tls_.expiry(); };
  sources.refused_credentials = [this] { return security_log_.counts(); };
  sources.outbound_in_flight = [this] { return egress_.inFlight(); };
  sources.sanitized_values = [this] { return home_metrics_.sanitizedValues(); };
  return sources;
}

}  // namespace bulkhead::host
