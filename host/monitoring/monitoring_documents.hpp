#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "monitoring/monitoring_sources.hpp"

namespace bulkhead::host::monitoring {

/// Bodies of the JSON endpoints; `window` in minutes.
std::string metricsDocument(const MonitoringSources& sources, std::int64_t window);    ///< S21
std::string slowQueriesDocument(const MonitoringSources& sources, std::size_t limit);  ///< S22
std::string slowApisDocument(const MonitoringSources& sources, std::size_t limit);     ///< S23
std::string errorsDocument(const MonitoringSources& sources, std::size_t limit);       ///< S24
std::string reportDocument(const MonitoringSources& sources, std::int64_t window);     ///< S25
std::string databaseStatsDocument(const MonitoringSources& sources);                   ///< S26
std::string cacheStatsDocument(const MonitoringSources& sources);                      ///< S27

}  // namespace bulkhead::host::monitoring
