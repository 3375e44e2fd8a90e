#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <string_view>

#include <bulkhead/json_writer.hpp>

#include "health/document_parts.hpp"
#include "health/health_documents.hpp"
#include "health/time_text.hpp"
#include "runtime/timestamp.hpp"

namespace bulkhead::host::health {
namespace {

/// C13: listed whatever is installed.
constexpr std::array<std::string_view, 5> kServices{"vapi", "googleCalendar", "twilio", "stripe",
                                                    "plaid"};

struct ServiceState {
  bool configured = false;
  std::string_view status = "missing";
};

std::string_view wordOf(Status status) {
  return status == Status::Critical ? "unavailable" : nameOf(status, View::Health);
}

/// C13's words. A check without credentials has looked at nothing: `not_checked`.
ServiceState stateOf(const Assessment& assessment, const PluginHealth& plugin) {
  ServiceState state{plugin.configured.value_or(false), "not_checked"};
  bool checked = false;
  Status worst = Status::Healthy;
  for (const auto& check : assessment.snapshot->checks) {
    if (check.owner != plugin.id || check.kind != CheckKind::Service || !check.isKnown()) continue;
    if (!plugin.configured && check.last.configured) state.configured = *check.last.configured;
    if (check.last.configured == false) continue;
    checked = true;
    worst = std::max(worst, check.statusAt(assessment.now, View::Health));
  }
  if (!plugin.impairment.empty()) {
    checked = true;
    worst = std::max(worst, Status::Degraded);
  }
  if (checked) state.status = wordOf(worst);
  if (isClosedByFault(plugin) || plugin.state == "disabled")
    state.status = plugin.state == "missing" ? "missing" : "unavailable";
  return state;
}

void writeService(JsonWriter& out, std::string_view name, ServiceState state) {
  out.key(name);
  out.object("configured", state.configured, "status", state.status);
}

void writeServices(JsonWriter& out, const Assessment& assessment) {
  out.key("services");
  out.beginObject();
  for (const std::string_view name : kServices) {
    const auto found =
        std::find_if(assessment.plugins.begin(), assessment.plugins.end(),
                     [&](const PluginHealth& plugin) { return plugin.service == name; });
    const bool known = found != assessment.plugins.end();
    writeService(out, name, known ? stateOf(assessment, *found) : ServiceState{});
  }
  for (const auto& plugin : assessment.plugins) {
    const bool fixed =
        std::find(kServices.begin(), kServices.end(), plugin.service) != kServices.end();
    if (!fixed && !plugin.service.empty())
      writeService(out, plugin.service, stateOf(assessment, plugin));
  }
  out.endObject();
}

void writeMemory(JsonWriter& out, const Resources& resources, bool coarse) {
  const double percent = std::round(resources.memoryPercent() * 10) / 10;
  out.key("memory");
  out.object("rss", megabytesText(resources.rss_bytes, coarse), "heapUsed",
             megabytesText(resources.heap_used_bytes, coarse), "heapTotal",
             megabytesText(resources.heap_total_bytes, coarse), "usagePercent",
             coarse ? std::min(100.0, std::ceil(percent / 10) * 10) : percent);
}

void writeDatabase(JsonWriter& out, const Assessment& assessment, bool coarse) {
  const KindSummary database = assessment.summaryOf(CheckKind::Database);
  const double milliseconds = static_cast<double>(database.response_time.count()) / 1000;
  out.key("database");
  out.object("status", nameOf(database.status, View::Health), "responseTime",
             fmt::format("{}ms", shown(milliseconds, coarse)), "connected",
             database.known && database.status != Status::Critical);
}

void writeCache(JsonWriter& out, const HealthSources& sources, const Assessment& assessment,
                bool coarse) {
  const CacheFigures figures = sources.cache ? sources.cache() : CacheFigures{};
  const KindSummary checks = assessment.summaryOf(CheckKind::Cache);
  const Status status = checks.known ? checks.status : Status::Healthy;
  out.key("cache");
  out.object("status", nameOf(status, View::Health), "hitRate",
             percentText(std::round(figures.hit_rate_percent)), "size",
             shown(static_cast<double>(figures.entries), coarse), "maxSize", figures.entries_max);
}

void writePerformance(JsonWriter& out, const HealthSources& sources, const Assessment& assessment,
                      bool coarse) {
  const PerformanceFigures figures =
      sources.performance ? sources.performance() : PerformanceFigures{};
  const KindSummary checks = assessment.summaryOf(CheckKind::Performance);
  const Status status = checks.known ? checks.status : Status::Healthy;
  out.key("performance");
  out.object("status", nameOf(status, View::Health), "slowQueries",
             shown(static_cast<double>(figures.slow_queries), coarse), "slowAPIs",
             shown(static_cast<double>(figures.slow_apis), coarse), "errorRate",
             percentText(figures.error_rate_percent));
}

void writeSystem(JsonWriter& out, const Resources& resources) {
  out.key("system");
  out.object("cpuPercent", std::round(resources.cpu_percent * 10) / 10, "cpuSeconds",
             resources.cpu_seconds, "cores", resources.cores, "rssBytes", resources.rss_bytes,
             "heapUsedBytes", resources.heap_used_bytes, "heapArenaBytes",
             resources.heap_arena_bytes, "memoryLimitBytes", resources.heap_total_bytes);
}

}  // namespace

std::string healthDocument(const HealthSources& sources, const Assessment& assessment,
                           Disclosure disclosure) {
  const Resources resources = sources.resources.latest();
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("status", nameOf(assessment.overall, View::Health));
    out.member("timestamp", timestampText(assessment.wall_now));
    if (showsVersion(sources, disclosure)) out.member("version", sources.identity.version);
    out.member("environment", sources.identity.environment);
    out.member("uptime", uptimeSeconds(sources.state, assessment.now));
    out.member("uptimeFormatted",
               uptimeText(std::chrono::seconds{uptimeSeconds(sources.state, assessment.now)}));
    writeMemory(out, resources, disclosure.coarse);
    writeDatabase(out, assessment, disclosure.coarse);
    writeCache(out, sources, assessment, disclosure.coarse);
    writePerformance(out, sources, assessment, disclosure.coarse);
    writeServices(out, assessment);
    out.member("checksId", assessment.snapshot->id);
    if (disclosure.details) {
      writeSystem(out, resources);
      writeDetails(out, sources, assessment);
    }
    out.endObject();
  });
}

}  // namespace bulkhead::host::health
