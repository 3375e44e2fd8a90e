#include "monitoring/monitoring_documents.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include <bulkhead/json_writer.hpp>

#include "runtime/timestamp.hpp"

namespace bulkhead::host::monitoring {
namespace {

constexpr double kMegabyte = 1048576;

double rounded(double value, double steps = 100) {
  return std::round(value * steps) / steps;
}

double millisecondsOf(std::chrono::microseconds duration) {
  return rounded(static_cast<double>(duration.count()) / 1000);
}

void writeTimestamp(JsonWriter& out, const MonitoringSources& sources) {
  out.member("timestamp", timestampText(sources.performance.options().now()));
}

void writeDurations(JsonWriter& out, const DurationCounts& counts) {
  out.member("total", counts.total());
  out.member("slow", counts.slow());
  out.member("slowPercentage", rounded(counts.percentOf(counts.slow())));
  out.member("averageMs", rounded(counts.averageMs()));
  out.member("p50Ms", rounded(counts.percentileMs(0.50)));
  out.member("p95Ms", rounded(counts.percentileMs(0.95)));
  out.member("p99Ms", rounded(counts.percentileMs(0.99)));
}

void writePerformance(JsonWriter& out, const MonitoringSources& sources,
                      const PerformanceStatistics& statistics) {
  out.key("performance");
  out.beginObject();
  out.key("queries");
  out.beginObject();
  writeDurations(out, statistics.queries);
  out.member("thresholdMs", sources.performance.thresholds().query.count());
  out.endObject();
  out.key("apis");
  out.beginObject();
  writeDurations(out, statistics.apis);
  out.member("thresholdMs", sources.performance.thresholds().api.count());
  out.member("errorRate", rounded(statistics.errorRatePercent()));
  out.member("apiErrorRate", rounded(statistics.apiErrorRatePercent()));
  out.endObject();
  out.key("errors");
  out.beginObject();
  out.member("total", statistics.errors);
  out.key("byCategory");
  out.beginObject();
  for (const auto& [category, count] : statistics.errors_by_category) out.member(category, count);
  out.endObject();
  out.endObject();
  out.endObject();
}

CacheSample sumOf(const std::vector<CacheSample>& caches) {
  CacheSample sum;
  for (const auto& cache : caches) {
    sum.hits += cache.hits;
    sum.misses += cache.misses;
    sum.evicted_by_size += cache.evicted_by_size;
    sum.expired += cache.expired;
    sum.entries += cache.entries;
    sum.entries_max += cache.entries_max;
    sum.bytes += cache.bytes;
    sum.bytes_max += cache.bytes_max;
  }
  return sum;
}

void writeCacheFigures(JsonWriter& out, const CacheSample& cache) {
  out.member("hitRate", rounded(cache.hitRatePercent()));
  out.member("hits", cache.hits);
  out.member("misses", cache.misses);
  out.member("size", cache.entries);
  out.member("maxSize", cache.entries_max);
  out.member("evictions", cache.evicted_by_size);
  out.member("expired", cache.expired);
  out.key("memoryUsage");
  out.object("usedBytes", cache.bytes, "maxBytes", cache.bytes_max);
}

void writeCache(JsonWriter& out, const MonitoringSources& sources) {
  const auto caches = sources.caches ? sources.caches() : std::vector<CacheSample>{};
  writeCacheFigures(out, sumOf(caches));
  out.key("caches");
  out.beginObject();
  for (const auto& cache : caches) {
    out.key(cache.cache);
    out.beginObject();
    writeCacheFigures(out, cache);
    out.endObject();
  }
  out.endObject();
}

void writeSystem(JsonWriter& out, const SystemFigures& system) {
  const double used = static_cast<double>(system.memory_used_bytes);
  const double total = static_cast<double>(system.memory_total_bytes);
  out.key("system");
  out.beginObject();
  out.member("uptime", std::chrono::duration_cast<std::chrono::seconds>(system.uptime).count());
  out.key("memory");
  out.object("rss", std::llround(static_cast<double>(system.rss_bytes) / kMegabyte), "used",
             std::llround(used / kMegabyte), "total", std::llround(total / kMegabyte), "unit", "MB",
             "usagePercent", total > 0 ? rounded(100 * used / total) : 0);
  out.key("cpu");
  out.object("usagePercent", rounded(system.cpu_percent), "seconds", rounded(system.cpu_seconds),
             "cores", system.cores);
  out.endObject();
}

/// An object with a timestamp, a count and a list.
template <class Items, class Write>
std::string listDocument(const MonitoringSources& sources, std::string_view name,
                         const Items& items, const Write& write) {
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    writeTimestamp(out, sources);
    out.member("count", items.size());
    out.key(name);
    out.array(items, write);
    out.endObject();
  });
}

