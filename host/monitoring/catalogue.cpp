#include "monitoring/catalogue.hpp"

#include <algorithm>
#include <string>

#include <bulkhead/error.hpp>

namespace bulkhead::host::monitoring {
namespace {

constexpr auto kCounter = MetricKind::Counter;
constexpr auto kGauge = MetricKind::Gauge;
constexpr auto kHistogram = MetricKind::Histogram;

/// OpenTelemetry's for http.server.request.duration.
constexpr double kRequestBuckets[] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                      0.5,   0.75, 1,     2.5,  5,     7.5, 10};

/// Up to the longest time that an outside service may be given.
constexpr double kOutboundBuckets[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

constexpr CatalogueEntry kCatalogue[] = {
    {"accubooks_database_available", kGauge, "Database connected (1/0)", ""},
    {"accubooks_memory_total_bytes", kGauge, "Memory that may be used: the effective limit", ""},
    {"accubooks_memory_used_bytes", kGauge, "Memory in use by the allocator", ""},
    {"accubooks_redis_available", kGauge, "Redis connected (1/0)", ""},
    {"accubooks_up", kGauge, "Server running (1/0)", ""},
    {"accubooks_uptime_seconds", kGauge, "Server uptime", ""},
    {"auth_failures_total", kCounter, "Requests refused for their credential or its rights",
     "reason"},
    {"bulkhead_build_info", kGauge, "Build information", "version,revision,compiler"},
    {"bulkhead_health_check_age_seconds", kGauge, "Age of the last completed run", "check"},
    {"bulkhead_health_check_duration_seconds", kGauge, "Duration of the last run of a health check",
     "check"},
    {"bulkhead_health_status", kGauge, "Health check status (0 healthy, 1 degraded, 2 critical)",
     "check"},
    {"bulkhead_plugin_active_requests", kGauge, "Requests that run or wait in a plugin", "plugin"},
    {"bulkhead_plugin_asks_stuck", kGauge,
     "Asks and events that run past their deadline in a plugin", "plugin"},
    {"bulkhead_plugin_capability_lost", kGauge,
     "Capabilities of a plugin that does not run or has no credentials (always 1)",
     "plugin,capability"},
    {"bulkhead_plugin_capability_missed", kGauge,
     "Capabilities that a plugin wants and nobody provides (always 1)", "plugin,capability"},
    {"bulkhead_plugin_circuit_opens_total", kCounter,
     "How often requests were kept away from a plugin that failed them all", "plugin"},
    {"bulkhead_plugin_circuit_state", kGauge,
     "Whether requests come to a plugin (0 all, 1 a few, 2 none)", "plugin"},
    {"bulkhead_plugin_generation", kGauge, "Starts of a plugin since the host's", "plugin"},
    {"bulkhead_plugin_memory_bytes", kGauge, "Memory of a plugin's own process", "plugin"},
    {"bulkhead_plugin_recent_duration_p50_seconds", kGauge,
     "Median of a plugin's requests in the last five minutes", "plugin"},
    {"bulkhead_plugin_recent_duration_p99_seconds", kGauge,
     "99th percentile of a plugin's requests in the last five minutes", "plugin"},
    {"bulkhead_plugin_recycles_total", kCounter,
     "Starts of a plugin in place of a worker above its soft limit of memory", "plugin"},
    {"bulkhead_plugin_restarts_total", kCounter, "Starts of a plugin after its worker's death",
     "plugin"},
    {"bulkhead_plugin_state", kGauge, "Plugin lifecycle state (1 for the current state)",
     "plugin,state"},
    {"bulkhead_sanitized_values_total", kCounter,
     "Values of requests that were changed because they would act in a page", "plugin"},
    {"cache_capacity_entries", kGauge, "Entries that the cache may hold", "cache"},
    {"cache_entries", kGauge, "Entries in the cache", "cache"},
    {"cache_evictions_total", kCounter, "Evictions by reason", "cache,reason"},
    {"cache_requests_total", kCounter, "Cache lookups by result", "cache,result"},
    {"cache_size_bytes", kGauge, "Memory that the cache's entries take", "cache"},
    {"egress_inflight", kGauge, "Requests to outside services that are on their way", ""},
    {"egress_request_duration_seconds", kHistogram, "Duration of requests to outside services.",
     "plugin", kOutboundBuckets},
    {"egress_requests_total", kCounter, "Requests to outside services by what became of them",
     "plugin,host,outcome"},
    {"http_server_active_requests", kGauge, "Requests in flight", ""},
    {"http_server_connections", kGauge, "Open connections by state", "state"},
    {"http_server_rejected_requests_total", kCounter,
     "Requests and connections that the edge rejected", "reason"},
    {"http_server_request_duration_seconds", kHistogram, "Duration of HTTP server requests.",
     "http_request_method,http_route,http_response_status_code", kRequestBuckets},
    {"log_dropped_total", kCounter, "Log records dropped because the queue was full", ""},
    {"log_messages_total", kCounter, "Log records by level", "level"},
    {"loop_stall_seconds", kGauge,
     "Longest time an event loop was kept from polling since the start", ""},
    {"process_cpu_seconds_total", kCounter, "Total user and system CPU time spent in seconds.", ""},
    {"process_max_fds", kGauge, "Maximum number of open file descriptors.", ""},
    {"process_open_fds", kGauge, "Number of open file descriptors.", ""},
    {"process_resident_memory_bytes", kGauge, "Resident memory size in bytes.", ""},
    {"process_start_time_seconds", kGauge, "Start time of the process since unix epoch in seconds.",
     ""},
    {"process_threads", kGauge, "Number of OS threads", ""},
    {"process_virtual_memory_bytes", kGauge, "Virtual memory size in bytes.", ""},
    {"process_virtual_memory_max_bytes", kGauge,
     "Maximum amount of virtual memory available in bytes.", ""},
    {"rate_limit_decisions_total", kCounter, "Requests at the limits of their clients",
     "policy,decision,backend"},
    {"tls_certificate_expiry_timestamp_seconds", kGauge,
     "When the TLS certificate of the port, or the first of its chain, ends", ""},
};

const CatalogueEntry& entryOf(std::string_view name) {
  const auto found = std::find_if(std::begin(kCatalogue), std::end(kCatalogue),
                                  [&](const CatalogueEntry& entry) { return entry.name == name; });
  if (found == std::end(kCatalogue))
    throw Error::app("METRIC_UNKNOWN", "No metric '" + std::string{name} + "' in the catalogue.");
  return *found;
}

}  // namespace

std::span<const CatalogueEntry> catalogue() {
  return kCatalogue;
}

MetricSpec specOf(std::string_view name) {
  const CatalogueEntry& entry = entryOf(name);
  MetricSpec spec;
  spec.owner = "host";
  spec.name = entry.name;
  spec.help = entry.help;
  spec.buckets.assign(entry.buckets.begin(), entry.buckets.end());
  for (std::string_view rest = entry.labels; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    spec.labels.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return spec;
}

MetricKind kindOf(std::string_view name) {
  return entryOf(name).kind;
}

}  // namespace bulkhead::host::monitoring
