#include "monitoring/recommendations.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host::monitoring {
namespace {

using namespace std::chrono_literals;

std::vector<std::string_view> rulesOf(const PerformanceStatistics& statistics) {
  std::vector<std::string_view> rules;
  for (const auto& finding : recommend(statistics)) rules.push_back(finding.rule);
  return rules;
}

void addCalls(PerformanceStatistics& statistics, int count, std::chrono::microseconds duration,
              bool failed = false, bool refused = false) {
  for (int i = 0; i < count; ++i) statistics.apis.add(duration, failed, refused, false);
}

using Rules = std::vector<std::string_view>;

TEST(Recommendations, NothingToSayOfAQuietOrHealthyHost) {
  PerformanceStatistics statistics;
  EXPECT_EQ(rulesOf(statistics), Rules{});
  addCalls(statistics, 100, 10ms);
  EXPECT_EQ(rulesOf(statistics), Rules{});
}

TEST(Recommendations, S57_SlowQueriesAlone) {
  PerformanceStatistics statistics;
  for (int i = 0; i < 100; ++i) statistics.queries.add(1ms, false, false, i < 6);
  EXPECT_EQ(rulesOf(statistics), Rules{"slow_query_percentage"});
}

TEST(Recommendations, S57_AverageResponseTimeAlone) {
  PerformanceStatistics statistics;
  addCalls(statistics, 10, 501ms);
  EXPECT_EQ(rulesOf(statistics), Rules{"average_api_response_time"});
}

TEST(Recommendations, S57_ErrorRateAlone) {
  PerformanceStatistics statistics;
  addCalls(statistics, 94, 1ms);
  addCalls(statistics, 6, 1ms, true);
  EXPECT_EQ(rulesOf(statistics), Rules{"error_rate"});
}

TEST(Recommendations, S57_ApiErrorRateAlone) {
  PerformanceStatistics statistics;
  addCalls(statistics, 89, 1ms);
  addCalls(statistics, 11, 1ms, false, true);
  EXPECT_EQ(rulesOf(statistics), Rules{"api_error_rate"});
}

TEST(Recommendations, AtTheLimitNothingFires) {
  PerformanceStatistics statistics;
  addCalls(statistics, 95, 1ms);
  addCalls(statistics, 5, 1ms, true);
  EXPECT_EQ(rulesOf(statistics), Rules{});
}

}  // namespace
}  // namespace bulkhead::host::monitoring
