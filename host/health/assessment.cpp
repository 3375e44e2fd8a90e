#include "health/assessment.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/services.hpp"

namespace bulkhead::host::health {
namespace {

constexpr std::array<std::string_view, 6> kClosedByFault{"missing", "refused", "failed",
                                                         "crashed", "hung",    "quarantined"};

void add(Assessment& assessment, Issue issue) {
  assessment.overall = std::max(assessment.overall, issue.status);
  assessment.issues.push_back(std::move(issue));
}

void addChecks(Assessment& assessment) {
  const auto view = static_cast<std::size_t>(assessment.view);
  if (assessment.now < assessment.snapshot->healthy_until[view]) return;
  for (const auto& check : assessment.snapshot->checks) {
    const Status status = check.contributionAt(assessment.now, assessment.view);
    if (status == Status::Healthy) continue;
    const bool stale = check.isStale(assessment.now);
    std::string code = stale ? "stale" : check.isKnown() ? check.last.code : "starting";
    std::string message = stale ? "No result for too long." : check.last.message;
    add(assessment, {"check " + check.name, std::move(code), std::move(message), status});
  }
}

void addPlugins(Assessment& assessment) {
  for (const auto& plugin : assessment.plugins) {
    if (!isClosedByFault(plugin) && plugin.impairment.empty()) continue;
    add(assessment,
        {"plugin " + plugin.id, plugin.impairment.empty() ? plugin.state : plugin.impairment,
         publicMessage(plugin.reason), Status::Degraded});
  }
}

void addDependencies(Assessment& assessment) {
  if (assessment.redis.configured && !assessment.redis.connected)
    add(assessment, {"redis", "unavailable",
                     assessment.redis.reason.empty() ? "Redis does not answer."
                                                     : publicMessage(assessment.redis.reason),
                     Status::Degraded});
  if (assessment.job_queues && assessment.job_queues->status != Status::Healthy)
    add(assessment, {"job queues", "degraded", "The job queues are degraded.", Status::Degraded});
}

void addHost(Assessment& assessment, const HealthSources& sources) {
  if (!sources.state.watchdog().isAlive())
    add(assessment, {"watchdog", "stalled", "A core thread does not move.", Status::Critical});
  if (!sources.state.hasStarted() && sources.state.uptime() > sources.policy.start_max)
    add(assessment, {"start", "starting", "The start takes too long.", Status::Critical});
}

}  // namespace

bool isClosedByFault(const PluginHealth& plugin) {
  return std::find(kClosedByFault.begin(), kClosedByFault.end(), plugin.state) !=
         kClosedByFault.end();
}

KindSummary Assessment::summaryOf(CheckKind kind) const {
  KindSummary summary;
  bool any = false;
  for (const auto& check : snapshot->checks) {
    if (check.kind != kind) continue;
    const Status status = check.isKnown() ? check.statusAt(now, view) : Status::Degraded;
    summary.status = any ? std::max(summary.status, status) : status;
    summary.known = (any ? summary.known : true) && check.isKnown();
    summary.succeeded = (any ? summary.succeeded : true) && check.succeeded.has_value();
    summary.response_time = std::max(summary.response_time, check.duration);
    any = true;
  }
  return summary;
}

Assessment assess(const HealthSources& sources, View view) {
  Assessment assessment;
  assessment.view = view;
  assessment.snapshot = sources.registry.snapshot();
  assessment.now = std::chrono::steady_clock::now();
  assessment.wall_now = SystemClock::now();
  if (sources.plugins) assessment.plugins = sources.plugins();
  if (sources.redis) assessment.redis = sources.redis();
  if (sources.job_queues) assessment.job_queues = sources.job_queues();
  addChecks(assessment);
  addPlugins(assessment);
  addDependencies(assessment);
  addHost(assessment, sources);
  return assessment;
}

Readiness readiness(const HealthSources& sources) {
  const Phase phase = sources.state.phase();
  if (phase == Phase::Draining) return {false, "draining", {}};
  if (phase == Phase::Starting) return {false, "starting", sources.state.pending()};
  if (!sources.state.watchdog().isAlive()) return {false, "not_ready", {"watchdog"}};

  std::vector<std::string> missing;
  const auto snapshot = sources.registry.snapshot();
  for (const auto& name : sources.policy.readiness_requires) {
    const CheckReport* check = snapshot->find(name);
    const bool usable =
        check != nullptr && check->isKnown() &&
        check->statusAt(std::chrono::steady_clock::now(), View::Health) != Status::Critical;
    if (!usable) missing.push_back("check " + name);
  }
  if (sources.plugins) {
    for (const auto& plugin : sources.plugins()) {
      if (plugin.required && isClosedByFault(plugin)) missing.push_back("plugin " + plugin.id);
    }
  }
  const bool ready = missing.empty();
  return {ready, ready ? "ready" : "not_ready", std::move(missing)};
}

}  // namespace bulkhead::host::health
