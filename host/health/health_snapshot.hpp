#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "health/check.hpp"

namespace bulkhead::host::health {

using TimePoint = std::chrono::steady_clock::time_point;

/// What is known about one check when its snapshot was taken.
struct CheckReport {
  std::string name;
  std::string owner;
  CheckKind kind = CheckKind::Component;
  Weights weights;
  std::chrono::milliseconds interval{};
  Status status = Status::Healthy;  ///< damped by the thresholds
  CheckResult last;                 ///< the last result as it was
  std::optional<TimePoint> ended;   ///< of the last result; empty: never ran to an end
  std::optional<TimePoint> succeeded;
  std::chrono::microseconds duration{};
  int failures_in_a_row = 0;
  bool hung = false;  ///< its function has not come back since its last time-out
  TimePoint registered;

  bool isKnown() const { return ended.has_value(); }
  std::chrono::milliseconds age(TimePoint now) const;
  /// No result for three intervals: what it says may no longer be true.
  bool isStale(TimePoint now) const;
  /// The status that counts in `view`: worse than `status` when stale (3 intervals: degraded; 10:
  /// critical where its weight is critical), "degraded" while a check of critical weight never ran.
  Status statusAt(TimePoint now, View view) const;
  /// statusAt() capped by the check's weight in `view`.
  Status contributionAt(TimePoint now, View view) const;
  /// Before that contributionAt() is healthy, and from then on worse; TimePoint::max() for never.
  TimePoint healthyUntil(View view) const;
};

/// All checks at one moment; immutable, shared by every endpoint and dialect. The statuses are
/// judged when they are read, so that a scheduler that died shows as stale and not as healthy.
struct HealthSnapshot {
  explicit HealthSnapshot(std::uint64_t number = 0, std::vector<CheckReport> reports = {});

  std::uint64_t id;  ///< grows by one with every publication
  std::vector<CheckReport> checks;
  /// By View: until then no check makes the whole worse, and nobody need look at each of them.
  std::array<TimePoint, 2> healthy_until;

  const CheckReport* find(std::string_view name) const;
};

}  // namespace bulkhead::host::health
