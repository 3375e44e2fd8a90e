#include "health/check_state.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host::health {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = TimePoint{} + 1h;

CheckSpec spec() {
  CheckSpec made;
  made.owner = "host";
  made.name = "database";
  made.interval = 5s;
  made.timeout = 1s;
  made.weights = {Weight::Critical, Weight::Degrading};
  return made;
}

CheckResult result(Status status) {
  return {status, "code", "text", {}, {}, {}};
}

void runOnce(CheckState& state, TimePoint at, Status status) {
  state.begin(at);
  state.finish(result(status), at + 10ms, 1.0);
}

TEST(CheckState, FirstResultIsBelievedAtOnce) {
  CheckState state{spec(), kStart};
  runOnce(state, kStart, Status::Critical);
  EXPECT_EQ(state.report().status, Status::Critical);
}

TEST(CheckState, OneBadResultIsNotAFaultButTwoAre) {
  CheckState state{spec(), kStart};
  runOnce(state, kStart, Status::Healthy);
  runOnce(state, kStart + 5s, Status::Critical);
  EXPECT_EQ(state.report().status, Status::Healthy) << "damped";
  EXPECT_EQ(state.report().last.status, Status::Critical) << "the raw result stays visible";
  runOnce(state, kStart + 10s, Status::Critical);
  EXPECT_EQ(state.report().status, Status::Critical);
  runOnce(state, kStart + 15s, Status::Healthy);
  EXPECT_EQ(state.report().status, Status::Healthy) << "one success recovers (S105)";
}

TEST(CheckState, WithoutDampingOneBadResultWouldFlap) {
  CheckSpec undamped = spec();
  undamped.failure_threshold = 1;
  CheckState state{undamped, kStart};
  runOnce(state, kStart, Status::Healthy);
  runOnce(state, kStart + 5s, Status::Critical);
  EXPECT_EQ(state.report().status, Status::Critical);
}

TEST(CheckState, IsNotDueWhileRunningAndOneIntervalLaterAgain) {
  CheckState state{spec(), kStart};
  EXPECT_TRUE(state.isDue(kStart));
  state.begin(kStart);
  EXPECT_FALSE(state.isDue(kStart + 1h)) << "single flight";
  state.finish(result(Status::Healthy), kStart + 10ms, 1.1);
  EXPECT_FALSE(state.isDue(kStart + 5s));
  EXPECT_TRUE(state.isDue(kStart + 10ms + 5500ms)) << "interval with its jitter";
}

TEST(CheckState, WhatIsAskedToRunAgainIsDueWhateverItDoes) {
  CheckState state{spec(), kStart};
  runOnce(state, kStart, Status::Healthy);
  EXPECT_FALSE(state.isDue(kStart + 20ms)) << "the control";
  state.runAgain(kStart + 20ms);
  EXPECT_TRUE(state.isDue(kStart + 20ms));
  state.begin(kStart + 20ms);
  state.runAgain(kStart + 25ms);
  state.finish(result(Status::Healthy), kStart + 30ms, 1.0);
  EXPECT_TRUE(state.isDue(kStart + 30ms)) << "it looked at what was there before";
  runOnce(state, kStart + 30ms, Status::Healthy);
  EXPECT_FALSE(state.isDue(kStart + 50ms)) << "once";
}

TEST(CheckState, AHangCountsAgainEachInterval) {
  CheckState state{spec(), kStart};
  runOnce(state, kStart, Status::Healthy);
  state.begin(kStart + 5s);
  ASSERT_FALSE(state.isOverdue(kStart + 5s + 999ms));
  ASSERT_TRUE(state.isOverdue(kStart + 6s));
  state.timeOut(kStart + 6s);
  EXPECT_EQ(state.report().status, Status::Healthy) << "first of two";
  EXPECT_EQ(state.report().last.code, "timeout");
  EXPECT_FALSE(state.isOverdue(kStart + 10s));
  ASSERT_TRUE(state.isOverdue(kStart + 11s));
  state.timeOut(kStart + 11s);
  EXPECT_EQ(state.report().status, Status::Critical);
  EXPECT_TRUE(state.report().hung);
  EXPECT_FALSE(state.isDue(kStart + 1h)) << "no new run until it comes back";
}

TEST(CheckState, ALateResultDoesNotCount) {
  CheckState state{spec(), kStart};
  state.begin(kStart);
  state.timeOut(kStart + 1s);
  state.finish(result(Status::Healthy), kStart + 2s, 1.0);
  EXPECT_EQ(state.report().status, Status::Critical);
  EXPECT_EQ(state.report().last.code, "timeout");
  EXPECT_FALSE(state.report().hung);
  EXPECT_TRUE(state.isDue(kStart + 7s)) << "it is run again";
}

