#include "monitoring/recommendations.hpp"

#include <algorithm>

namespace bulkhead::host::monitoring {

std::vector<Recommendation> recommend(const PerformanceStatistics& statistics,
                                      const RecommendationLimits& limits) {
  const Recommendation rules[] = {
      {"slow_query_percentage", "Many database queries are slow.",
       "Look at /api/monitoring/slow-queries; add indexes for their filters, or narrow them.",
       statistics.slowQueryPercent(), limits.slow_query_percent, "percent"},
      {"average_api_response_time", "API calls take long on average.",
       "Look at /api/monitoring/slow-apis; cache what is read often, or move work into jobs.",
       statistics.apis.averageMs(), limits.average_api_ms, "milliseconds"},
      {"error_rate", "Many API calls fail by a fault of the server.",
       "Look at /api/monitoring/errors for the most frequent category, and at /health.",
       statistics.errorRatePercent(), limits.error_rate_percent, "percent"},
      {"api_error_rate", "Many API calls are answered with an error.",
       "Look at /api/monitoring/errors; many 4xx point to a client that calls wrongly.",
       statistics.apiErrorRatePercent(), limits.api_error_rate_percent, "percent"},
  };
  std::vector<Recommendation> fired;
  for (const auto& rule : rules) {
    if (rule.observed > rule.limit) fired.push_back(rule);
  }
  std::stable_sort(fired.begin(), fired.end(), [](const auto& left, const auto& right) {
    return left.observed / left.limit > right.observed / right.limit;
  });
  return fired;
}

}  // namespace bulkhead::host::monitoring
