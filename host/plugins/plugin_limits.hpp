#pragma once

#include <optional>

#include "config/plugin_conf.hpp"
#include "plugins/circuit_breaker.hpp"
#include "plugins/home.hpp"
#include "plugins/manifest.hpp"
#include "plugins/worker_care.hpp"
#include "runtime/rate_quota.hpp"

namespace bulkhead::host {

/// The operator's limits, wherever they are written, else those that the plugin asks for, else the
/// host's.
PluginLimits effectiveLimits(const PluginConf& conf, const std::optional<Manifest>& manifest);

/// What of them each part that keeps them wants.
HomeLimits homeLimits(const PluginLimits& limits);
RateLimit rateLimit(const PluginLimits& limits);
CircuitLimits circuitLimits(const PluginLimits& limits);
WorkerCare careOf(const PluginLimits& limits);

}  // namespace bulkhead::host