void writeIssues(JsonWriter& out, const std::vector<Recommendation>& findings,
                 const PerformanceStatistics& statistics) {
  out.key("topIssues");
  out.beginArray();
  for (const auto& finding : findings) {
    out.object("issue", finding.issue, "rule", finding.rule, "observed", rounded(finding.observed),
               "limit", finding.limit, "unit", finding.unit);
  }
  std::vector<std::pair<std::string, std::uint64_t>> categories{
      statistics.errors_by_category.begin(), statistics.errors_by_category.end()};
  std::stable_sort(categories.begin(), categories.end(),
                   [](const auto& left, const auto& right) { return left.second > right.second; });
  if (categories.size() > 3) categories.resize(3);
  for (const auto& [category, count] : categories) {
    out.object("issue", "Errors of category " + category + ".", "rule", "error_category",
               "observed", count, "unit", "errors");
  }
  out.endArray();
}

void writeSummary(JsonWriter& out, const PerformanceStatistics& statistics) {
  out.key("summary");
  out.object("totalQueries", statistics.queries.total(), "slowQueries", statistics.queries.slow(),
             "averageQueryMs", rounded(statistics.queries.averageMs()), "totalApiCalls",
             statistics.apis.total(), "slowAPIs", statistics.apis.slow(), "averageApiMs",
             rounded(statistics.apis.averageMs()), "errors", statistics.errors, "errorRate",
             rounded(statistics.errorRatePercent()), "apiErrorRate",
             rounded(statistics.apiErrorRatePercent()));
}

}  // namespace

std::string metricsDocument(const MonitoringSources& sources, std::int64_t window) {
  const PerformanceStatistics statistics = sources.performance.statistics(window);
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    writeTimestamp(out, sources);
    out.member("window", window);
    writePerformance(out, sources, statistics);
    out.key("cache");
    out.beginObject();
    writeCache(out, sources);
    out.endObject();
    writeSystem(out, sources.system ? sources.system() : SystemFigures{});
    out.endObject();
  });
}

std::string slowQueriesDocument(const MonitoringSources& sources, std::size_t limit) {
  return listDocument(sources, "slowQueries", sources.performance.slowQueries(limit),
                      [](JsonWriter& out, const SlowQuery& query) {
                        out.object("timestamp", timestampText(query.at), "owner", query.owner,
                                   "query", query.statement, "durationMs",
                                   millisecondsOf(query.duration));
                      });
}

std::string slowApisDocument(const MonitoringSources& sources, std::size_t limit) {
  return listDocument(sources, "slowAPIs", sources.performance.slowApis(limit),
                      [](JsonWriter& out, const SlowApi& call) {
                        out.object("timestamp", timestampText(call.at), "method", call.method,
                                   "route", call.route, "statusCode", call.status, "durationMs",
                                   millisecondsOf(call.duration), "requestId", call.request_id);
                      });
}

std::string errorsDocument(const MonitoringSources& sources, std::size_t limit) {
  return listDocument(sources, "errors", sources.performance.errors(limit),
                      [](JsonWriter& out, const TrackedError& error) {
                        out.object("timestamp", timestampText(error.at), "code", error.code,
                                   "message", error.message, "category", error.category, "severity",
                                   nameOf(error.severity), "method", error.method, "route",
                                   error.route, "statusCode", error.status, "requestId",
                                   error.request_id);
                      });
}

std::string reportDocument(const MonitoringSources& sources, std::int64_t window) {
  const PerformanceStatistics statistics = sources.performance.statistics(window);
  const auto findings = recommend(statistics, sources.limits);
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    writeTimestamp(out, sources);
    out.member("window", window);
    writeSummary(out, statistics);
    writeIssues(out, findings, statistics);
    out.key("recommendations");
    out.array(findings, [](JsonWriter& item, const Recommendation& finding) {
      item.object("rule", finding.rule, "recommendation", finding.advice);
    });
    out.endObject();
  });
}

std::string databaseStatsDocument(const MonitoringSources& sources) {
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    writeTimestamp(out, sources);
    out.key("counts");
    out.beginObject();
    if (sources.table_counts) {
      for (const auto& [table, rows] : sources.table_counts()) out.member(table, rows);
    }
    out.endObject();
    out.endObject();
  });
}

std::string cacheStatsDocument(const MonitoringSources& sources) {
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    writeTimestamp(out, sources);
    writeCache(out, sources);
    out.endObject();
  });
}

}  // namespace bulkhead::host::monitoring
