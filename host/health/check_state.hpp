#pragma once

#include <chrono>

#include "health/check.hpp"
#include "health/health_snapshot.hpp"

namespace bulkhead::host::health {

/// The life of one check as pure logic: when it is due, what its last results mean (damping), and
/// whether a run hangs. Knows no thread and no clock; the registry calls it under its lock.
class CheckState {
 public:
  /// First due at `now`.
  CheckState(const CheckSpec& spec, TimePoint now);

  /// Due for a run, and not running.
  bool isDue(TimePoint now) const { return !running_ && now >= next_due_; }
  bool isRunning() const { return running_; }
  /// The function is out and its time is up; its result no longer counts.
  bool isAbandoned() const { return running_ && abandoned_; }
  /// Running and past its time-out, or abandoned and an interval older than its last "timeout".
  bool isOverdue(TimePoint now) const { return running_ && now >= deadline_; }
  /// When isDue() or isOverdue() may next change by itself.
  TimePoint nextEvent() const { return running_ ? deadline_ : next_due_; }

  void begin(TimePoint now);
  /// The run came back. Its result counts unless it was abandoned. `jitter` is a factor for the
  /// interval.
  void finish(CheckResult result, TimePoint now, double jitter);
  /// The time is up: counts as a critical result "timeout", again after each further interval, so
  /// that a check that never returns is not one lonely failure.
  void timeOut(TimePoint now);
  /// C21: makes it due now unless it runs or was begun less than a second ago. True when made due.
  bool requestNow(TimePoint now);
  /// Makes it due now; when it runs, at the end of that run.
  void runAgain(TimePoint now);

  const CheckReport& report() const { return report_; }

 private:
  void apply(CheckResult result, TimePoint now);
  void damp(Status found);

  std::chrono::milliseconds timeout_;
  int failure_threshold_;
  int success_threshold_;
  CheckReport report_;
  TimePoint next_due_;
  TimePoint deadline_;
  TimePoint begun_;
  bool ever_begun_ = false;
  bool running_ = false;
  bool abandoned_ = false;
  bool again_ = false;
  int worse_in_a_row_ = 0;
  int better_in_a_row_ = 0;
};

}  // namespace bulkhead::host::health
