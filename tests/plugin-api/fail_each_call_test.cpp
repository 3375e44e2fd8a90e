#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include <bulkhead/testing/fail_each_call.hpp>

namespace bulkhead::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Scenario scenarioOf(const std::string& way) {
  Scenario scenario;
  scenario.plugin = "careless";
  scenario.run = [way](TestHost& host) {
    expectStatus(host.post("/api/careless/v1/" + way, "", {{"Idempotency-Key", "one"}}), 201);
  };
  return scenario;
}

TEST(FailEachCall, OneKeyedTransactionSurvivesEveryFailure) {
  const FailureReport report = failEachCall(scenarioOf("careful"));
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_GE(report.calls, 3U) << "the write and its statements";
  EXPECT_GE(report.runs, 9U) << "each of them in each way";
}

TEST(FailEachCall, NegativeControl_WhatIsCarelessIsNamedWithTheCallAndTheWay) {
  const FailureReport report = failEachCall(scenarioOf("careless"));
  EXPECT_THAT(report.problems,
              Contains(AllOf(HasSubstr("call 1 (db_write), dying after its effect"),
                             HasSubstr("table notes has 2 rows, and 1 without the failure: "
                                       "something is there twice"))));
  EXPECT_THAT(report.problems,
              Contains(AllOf(HasSubstr("call 3 (db_write), being unavailable"),
                             HasSubstr("table journal has 0 rows"), HasSubstr("lost"))));
  EXPECT_THAT(report.problems, Contains(HasSubstr("(tx_send), exceeding its deadline")));
}

TEST(FailEachCall, AScenarioThatDoesNotWorkAtAllIsSaidSo) {
  Scenario scenario = scenarioOf("careful");
  scenario.run = [](TestHost& host) { expectStatus(host.get("/nowhere"), 200); };
  EXPECT_THROW(failEachCall(scenario), std::runtime_error);
}

TEST(FailEachCall, WhatTheScenarioItselfExpectsIsAProblemToo) {
  Scenario scenario = scenarioOf("careful");
  int runs = 0;
  scenario.verify = [&runs](TestHost&) {
    if (++runs == 2) throw std::runtime_error{"not as it should be"};
  };
  EXPECT_THAT(failEachCall(scenario).problems, Contains(HasSubstr("not as it should be")));
}

TEST(TestHost, ARestartKeepsTheStore) {
  TestHost host{"careless"};
  const Headers key{{"Idempotency-Key", "one"}};
  EXPECT_EQ(host.post("/api/careless/v1/careful", "", key).status, 201);
  host.restart();
  EXPECT_EQ(host.post("/api/careless/v1/careful", "", key).header("Idempotent-Replayed"), "true");
}

}  // namespace
}  // namespace bulkhead::testing
