#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "health/check.hpp"
#include "health/health_snapshot.hpp"

namespace bulkhead::host::health {

/// A check's shown status changed; for one log line.
struct CheckTransition {
  std::string check;
  std::string owner;
  Status from = Status::Healthy;
  Status to = Status::Healthy;
  std::string code;
  std::string message;
};

struct RegistryOptions {
  int threads = 4;            ///< checks that run at the same time
  int replacements_max = 64;  ///< threads started in place of those whose check hangs
  std::chrono::milliseconds stop_patience{500};  ///< the destructor waits that long for checks
  std::function<void(const CheckTransition&)> on_transition;  ///< on a registry thread, no lock
  /// The text of an exception that is not bulkhead::Error, for the log alone; any registry thread.
  std::function<void(std::string_view check, std::string_view text)> on_exception;
};

/// Runs the checks of host and plugins in the background and publishes what they found: in
/// parallel, on threads of its own, each with a hard time-out and one run at a time (ops §5.4).
/// A check that never returns costs its own thread, which is replaced within a bound; it is not run
/// again until it came back. Of one owner but the host at most two run at the same time, so that
/// the plugin whose checks all hang makes its own stale and no others. Thread-safe; readers never
/// wait for a check.
class HealthRegistry {
 public:
  explicit HealthRegistry(RegistryOptions options = {});
  HealthRegistry(const HealthRegistry&) = delete;
  HealthRegistry& operator=(const HealthRegistry&) = delete;
  /// Waits `stop_patience` for running checks. One that still hangs is left behind with what its
  /// function captured.
  ~HealthRegistry();

  /// First run at once. Throws Error (configuration, HEALTH_CHECK_EXISTS) naming both owners when
  /// the name is taken, and (configuration, HEALTH_CHECK_INVALID) when a number is out of range.
  void add(CheckSpec spec);
  /// Takes back all checks of `owner` and waits up to `patience` for those that are running. False:
  /// one is still inside its function, so what it captured must stay alive.
  bool remove(std::string_view owner, std::chrono::milliseconds patience);

  /// C21: one attempt at once, if the last was begun a second ago or more. Never blocks; false when
  /// nothing was started.
  bool requestImmediate(std::string_view name);
  /// requestImmediate() of every check that is not healthy.
  void requestImmediateOfFailing();
  /// What the checks of `owner` look at is another thing now: each runs once more at once, also one
  /// that runs already or has just run.
  void runAgain(std::string_view owner);

  /// Never null. The snapshot stays as it is; the next one is another object.
  std::shared_ptr<const HealthSnapshot> snapshot() const;

 private:
  class Core;
  const std::shared_ptr<Core> core_;  ///< shared with its threads: a hanging check outlives us
};

}  // namespace bulkhead::host::health
