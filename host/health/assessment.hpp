#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "health/health_snapshot.hpp"
#include "health/health_sources.hpp"

namespace bulkhead::host::health {

/// One reason why the whole is not healthy.
struct Issue {
  std::string subject;  ///< "check database", "plugin stripe", "watchdog", "start", "redis"
  std::string code;
  std::string message;
  Status status = Status::Degraded;  ///< what it does to the whole
};

/// All checks of one kind, as one line.
struct KindSummary {
  Status status = Status::Degraded;  ///< the worst; degraded when there is none or none ran yet
  bool known = false;                ///< at least one, and each has run
  bool succeeded = false;            ///< each was healthy at least once
  std::chrono::microseconds response_time{};  ///< of the slowest
};

/// The state of the host at one moment, judged for one view: what every body is written from, so
/// that fields of one body cannot contradict each other.
struct Assessment {
  View view = View::Health;
  TimePoint now;
  std::chrono::system_clock::time_point wall_now;
  Status overall = Status::Healthy;
  std::vector<Issue> issues;
  std::shared_ptr<const HealthSnapshot> snapshot;
  std::vector<PluginHealth> plugins;
  RedisFigures redis;
  std::optional<JobQueueFigures> job_queues;

  KindSummary summaryOf(CheckKind kind) const;
};

/// Reads the snapshot and the sources, and rolls them up (C3).
Assessment assess(const HealthSources& sources, View view);

struct Readiness {
  bool ready = false;
  std::string_view status;           ///< "ready", "starting", "draining" or "not_ready"
  std::vector<std::string> pending;  ///< what a start waits for, or the required that are missing
};

/// C4: by phase; dependencies count only where the policy or a plugin's `required` says so.
Readiness readiness(const HealthSources& sources);

/// missing, refused, failed, crashed, hung, quarantined: closed by a fault. `disabled` is a choice.
bool isClosedByFault(const PluginHealth& plugin);

}  // namespace bulkhead::host::health
