#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host::health {

/// The sign of life of one core thread. beat() is one relaxed store and a coarse clock read; the
/// owner calls it at least every ten seconds, also when idle.
class Heartbeat {
 public:
  void beat() noexcept;
  /// The thread ends on purpose: its silence is no fault from now on. beat() revives it.
  void retire() noexcept { last_ms_.store(kRetired, std::memory_order_relaxed); }

 private:
  friend class Watchdog;
  static constexpr std::int64_t kRetired = -1;
  std::string name_;
  std::atomic<std::int64_t> last_ms_{kRetired};  ///< CLOCK_MONOTONIC milliseconds
};

struct HeartbeatAge {
  std::string_view name;  ///< valid as long as the watchdog
  std::chrono::milliseconds age;
};

/// The heartbeats of loops, scheduler and pools (C5): the only thing that liveness asks. Reading
/// takes no lock and touches no dependency.
class Watchdog {
 public:
  static constexpr std::size_t kHeartbeatsMax = 64;

  explicit Watchdog(std::chrono::milliseconds bound = std::chrono::seconds{30}) : bound_{bound} {}
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// The one heartbeat of that name, made on first use and beating from then on; valid as long as
  /// the watchdog. Throws Error (app, TOO_MANY_HEARTBEATS) above kHeartbeatsMax.
  Heartbeat& heartbeat(std::string_view name);
  /// False when a heartbeat is older than the bound.
  bool isAlive() const noexcept;
  std::vector<HeartbeatAge> ages() const;
  std::chrono::milliseconds bound() const { return bound_; }

 private:
  const std::chrono::milliseconds bound_;
  std::mutex mutex_;
  std::array<Heartbeat, kHeartbeatsMax> heartbeats_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace bulkhead::host::health
