#include "plugins/plugin_limits.hpp"

#include <algorithm>
#include <string_view>

namespace bulkhead::host {
namespace {

/// The link's, the heart's, those of control and checks, the store's.
constexpr std::uint64_t kWorkersOwnThreads = 21;

}  // namespace

PluginLimits effectiveLimits(const PluginConf& conf, const std::optional<Manifest>& manifest) {
  PluginLimits limits = conf.limits;
  if (!manifest) return limits;
  const auto isSet = [&](std::string_view key) {
    return std::find(conf.given.begin(), conf.given.end(), key) != conf.given.end();
  };
  const ManifestLimits& asked = manifest->limits;
  if (!isSet("limits.threads")) limits.threads = asked.threads.value_or(limits.threads);
  if (!isSet("limits.queue")) limits.queue = asked.queue.value_or(limits.queue);
  if (!isSet("limits.deadline_ms"))
    limits.deadline_ms = asked.deadline_ms.value_or(limits.deadline_ms);
  return limits;
}

HomeLimits homeLimits(const PluginLimits& limits) {
  return {{static_cast<std::size_t>(limits.threads), static_cast<std::size_t>(limits.queue)},
          static_cast<std::size_t>(limits.streams),
          std::chrono::milliseconds{limits.deadline_ms}};
}

RateLimit rateLimit(const PluginLimits& limits) {
  return {limits.requests_per_minute, limits.requests_per_hour};
}

CircuitLimits circuitLimits(const PluginLimits& limits) {
  return {static_cast<std::size_t>(limits.failures),
          std::chrono::milliseconds{limits.failure_pause_ms}};
}

WorkerCare careOf(const PluginLimits& limits) {
  WorkerCare care;
  care.restarts = static_cast<std::size_t>(limits.restarts);
  care.restart_window = std::chrono::milliseconds{limits.restart_window_ms};
  care.stuck = std::chrono::milliseconds{limits.stuck_ms};
  care.memory_soft_bytes = static_cast<std::uint64_t>(limits.memory_soft_mb) << 20U;
  care.memory_bytes_max = static_cast<std::uint64_t>(limits.memory_mb) << 20U;
  care.processor_percent_max = static_cast<unsigned>(limits.cpu_percent);
  care.processor_window = std::chrono::milliseconds{limits.cpu_window_ms};
  if (limits.own_threads > 0) {
    care.threads_max = static_cast<std::uint64_t>(limits.own_threads) + kWorkersOwnThreads +
                       static_cast<std::uint64_t>(limits.threads) +
                       static_cast<std::uint64_t>(limits.streams);
  }
  return care;
}

}  // namespace bulkhead::host
