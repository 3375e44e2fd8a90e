#include "health/watchdog.hpp"

#include <ctime>

#include <bulkhead/error.hpp>

namespace bulkhead::host::health {
namespace {

/// Coarse: a few milliseconds off, and a quarter of the price of the exact clock.
std::int64_t nowMs() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

void Heartbeat::beat() noexcept {
  last_ms_.store(nowMs(), std::memory_order_relaxed);
}

Heartbeat& Watchdog::heartbeat(std::string_view name) {
  const std::lock_guard lock{mutex_};
  const std::size_t count = count_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    if (heartbeats_[i].name_ == name) return heartbeats_[i];
  }
  if (count == kHeartbeatsMax)
    throw Error::app("TOO_MANY_HEARTBEATS", "The watchdog has no place for another thread.");
  Heartbeat& added = heartbeats_[count];
  added.name_ = name;
  added.beat();
  count_.store(count + 1, std::memory_order_release);
  return added;
}

bool Watchdog::isAlive() const noexcept {
  const std::size_t count = count_.load(std::memory_order_acquire);
  const std::int64_t oldest = nowMs() - bound_.count();
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t last = heartbeats_[i].last_ms_.load(std::memory_order_relaxed);
    if (last != Heartbeat::kRetired && last < oldest) return false;
  }
  return true;
}

std::vector<HeartbeatAge> Watchdog::ages() const {
  std::vector<HeartbeatAge> ages;
  const std::size_t count = count_.load(std::memory_order_acquire);
  const std::int64_t now = nowMs();
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t last = heartbeats_[i].last_ms_.load(std::memory_order_relaxed);
    if (last == Heartbeat::kRetired) continue;
    ages.push_back({heartbeats_[i].name_, std::chrono::milliseconds{now - last}});
  }
  return ages;
}

}  // namespace bulkhead::host::health
