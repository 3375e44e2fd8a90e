#include "monitoring/performance_monitor.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host::monitoring {
namespace {

using namespace std::chrono_literals;

class Monitor : public ::testing::Test {
 protected:
  static PerformanceOptions withClock(const WallTime& now) {
    PerformanceOptions options;
    options.now = [&now] { return now; };
    return options;
  }
  static ApiCall call(std::chrono::microseconds duration, int status = 200) {
    return {{}, "GET", "/api/x/{id}", status, duration, "r1"};
  }

  WallTime now{std::chrono::hours{500000}};
  PerformanceMonitor monitor{withClock(now)};
};

TEST_F(Monitor, S52_AQueryIsSlowAboveTheThresholdStrictly) {
  monitor.recordQuery("booking", "SELECT 1", 1000ms, false);
  EXPECT_TRUE(monitor.slowQueries(10).empty());
  monitor.recordQuery("booking", "SELECT 2", 1001ms, false);
  ASSERT_EQ(monitor.slowQueries(10).size(), 1U);
  EXPECT_EQ(monitor.slowQueries(10)[0].statement, "SELECT 2");
  EXPECT_EQ(monitor.statistics(60).queries.total(), 2U);
  EXPECT_EQ(monitor.statistics(60).slowQueryPercent(), 50);
}

TEST_F(Monitor, S53_AnApiIsSlowAboveTheThresholdStrictly) {
  monitor.recordApi(call(2000ms));
  EXPECT_TRUE(monitor.slowApis(10).empty());
  monitor.recordApi(call(2001ms));
  EXPECT_EQ(monitor.slowApis(10).size(), 1U);
}

TEST_F(Monitor, C7_ThresholdsAreSettings) {
  PerformanceOptions options;
  options.slow_query = 10ms;
  PerformanceMonitor strict{options};
  strict.recordQuery("booking", "SELECT 1", 11ms, false);
  EXPECT_EQ(strict.slowQueries(10).size(), 1U);
}

TEST_F(Monitor, S56_The1001stEvictsTheOldest) {
  for (int i = 0; i < 1001; ++i) {
    monitor.recordQuery("booking", std::to_string(i), 2s, false);
    const std::string id = std::to_string(i);
    ApiCall slow = call(3s);
    slow.request_id = id;
    monitor.recordApi(slow);
    TrackedError error;
    error.code = std::to_string(i);
    error.status = 500;
    monitor.recordError(std::move(error));
  }
  ASSERT_EQ(monitor.slowQueries(5000).size(), 1000U);
  EXPECT_EQ(monitor.slowQueries(5000).front().statement, "1000") << "newest first";
  EXPECT_EQ(monitor.slowQueries(5000).back().statement, "1") << "0 is gone";
  EXPECT_EQ(monitor.slowApis(5000).size(), 1000U);
  EXPECT_EQ(monitor.slowApis(5000).back().request_id, "1");
  EXPECT_EQ(monitor.errors(5000).size(), 1000U);
  EXPECT_EQ(monitor.errors(5000).back().code, "1");
  EXPECT_EQ(monitor.statistics(60).errors, 1001U) << "the count goes on";
}

TEST_F(Monitor, S54_ErrorsGetACategoryWhereTheyHaveNone) {
  TrackedError by_status;
  by_status.status = 404;
  monitor.recordError(by_status);
  TrackedError named;
  named.category = "database";
  named.status = 503;
  monitor.recordError(named);
  const auto statistics = monitor.statistics(60);
  EXPECT_EQ(statistics.errors_by_category.at("not_found"), 1U);
  EXPECT_EQ(statistics.errors_by_category.at("database"), 1U);
}

TEST_F(Monitor, EachPluginHasTheFiguresOfItsLastMinutes) {
  ApiCall mine = call(10ms);
  mine.plugin = "booking";
  for (int i = 0; i < 99; ++i) monitor.recordApi(mine);
  mine.duration = 900ms;
  monitor.recordApi(mine);
  monitor.recordApi(call(5s));  // the host's own
  EXPECT_EQ(monitor.ofPlugin("booking").total(), 100U);
  EXPECT_NEAR(monitor.ofPlugin("booking").percentileMs(0.5), 10, 1);
  EXPECT_NEAR(monitor.ofPlugin("booking").percentileMs(1), 900, 60);
  EXPECT_EQ(monitor.ofPlugin("stripe").total(), 0U);
  now += std::chrono::minutes{PerformanceMonitor::kPluginMinutes};
  EXPECT_EQ(monitor.ofPlugin("booking").total(), 0U);
}

TEST_F(Monitor, S78_ErrorRatesCountFaultsAndRefusalsApart) {
  for (int i = 0; i < 6; ++i) monitor.recordApi(call(1ms));
  monitor.recordApi(call(1ms, 500));
  for (int i = 0; i < 3; ++i) monitor.recordApi(call(1ms, 404));
  EXPECT_EQ(monitor.statistics(60).errorRatePercent(), 10);
  EXPECT_EQ(monitor.statistics(60).apiErrorRatePercent(), 40);
}

TEST_F(Monitor, S21_TheWindowForgets) {
  monitor.recordApi(call(1ms));
  TrackedError error;
  error.status = 500;
  monitor.recordError(error);
  now += 30min;
  EXPECT_EQ(monitor.statistics(60).apis.total(), 1U);
  EXPECT_EQ(monitor.statistics(60).errors, 1U);
  EXPECT_EQ(monitor.statistics(10).apis.total(), 0U);
  EXPECT_EQ(monitor.statistics(10).errors, 0U);
  EXPECT_TRUE(monitor.statistics(10).errors_by_category.empty());
}

}  // namespace
}  // namespace bulkhead::host::monitoring
