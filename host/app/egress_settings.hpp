#pragma once

#include <string>

#include "config/host_settings.hpp"
#include "egress/egress_options.hpp"
#include "monitoring/outbound_metrics.hpp"

namespace bulkhead::host {

/// The egress that the settings ask for; what it does is counted by `metrics`, which outlives it.
egress::EgressOptions egressOptions(const HostSettings& settings, const std::string& version,
                                    monitoring::OutboundMetrics& metrics);

}  // namespace bulkhead::host
