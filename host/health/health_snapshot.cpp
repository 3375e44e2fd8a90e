#include "health/health_snapshot.hpp"

#include <algorithm>
#include <utility>

namespace bulkhead::host::health {
namespace {

constexpr int kStaleIntervals = 3;
constexpr int kDeadIntervals = 10;

Status capOf(Weight weight) {
  switch (weight) {
    case Weight::Info:
      return Status::Healthy;
    case Weight::Degrading:
      return Status::Degraded;
    case Weight::Critical:
      return Status::Critical;
  }
  return Status::Critical;
}

}  // namespace

std::chrono::milliseconds CheckReport::age(TimePoint now) const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - ended.value_or(registered));
}

bool CheckReport::isStale(TimePoint now) const {
  return age(now) >= kStaleIntervals * interval;
}

Status CheckReport::statusAt(TimePoint now, View view) const {
  const bool critical_weight = weights.of(view) == Weight::Critical;
  if (critical_weight && age(now) >= kDeadIntervals * interval) return Status::Critical;
  if (isStale(now)) return std::max(status, Status::Degraded);
  if (!isKnown()) return critical_weight ? Status::Degraded : Status::Healthy;
  return status;
}

Status CheckReport::contributionAt(TimePoint now, View view) const {
  if (kind == CheckKind::Service && last.configured == false) return Status::Healthy;
  return std::min(statusAt(now, view), capOf(weights.of(view)));
}

TimePoint CheckReport::healthyUntil(View view) const {
  const bool never_counts = kind == CheckKind::Service && last.configured == false;
  if (never_counts || capOf(weights.of(view)) == Status::Healthy) return TimePoint::max();
  const Status fresh = isKnown()                              ? status
                       : weights.of(view) == Weight::Critical ? Status::Degraded
                                                              : Status::Healthy;
  if (fresh != Status::Healthy) return TimePoint::min();
  return ended.value_or(registered) + kStaleIntervals * interval;
}

HealthSnapshot::HealthSnapshot(std::uint64_t number, std::vector<CheckReport> reports)
    : id{number}, checks{std::move(reports)} {
  for (const View view : {View::Health, View::Monitoring}) {
    TimePoint& until = healthy_until[static_cast<std::size_t>(view)];
    until = TimePoint::max();
    for (const auto& check : checks) until = std::min(until, check.healthyUntil(view));
  }
}

const CheckReport* HealthSnapshot::find(std::string_view name) const {
  const auto found = std::find_if(checks.begin(), checks.end(),
                                  [&](const CheckReport& check) { return check.name == name; });
  return found == checks.end() ? nullptr : &*found;
}

}  // namespace bulkhead::host::health
