#include "monitoring/host_metrics.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "monitoring/catalogue.hpp"

namespace bulkhead::host::monitoring {
namespace {

constexpr std::array<std::string_view, 9> kMethods{"GET",    "HEAD",  "POST",    "PUT",    "PATCH",
                                                   "DELETE", "TRACE", "OPTIONS", "CONNECT"};
constexpr std::array<std::string_view, 13> kPluginStates{
    "discovered", "verified", "starting", "running",     "draining", "stopped", "missing",
    "refused",    "failed",   "crashed",  "quarantined", "disabled", "hung"};
constexpr std::array<std::string_view, 5> kLevels{"debug", "info", "warn", "error", "fatal"};
constexpr std::string_view kCompiler =
#if defined(__clang__)
    "clang-" __clang_version__;
#else
    "gcc-" __VERSION__;
#endif

/// The series of a request that a thread has seen: the next ones are mostly like it.
struct RecentSeries {
  std::uint64_t generation = 0;  ///< of whose series it is; 0: of nobody's
  int status = 0;
  std::string method;
  std::string route;
  std::optional<Histogram> durations{};

  bool is(std::uint64_t of, std::string_view asked_method, std::string_view asked_route,
          int asked_status) const {
    return generation == of && status == asked_status && route == asked_route &&
           method == asked_method;
  }
};
constexpr std::size_t kRecentSeries = 16;  ///< of each thread

std::uint64_t nextGeneration() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

void emit(const SampleSink& sink, std::initializer_list<std::string_view> labels, double value) {
  sink(std::span<const std::string_view>{labels.begin(), labels.size()}, value);
}

void addSampled(Metrics& metrics, std::string_view name, Sampler sampler) {
  metrics.sampled(kindOf(name), specOf(name), std::move(sampler));
}

/// A metric of one sample, by a function that may be empty.
template <class Function>
void addFigure(Metrics& metrics, std::string_view name, Function function) {
  if (!function) return;
  addSampled(metrics, name, [function = std::move(function)](const SampleSink& sink) {
    emit(sink, {}, static_cast<double>(function()));
  });
}

/// A metric with a sample for each item of `list()`.
template <class List, class Write>
void addList(Metrics& metrics, std::string_view name, const List& list, Write write) {
  if (!list) return;
  addSampled(metrics, name, [list, write = std::move(write)](const SampleSink& sink) {
    for (const auto& item : list()) write(sink, item);
  });
}

void addSeed(Metrics& metrics, const HostMetricSources& sources) {
  const auto available = [](const std::function<bool()>& asked) {
    return [asked] { return asked && asked() ? 1 : 0; };
  };
  addSampled(metrics, "accubooks_up", [](const SampleSink& sink) { emit(sink, {}, 1); });
  addFigure(metrics, "accubooks_database_available",
            std::function<int()>{available(sources.database_available)});
  addFigure(metrics, "accubooks_redis_available",
            std::function<int()>{available(sources.redis_available)});
  addFigure(metrics, "accubooks_memory_used_bytes", sources.memory_used_bytes);
  addFigure(metrics, "accubooks_memory_total_bytes", sources.memory_total_bytes);
  if (sources.uptime) {
    addFigure(metrics, "accubooks_uptime_seconds",
              std::function<double()>{[uptime = sources.uptime] {
                return std::chrono::duration<double>(uptime()).count();
              }});
  }
}

void addBuild(Metrics& metrics, const HostMetricSources& sources) {
  addSampled(metrics, "bulkhead_build_info",
             [version = sources.version, revision = sources.revision](const SampleSink& sink) {
               emit(sink, {version, revision, kCompiler}, 1);
             });
}

void addHealth(Metrics& metrics, const HostMetricSources& sources) {
  addList(metrics, "bulkhead_health_status", sources.checks,
          [](const SampleSink& sink, const CheckSample& check) {
            emit(sink, {check.check}, check.status);
          });
  addList(metrics, "bulkhead_health_check_duration_seconds", sources.checks,
          [](const SampleSink& sink, const CheckSample& check) {
            emit(sink, {check.check}, check.duration_seconds);
          });
  addList(metrics, "bulkhead_health_check_age_seconds", sources.checks,
          [](const SampleSink& sink, const CheckSample& check) {
            emit(sink, {check.check}, check.age_seconds);
          });
  addList(metrics, "bulkhead_plugin_state", sources.plugins,
          [](const SampleSink& sink, const PluginSample& plugin) {
            for (const auto state : kPluginStates)
              emit(sink, {plugin.plugin, state}, plugin.state == state ? 1 : 0);
          });
  const auto figure = [&](std::string_view name, std::uint64_t PluginSample::*member) {
    addList(metrics, name, sources.plugins,
            [member](const SampleSink& sink, const PluginSample& plugin) {
              emit(sink, {plugin.plugin}, static_cast<double>(plugin.*member));
            });
  };
  figure("bulkhead_plugin_active_requests", &PluginSample::active);
  figure("bulkhead_plugin_asks_stuck", &PluginSample::asks_stuck);
  figure("bulkhead_plugin_circuit_state", &PluginSample::circuit);
  figure("bulkhead_plugin_circuit_opens_total", &PluginSample::circuit_opens);
  figure("bulkhead_plugin_generation", &PluginSample::generation);
  figure("bulkhead_plugin_recycles_total", &PluginSample::recycles);
  figure("bulkhead_plugin_restarts_total", &PluginSample::restarts);
  addList(metrics, "bulkhead_plugin_memory_bytes", sources.plugins,
          [](const SampleSink& sink, const PluginSample& plugin) {
            if (plugin.memory_bytes)
              emit(sink, {plugin.plugin}, static_cast<double>(*plugin.memory_bytes));
          });
  const auto recent = [&](std::string_view name, std::optional<double> PluginSample::*member) {
    addList(metrics, name, sources.plugins,
            [member](const SampleSink& sink, const PluginSample& plugin) {
              if (plugin.*member) emit(sink, {plugin.plugin}, *(plugin.*member) / 1000);
            });
  };
  recent("bulkhead_plugin_recent_duration_p50_seconds", &PluginSample::p50_ms);
  recent("bulkhead_plugin_recent_duration_p99_seconds", &PluginSample::p99_ms);
  const auto capabilities = [&](std::string_view name,
                                std::vector<std::string> PluginSample::*member) {
    addList(metrics, name, sources.plugins,
            [member](const SampleSink& sink, const PluginSample& plugin) {
              for (const auto& capability : plugin.*member)
                emit(sink, {plugin.plugin, capability}, 1);
            });
  };
  capabilities("bulkhead_plugin_capability_lost", &PluginSample::capabilities_lost);
  capabilities("bulkhead_plugin_capability_missed", &PluginSample::capabilities_missed);
}

void addCaches(Metrics& metrics, const HostMetricSources& sources) {
  const auto gauge = [&](std::string_view name, std::uint64_t CacheSample::*figure) {
    addList(metrics, name, sources.caches,
            [figure](const SampleSink& sink, const CacheSample& cache) {
              emit(sink, {cache.cache}, static_cast<double>(cache.*figure));
            });
  };
  gauge("cache_entries", &CacheSample::entries);
  gauge("cache_capacity_entries", &CacheSample::entries_max);
  gauge("cache_size_bytes", &CacheSample::bytes);
  addList(metrics, "cache_requests_total", sources.caches,
          [](const SampleSink& sink, const CacheSample& cache) {
            emit(sink, {cache.cache, "hit"}, static_cast<double>(cache.hits));
            emit(sink, {cache.cache, "miss"}, static_cast<double>(cache.misses));
          });
  addList(metrics, "cache_evictions_total", sources.caches,
          [](const SampleSink& sink, const CacheSample& cache) {
            emit(sink, {cache.cache, "lru"}, static_cast<double>(cache.evicted_by_size));
            emit(sink, {cache.cache, "expired"}, static_cast<double>(cache.expired));
          });
}

void addLogs(Metrics& metrics, const HostMetricSources& sources) {
  if (!sources.logs) return;
  addSampled(metrics, "log_messages_total", [logs = sources.logs](const SampleSink& sink) {
    const LogCounts counts = logs();
    for (std::size_t i = 0; i < kLevels.size(); ++i)
      emit(sink, {kLevels[i]}, static_cast<double>(counts.by_level[i]));
  });
  addSampled(metrics, "log_dropped_total", [logs = sources.logs](const SampleSink& sink) {
    emit(sink, {}, static_cast<double>(logs().dropped));
  });
}

void addFront(Metrics& metrics, const HostMetricSources& sources) {
  if (!sources.front) return;
  const auto& front = sources.front;
  addSampled(metrics, "http_server_connections", [front](const SampleSink& sink) {
    const FrontFigures figures = front();
    emit(sink, {"active"}, static_cast<double>(figures.active_connections));
    emit(sink, {"idle"}, static_cast<double>(figures.idle_connections));
  });
  addSampled(metrics, "http_server_active_requests", [front](const SampleSink& sink) {
    emit(sink, {}, static_cast<double>(front().active_requests));
  });
  addSampled(metrics, "http_server_rejected_requests_total", [front](const SampleSink& sink) {
    for (const auto& [reason, count] : front().rejected)
      emit(sink, {reason}, static_cast<double>(count));
  });
  addSampled(metrics, "loop_stall_seconds",
             [front](const SampleSink& sink) { emit(sink, {}, front().loop_stall_seconds); });
}

void addCertificate(Metrics& metrics, const HostMetricSources& sources) {
  if (!sources.certificate_expiry) return;
  addSampled(metrics, "tls_certificate_expiry_timestamp_seconds",
             [expiry = sources.certificate_expiry](const SampleSink& sink) {
               if (const auto end = expiry()) emit(sink, {}, *end);
             });
}

void addSecurity(Metrics& metrics, const HostMetricSources& sources) {
  addList(metrics, "auth_failures_total", sources.refused_credentials,
          [](const SampleSink& sink, const auto& refused) {
            emit(sink, {refused.first}, static_cast<double>(refused.second));
          });
  addList(metrics, "bulkhead_sanitized_values_total", sources.sanitized_values,
          [](const SampleSink& sink, const auto& sanitized) {
            emit(sink, {sanitized.first}, static_cast<double>(sanitized.second));
          });
}

void addProcess(Metrics& metrics) {
  const auto figure = [&](std::string_view name, auto member) {
    addSampled(metrics, name, [member](const SampleSink& sink) {
      emit(sink, {}, static_cast<double>(readProcessStatistics().*member));
    });
  };
  figure("process_cpu_seconds_total", &ProcessStatistics::cpu_seconds);
  figure("process_open_fds", &ProcessStatistics::open_fds);
  figure("process_max_fds", &ProcessStatistics::max_fds);
  figure("process_virtual_memory_bytes", &ProcessStatistics::virtual_bytes);
  figure("process_virtual_memory_max_bytes", &ProcessStatistics::virtual_max_bytes);
  figure("process_resident_memory_bytes", &ProcessStatistics::resident_bytes);
  figure("process_start_time_seconds", &ProcessStatistics::start_time_seconds);
  figure("process_threads", &ProcessStatistics::threads);
}

}  // namespace

double CacheSample::hitRatePercent() const {
  const auto lookups = hits + misses;
  return lookups == 0 ? 0 : 100.0 * static_cast<double>(hits) / static_cast<double>(lookups);
}

HostMetrics::HostMetrics(Metrics& metrics, const HostMetricSources& sources)
    : request_duration_{metrics.histogram(specOf("http_server_request_duration_seconds"))},
      generation_{nextGeneration()} {
  addSeed(metrics, sources);
  addBuild(metrics, sources);
  addHealth(metrics, sources);
  addCaches(metrics, sources);
  addLogs(metrics, sources);
  addFront(metrics, sources);
  addCertificate(metrics, sources);
  addSecurity(metrics, sources);
  addFigure(metrics, "egress_inflight", sources.outbound_in_flight);
  addProcess(metrics);
}

void HostMetrics::observeRequest(std::string_view method, std::string_view route, int status,
                                 std::chrono::microseconds duration) {
  thread_local std::array<RecentSeries, kRecentSeries> recent;
  RecentSeries& place =
      recent[(route.size() + method.size() + static_cast<unsigned>(status)) % kRecentSeries];
  if (!place.is(generation_, method, route, status)) {
    const std::uint64_t overflows = request_duration_.overflows();
    const Histogram found = durationsOf(method, route, status);
    // Every look-up that ends in the overflow series is counted, so that one is not remembered.
    const bool is_own = request_duration_.overflows() == overflows;
    place.generation = is_own ? generation_ : 0;
    place.status = status;
    place.method = method;
    place.route = route;
    place.durations = found;
  }
  place.durations->observe(std::chrono::duration<double>(duration).count());
}

Histogram HostMetrics::durationsOf(std::string_view method, std::string_view route, int status) {
  const bool known = std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
  std::array<char, 12> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), status).ptr;
  const std::string_view code{digits.data(), static_cast<std::size_t>(end - digits.data())};
  return request_duration_.histogram({known ? method : "_OTHER", route, code});
}

}  // namespace bulkhead::host::monitoring
