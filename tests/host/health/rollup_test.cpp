#include <gtest/gtest.h>

#include "host/health/health_fixture.hpp"

namespace bulkhead::host::health {
namespace {

class Rollup : public HealthFixture {
 protected:
  Status overall(View view) { return assess(sources(), view).overall; }
};

TEST_F(Rollup, C3_DatabaseDownIsCriticalInOneViewAndDegradedInTheOther) {
  addDatabase(Status::Critical);
  EXPECT_EQ(overall(View::Health), Status::Critical);
  EXPECT_EQ(overall(View::Monitoring), Status::Degraded);
}

TEST_F(Rollup, WeightCapsWhatACheckCanDo) {
  struct Row {
    Weight weight;
    Status found;
    Status expected;
  };
  const Row rows[] = {{Weight::Info, Status::Critical, Status::Healthy},
                      {Weight::Degrading, Status::Critical, Status::Degraded},
                      {Weight::Degrading, Status::Degraded, Status::Degraded},
                      {Weight::Critical, Status::Degraded, Status::Degraded},
                      {Weight::Critical, Status::Critical, Status::Critical},
                      {Weight::Critical, Status::Healthy, Status::Healthy}};
  for (const Row& row : rows) {
    CheckSpec spec;
    spec.owner = "host";
    spec.name = "subject";
    spec.weights = {row.weight, Weight::Info};
    addChecked(spec, {row.found, "code", "text", {}, {}, {}});
    EXPECT_EQ(overall(View::Health), row.expected)
        << nameOf(row.weight) << " " << nameOf(row.found, View::Health);
    ASSERT_TRUE(registry.remove("host", std::chrono::seconds{5}));
  }
}

TEST_F(Rollup, S83_ClosedPluginDegradesButNeverMoreAndDisabledIsAChoice) {
  for (const std::string plugin_state :
       {"missing", "refused", "failed", "crashed", "hung", "quarantined"}) {
    plugins = {{"stripe", "stripe", plugin_state, "because", {}, false}};
    EXPECT_EQ(overall(View::Health), Status::Degraded) << plugin_state;
    EXPECT_EQ(overall(View::Monitoring), Status::Degraded) << plugin_state;
  }
  for (const std::string plugin_state :
       {"running", "disabled", "starting", "draining", "stopped"}) {
    plugins = {{"stripe", "stripe", plugin_state, "", {}, false}};
    EXPECT_EQ(overall(View::Health), Status::Healthy) << plugin_state;
  }
}

TEST_F(Rollup, S82_RedisCountsOnlyWhereItIsConfigured) {
  HealthSources with_redis = sources();
  RedisFigures redis{true, false};
  with_redis.redis = [&] { return redis; };
  EXPECT_EQ(assess(with_redis, View::Monitoring).overall, Status::Degraded);
  redis = {true, true};
  EXPECT_EQ(assess(with_redis, View::Monitoring).overall, Status::Healthy);
  redis = {false, false};
  EXPECT_EQ(assess(with_redis, View::Monitoring).overall, Status::Healthy);
}

TEST_F(Rollup, C31_QueuesOnTheirFallbackDegrade) {
  HealthSources with_queues = sources();
  with_queues.job_queues = [] { return JobQueueFigures{Status::Degraded, "database", {}}; };
  EXPECT_EQ(assess(with_queues, View::Monitoring).overall, Status::Degraded);
}

TEST_F(Rollup, C13_AServiceWithoutCredentialsDegradesNothing) {
  CheckSpec spec;
  spec.owner = "stripe";
  spec.name = "stripe.api";
  spec.kind = CheckKind::Service;
  addChecked(spec, {Status::Critical, "no_key", "no key", false, {}, {}});
  EXPECT_EQ(overall(View::Health), Status::Healthy);
  registry.remove("stripe", std::chrono::seconds{5});
  addChecked(spec, {Status::Critical, "down", "down", true, {}, {}});
  EXPECT_EQ(overall(View::Health), Status::Degraded) << "control: with credentials it counts";
}

TEST_F(Rollup, C3_OnlyHostFaultsAreUnhealthyForMonitoring) {
  HealthState stalled{std::chrono::milliseconds{-1}};
  stalled.markReady();
  stalled.heartbeat("loop");
  HealthSources made{registry, stalled, resources, {}};
  EXPECT_EQ(assess(made, View::Monitoring).overall, Status::Critical);
}

TEST_F(Rollup, AStartThatNeverEndsIsCritical) {
  HealthState starting;
  HealthSources made{registry, starting, resources, {}};
  EXPECT_EQ(assess(made, View::Monitoring).overall, Status::Healthy);
  made.policy.start_max = std::chrono::milliseconds{-1};
  EXPECT_EQ(assess(made, View::Monitoring).overall, Status::Critical);
  EXPECT_EQ(assess(made, View::Health).issues.at(0).subject, "start");
}

TEST_F(Rollup, C4_ReadinessIgnoresTheDatabaseUnlessAsked) {
  addDatabase(Status::Critical);
  HealthSources made = sources();
  EXPECT_TRUE(readiness(made).ready);
  made.policy.readiness_requires = {"database"};
  EXPECT_FALSE(readiness(made).ready);
  EXPECT_EQ(readiness(made).pending, std::vector<std::string>{"check database"});
}

TEST_F(Rollup, OnlyARequiredPluginMakesTheHostUnready) {
  plugins = {{"stripe", "stripe", "failed", "because", {}, false}};
  EXPECT_TRUE(readiness(sources()).ready);
  plugins[0].required = true;
  EXPECT_FALSE(readiness(sources()).ready);
}

}  // namespace
}  // namespace bulkhead::host::health
