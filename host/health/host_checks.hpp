#pragma once

#include <cstdint>
#include <functional>

#include "health/check.hpp"
#include "health/health_sources.hpp"
#include "health/resource_sampler.hpp"

namespace bulkhead::host::health {

/// The checks that the host registers for itself, owner "host".

/// "memory", each second: samples, degraded from 85 %, critical from 95 % for three samples (S79,
/// ops §5.4), critical in both views (C3). `sampler` outlives the registration.
CheckSpec memoryCheck(ResourceSampler& sampler);

/// "database" (or another `name` for a plugin's store), each 5 s: `ping` answers within the budget
/// or is critical. Weight critical for /health, degrading for /api/monitoring (C3).
CheckSpec databaseCheck(std::string name, std::function<bool(std::chrono::milliseconds)> ping);

/// "performance", each 10 s: degraded when more than `error_rate_max_percent` of the calls of the
/// window failed.
CheckSpec performanceCheck(std::function<PerformanceFigures()> figures,
                           double error_rate_max_percent = 5.0);

/// "log", each 10 s: degraded while `lost`, the number of lines and batches that went nowhere,
/// rises.
CheckSpec logCheck(std::function<std::uint64_t()> lost);

}  // namespace bulkhead::host::health
