#include "health/health_state.hpp"

namespace bulkhead::host::health {

std::string_view nameOf(Phase phase) {
  switch (phase) {
    case Phase::Starting:
      return "starting";
    case Phase::Ready:
      return "ready";
    case Phase::Draining:
      return "draining";
  }
  return "starting";
}

HealthState::HealthState(std::chrono::milliseconds heartbeat_bound) : watchdog_{heartbeat_bound} {}

void HealthState::addPending(std::string_view item) {
  const std::lock_guard lock{mutex_};
  pending_.emplace(item);
}

void HealthState::removePending(std::string_view item) {
  const std::lock_guard lock{mutex_};
  if (const auto found = pending_.find(item); found != pending_.end()) pending_.erase(found);
}

std::vector<std::string> HealthState::pending() const {
  const std::lock_guard lock{mutex_};
  return {pending_.begin(), pending_.end()};
}

void HealthState::markReady() {
  Phase expected = Phase::Starting;
  if (phase_.compare_exchange_strong(expected, Phase::Ready, std::memory_order_acq_rel))
    started_.store(true, std::memory_order_release);
}

void HealthState::markDraining() {
  phase_.store(Phase::Draining, std::memory_order_release);
}

std::chrono::milliseconds HealthState::uptime() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begun_);
}

}  // namespace bulkhead::host::health
