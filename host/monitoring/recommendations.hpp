#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "monitoring/performance_monitor.hpp"

namespace bulkhead::host::monitoring {

/// One finding, with the rule that fired and the figure that made it fire.
struct Recommendation {
  std::string_view rule;  ///< "slow_query_percentage", "average_api_response_time", ...
  std::string_view issue;
  std::string_view advice;
  double observed = 0;
  double limit = 0;
  std::string_view unit;
};

/// Above these, strictly.
struct RecommendationLimits {
  double slow_query_percent = 5;
  double average_api_ms = 500;
  double error_rate_percent = 5;
  double api_error_rate_percent = 10;
};

/// S57: one rule each for slow-query percentage, average API response time, error rate and API
/// error rate. Most exceeded first.
std::vector<Recommendation> recommend(const PerformanceStatistics& statistics,
                                      const RecommendationLimits& limits = {});

}  // namespace bulkhead::host::monitoring
