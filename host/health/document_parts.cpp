#include "health/document_parts.hpp"

#include <cmath>
#include <fmt/format.h>

namespace bulkhead::host::health {
namespace {

constexpr double kMegabyte = 1048576;

void writeCheck(JsonWriter& out, const CheckReport& check, const Assessment& assessment) {
  out.beginObject();
  out.member("name", check.name);
  out.member("owner", check.owner);
  out.member("kind", nameOf(check.kind));
  out.member("weight", nameOf(check.weights.of(assessment.view)));
  out.member("status", nameOf(check.statusAt(assessment.now, assessment.view), assessment.view));
  out.member("lastResult", nameOf(check.last.status, assessment.view));
  out.member("code", check.isKnown() ? std::string_view{check.last.code} : "not_run");
  if (!check.last.message.empty()) out.member("message", check.last.message);
  if (check.last.configured) out.member("configured", *check.last.configured);
  if (check.last.observed) {
    out.member("observedValue", *check.last.observed);
    out.member("observedUnit", check.last.unit);
  }
  out.member("responseTimeMs", static_cast<double>(check.duration.count()) / 1000);
  out.member("ageSeconds", static_cast<double>(check.age(assessment.now).count()) / 1000);
  out.member("stale", check.isStale(assessment.now));
  out.member("hung", check.hung);
  out.member("failuresInARow", check.failures_in_a_row);
  out.endObject();
}

void writeNames(JsonWriter& out, std::string_view member, const std::vector<std::string>& names) {
  if (names.empty()) return;
  out.key(member);
  out.array(names, [](JsonWriter& item, const std::string& name) { item.value(name); });
}

void writePlugin(JsonWriter& out, const PluginHealth& plugin) {
  out.beginObject();
  out.member("id", plugin.id);
  out.member("state", plugin.state);
  if (!plugin.impairment.empty()) out.member("impairment", plugin.impairment);
  if (!plugin.reason.empty()) out.member("reason", publicMessage(plugin.reason));
  if (plugin.configured) out.member("configured", *plugin.configured);
  out.member("required", plugin.required);
  const PluginFigures& figures = plugin.figures;
  out.member("generation", figures.generation);
  out.member("restarts", figures.restarts);
  out.member("activeRequests", figures.active);
  if (figures.memory_bytes) out.member("memoryBytes", *figures.memory_bytes);
  if (figures.p50_ms) out.member("p50Ms", *figures.p50_ms);
  if (figures.p99_ms) out.member("p99Ms", *figures.p99_ms);
  writeNames(out, "capabilitiesLost", plugin.capabilities_lost);
  writeNames(out, "capabilitiesMissed", plugin.capabilities_missed);
  out.endObject();
}

}  // namespace

std::int64_t shown(double value, bool coarse) {
  return coarse ? std::lround(std::ceil(value / 10) * 10) : std::lround(value);
}

std::string percentText(double percent) {
  const double rounded = std::round(percent * 10) / 10;
  const bool whole = rounded == std::round(rounded);
  return whole ? fmt::format("{:.0f}%", rounded) : fmt::format("{:.1f}%", rounded);
}

double megabytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / kMegabyte;
}

std::string megabytesText(std::uint64_t bytes, bool coarse) {
  return fmt::format("{}MB", shown(megabytes(bytes), coarse));
}

std::int64_t uptimeSeconds(const HealthState& state, TimePoint now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now - state.startedAt()).count();
}

bool showsVersion(const HealthSources& sources, Disclosure disclosure) {
  return !disclosure.coarse || sources.policy.version_outside;
}

void writeHeartbeats(JsonWriter& out, const Watchdog& watchdog) {
  out.array(watchdog.ages(), [](JsonWriter& item, const HeartbeatAge& heartbeat) {
    item.object("name", heartbeat.name, "ageMs", heartbeat.age.count());
  });
}

void writeDetails(JsonWriter& out, const HealthSources& sources, const Assessment& assessment) {
  out.member("phase", nameOf(sources.state.phase()));
  out.key("issues");
  out.array(assessment.issues, [&](JsonWriter& item, const Issue& issue) {
    item.object("subject", issue.subject, "status", nameOf(issue.status, assessment.view), "code",
                issue.code, "message", issue.message);
  });
  out.key("checks");
  out.array(assessment.snapshot->checks, [&](JsonWriter& item, const CheckReport& check) {
    writeCheck(item, check, assessment);
  });
  out.key("plugins");
  out.array(assessment.plugins, writePlugin);
  out.key("watchdog");
  writeHeartbeats(out, sources.state.watchdog());
}

}  // namespace bulkhead::host::health
