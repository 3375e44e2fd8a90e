#include "health/host_checks.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host::health {
namespace {

using namespace std::chrono_literals;

Status memoryStatusAt(std::uint64_t used_mb) {
  ResourceOptions options;
  options.memory_limit_mb = 100;
  options.allocator = [used_mb] { return AllocatorBytes{used_mb << 20U, 0}; };
  ResourceSampler sampler{options};
  return memoryCheck(sampler).check(1s).status;
}

TEST(MemoryCheck, S79_DegradedFrom85CriticalFrom95Percent) {
  EXPECT_EQ(memoryStatusAt(84), Status::Healthy);
  EXPECT_EQ(memoryStatusAt(85), Status::Degraded);
  EXPECT_EQ(memoryStatusAt(94), Status::Degraded);
  EXPECT_EQ(memoryStatusAt(95), Status::Critical);
}

TEST(MemoryCheck, S79_TakesThreeSamplesAndIsCriticalInBothViews) {
  ResourceSampler sampler;
  const CheckSpec spec = memoryCheck(sampler);
  EXPECT_EQ(spec.failure_threshold, 3);
  EXPECT_EQ(spec.weights.health, Weight::Critical);
  EXPECT_EQ(spec.weights.monitoring, Weight::Critical);
}

TEST(DatabaseCheck, C3_SaysUnavailableAndWeighsByView) {
  bool answers = false;
  const CheckSpec spec =
      databaseCheck("database", [&](std::chrono::milliseconds) { return answers; });
  EXPECT_EQ(spec.check(1s).status, Status::Critical);
  answers = true;
  EXPECT_EQ(spec.check(1s).status, Status::Healthy);
  EXPECT_EQ(spec.weights.health, Weight::Critical);
  EXPECT_EQ(spec.weights.monitoring, Weight::Degrading);
}

TEST(PerformanceCheck, DegradesAboveTheErrorRate) {
  PerformanceFigures figures{0, 0, 5.0};
  const CheckSpec spec = performanceCheck([&] { return figures; });
  EXPECT_EQ(spec.check(1s).status, Status::Healthy) << "five percent is allowed";
  figures.error_rate_percent = 5.1;
  EXPECT_EQ(spec.check(1s).status, Status::Degraded);
}

TEST(LogCheck, IsDegradedWhileLinesAreLost) {
  std::uint64_t lost = 0;
  const CheckSpec spec = logCheck([&] { return lost; });
  EXPECT_EQ(spec.failure_threshold, 1) << "one look that finds losses is enough";
  EXPECT_EQ(spec.check(1s).status, Status::Healthy);
  lost = 3;
  EXPECT_EQ(spec.check(1s).status, Status::Degraded);
  EXPECT_EQ(spec.check(1s).status, Status::Healthy) << "no more were lost";
  lost = 4;
  EXPECT_EQ(spec.check(1s).observed, 1);
}

}  // namespace
}  // namespace bulkhead::host::health
