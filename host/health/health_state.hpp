#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "health/watchdog.hpp"

namespace bulkhead::host::health {

enum class Phase { Starting, Ready, Draining };

std::string_view nameOf(Phase phase);

/// Where the host is in its life (C4): starting -> ready -> draining, what the start still waits
/// for, and the heartbeats of its core threads. Thread-safe; one per process.
class HealthState {
 public:
  explicit HealthState(std::chrono::milliseconds heartbeat_bound = std::chrono::seconds{30});

  /// The start waits for `item` ("plugin stripe", "listener").
  void addPending(std::string_view item);
  void removePending(std::string_view item);
  /// In order of name.
  std::vector<std::string> pending() const;

  /// Ends the start, whatever is pending. No effect while draining.
  void markReady();
  void markDraining();
  Phase phase() const noexcept { return phase_.load(std::memory_order_acquire); }
  /// True from the first markReady() on, also while draining (start-up probe).
  bool hasStarted() const noexcept { return started_.load(std::memory_order_acquire); }

  std::chrono::milliseconds uptime() const;
  std::chrono::steady_clock::time_point startedAt() const { return begun_; }

  Heartbeat& heartbeat(std::string_view name) { return watchdog_.heartbeat(name); }
  const Watchdog& watchdog() const { return watchdog_; }

 private:
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  Watchdog watchdog_;
  std::atomic<Phase> phase_{Phase::Starting};
  std::atomic<bool> started_{false};
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> pending_;
};

}  // namespace bulkhead::host::health