TEST(CheckState, C21_AtMostOneAttemptASecond) {
  CheckState state{spec(), kStart};
  runOnce(state, kStart, Status::Critical);
  EXPECT_FALSE(state.requestNow(kStart + 999ms));
  EXPECT_FALSE(state.isDue(kStart + 999ms));
  EXPECT_TRUE(state.requestNow(kStart + 1s));
  EXPECT_TRUE(state.isDue(kStart + 1s));
  state.begin(kStart + 1s);
  EXPECT_FALSE(state.requestNow(kStart + 3s)) << "it is running already";
}

TEST(CheckReport, OldResultsAreNotBelieved) {
  CheckState state{spec(), kStart};
  runOnce(state, kStart, Status::Healthy);
  const CheckReport& report = state.report();
  const TimePoint ended = kStart + 10ms;
  EXPECT_EQ(report.statusAt(ended + 14s, View::Health), Status::Healthy);
  EXPECT_EQ(report.statusAt(ended + 15s, View::Health), Status::Degraded) << "3 intervals: stale";
  EXPECT_TRUE(report.isStale(ended + 15s));
  EXPECT_EQ(report.statusAt(ended + 50s, View::Health), Status::Critical)
      << "10 intervals and critical weight";
  EXPECT_EQ(report.statusAt(ended + 50s, View::Monitoring), Status::Degraded)
      << "10 intervals and degrading weight";
  EXPECT_EQ(report.status, Status::Healthy) << "control: the stored status alone would lie";
}

TEST(CheckReport, ACheckThatNeverRanIsNotHealthyWhereItsWeightIsCritical) {
  const CheckState state{spec(), kStart};
  EXPECT_EQ(state.report().statusAt(kStart + 1s, View::Health), Status::Degraded);
  EXPECT_EQ(state.report().statusAt(kStart + 1s, View::Monitoring), Status::Healthy);
}

// Goal: healthyUntil() says nothing that a look at the moment would not. Method: reports of every
// kind, looked at a millisecond before and at that time.
TEST(CheckReport, HealthyUntilIsWhenTheContributionTurns) {
  const auto turns = [](const CheckReport& report, View view) {
    const auto healthyAt = [&](TimePoint now) {
      return report.contributionAt(now, view) == Status::Healthy;
    };
    const TimePoint until = report.healthyUntil(view);
    if (until == TimePoint::max()) return healthyAt(kStart) && healthyAt(kStart + 24h);
    if (until == TimePoint::min()) return !healthyAt(kStart) && !healthyAt(kStart + 24h);
    return healthyAt(until - 1ms) && !healthyAt(until);
  };
  for (const Weight weight : {Weight::Info, Weight::Degrading, Weight::Critical}) {
    for (const Status status : {Status::Healthy, Status::Degraded, Status::Critical}) {
      for (const bool known : {false, true}) {
        CheckReport report;
        report.weights = {weight, Weight::Degrading};
        report.interval = 5s;
        report.registered = kStart;
        if (known) report.status = status;
        if (known) report.ended = kStart + 7ms;
        EXPECT_TRUE(turns(report, View::Health)) << nameOf(weight) << known;
        EXPECT_TRUE(turns(report, View::Monitoring)) << nameOf(weight) << known;
        report.kind = CheckKind::Service;
        report.last.configured = false;
        EXPECT_EQ(report.healthyUntil(View::Health), TimePoint::max());
        EXPECT_TRUE(turns(report, View::Health));
      }
    }
  }
}

TEST(HealthSnapshot, IsHealthyUntilItsFirstCheckIsNot) {
  CheckReport report;
  report.weights = {Weight::Critical, Weight::Info};
  report.interval = 5s;
  report.ended = kStart;
  std::vector<CheckReport> reports{report, report};
  reports[1].ended = kStart - 1s;
  const auto until = [&](View view) {
    return HealthSnapshot{1, reports}.healthy_until[static_cast<std::size_t>(view)];
  };
  EXPECT_EQ(until(View::Health), kStart + 14s);
  EXPECT_EQ(until(View::Monitoring), TimePoint::max());
  reports[0].status = Status::Critical;
  EXPECT_EQ(until(View::Health), TimePoint::min());
}

TEST(PublicMessage, S130_HidesWhatLooksLikeAnAddressOrCredential) {
  EXPECT_EQ(publicMessage("cannot reach postgresql://app:hunter2@db.internal:5432/x now"),
            "cannot reach [redacted] now");
  EXPECT_EQ(publicMessage("login app@10.0.0.7 failed"), "login [redacted] failed");
  EXPECT_EQ(publicMessage("password=hunter2"), "[redacted]");
  EXPECT_EQ(publicMessage("line\r\none\x01"), "line one");
  EXPECT_EQ(publicMessage("plain words stay"), "plain words stay");
}

TEST(PublicMessage, CutsBetweenCharacters) {
  std::string text(199, 'x');
  text += "\xC3\xA9tail";
  EXPECT_EQ(publicMessage(text), std::string(199, 'x'));
}

}  // namespace
}  // namespace bulkhead::host::health
