#include "monitoring/performance_window.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace bulkhead::host::monitoring {
namespace {

using std::chrono::microseconds;

TEST(DurationCounts, PercentilesAreWithinSixAndAQuarterPercent) {
  std::mt19937_64 random{7};
  std::lognormal_distribution<double> durations{8, 2};
  std::vector<double> exact;
  DurationCounts counts;
  for (int i = 0; i < 20000; ++i) {
    const auto us = static_cast<std::int64_t>(durations(random)) + 1;
    exact.push_back(static_cast<double>(us));
    counts.add(microseconds{us}, false, false, false);
  }
  std::sort(exact.begin(), exact.end());
  for (const double share : {0.5, 0.95, 0.99}) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * 20000)) - 1;
    const double expected = exact[rank] / 1000;
    EXPECT_NEAR(counts.percentileMs(share), expected, 0.0651 * expected) << share;
  }
}

TEST(DurationCounts, EmptyAndExtremeValues) {
  DurationCounts counts;
  EXPECT_EQ(counts.percentileMs(0.99), 0);
  EXPECT_EQ(counts.averageMs(), 0);
  counts.add(microseconds{-5}, false, false, false);
  counts.add(std::chrono::hours{100000}, true, false, true);
  EXPECT_EQ(counts.total(), 2U);
  EXPECT_EQ(counts.percentileMs(0.5), 0);
  EXPECT_GT(counts.percentileMs(1.0), 1e6);
}

TEST(PerformanceWindow, S21_OnlyTheWindowsMinutesCount) {
  PerformanceWindow window;
  for (std::int64_t minute = 100; minute < 110; ++minute)
    window.add(minute, microseconds{10}, false, false, false);
  EXPECT_EQ(window.over(109, 1).total(), 1U);
  EXPECT_EQ(window.over(109, 5).total(), 5U);
  EXPECT_EQ(window.over(109, 60).total(), 10U);
  EXPECT_EQ(window.over(200, 60).total(), 0U) << "old minutes do not count";
}

TEST(PerformanceWindow, MemoryIsBoundedToADay) {
  PerformanceWindow window;
  for (std::int64_t minute = 0; minute < 2000; ++minute)
    window.add(minute, microseconds{10}, false, false, false);
  EXPECT_EQ(window.over(1999, 2000).total(), 1440U);
}

}  // namespace
}  // namespace bulkhead::host::monitoring
