#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/route_catalog.hpp"
#include "capabilities/job_dispatcher.hpp"
#include "health/health_sources.hpp"
#include "monitoring/metrics.hpp"

namespace bulkhead::host {

/// What the desk of a closed plugin's store says to a request (answerJobDesk); nothing for a plugin
/// that is not closed, or has no store. Throws Error.
using ClosedJobs = std::function<std::optional<std::string>(const std::string& plugin,
                                                            const std::string& request)>;

/// Jobs as operators see them and act on them, under /api/admin/jobs; `jobs` outlives them. A
/// payload is never shown.
std::vector<HostRoute> jobRoutes(JobDispatcher& jobs, ClosedJobs closed);

/// Counts runs of jobs.
JobDispatcher::Record jobRecorder(monitoring::Metrics& metrics);

/// What waits in the queues of plugins, as gauges.
void addJobMetrics(monitoring::Metrics& metrics, std::function<std::vector<PluginJobs>()> jobs);

/// S90: whether each queue is accepting and processing; nothing where no plugin has any.
std::optional<health::JobQueueFigures> jobQueueFigures(const std::vector<PluginJobs>& jobs);

}  // namespace bulkhead::host
