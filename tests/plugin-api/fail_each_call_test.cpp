#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <stdexcept>
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

/// The plugins that no function of ours has built, for as long as it lives.
class OtherBuilds {
 public:
  OtherBuilds() { setenv("BULKHEAD_PLUGIN_DIR", BULKHEAD_BUILD_DIR "/hostile", 1); }
  ~OtherBuilds() { unsetenv("BULKHEAD_PLUGIN_DIR"); }
  OtherBuilds(const OtherBuilds&) = delete;
  OtherBuilds& operator=(const OtherBuilds&) = delete;
};

TEST(FailEachCall, ThePluginThatIsCopiedSurvivesEveryFailure) {
  Scenario scenario;
  scenario.plugin = "greeter";
  scenario.run = [](TestHost& host) { expectStatus(host.get("/api/greeter/v1/hello/Ann"), 200); };
  EXPECT_THAT(failEachCall(scenario).problems, IsEmpty());
}

TEST(FailEachCall, APluginInCAndOneInRustSurviveEveryFailure) {
  const OtherBuilds builds;
  Scenario c;
  c.plugin = "c-greeter";
  c.run = [](TestHost& host) { expectStatus(host.get("/api/c-greeter/v1/hello/Ann"), 200); };
  EXPECT_THAT(failEachCall(c).problems, IsEmpty());
  Scenario rust;
  rust.plugin = "rust-greeter";
  rust.run = [](TestHost& host) {
    const Headers key{{"Idempotency-Key", "one"}};
    expectStatus(host.post("/api/rust-greeter/v1/greetings/Ann", "", key), 201);
    expectStatus(host.get("/api/rust-greeter/v1/hello/Ann"), 200);
  };
  const FailureReport report = failEachCall(rust);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_GE(report.calls, 3U) << "the write, its statement and its count";
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

/// A bank that charges once for each token; the scenario says how often it charged.
Scenario chargingBy(const std::string& way) {
  Scenario scenario = scenarioOf(way);
  const auto charged = std::make_shared<std::set<std::string>>();
  scenario.prepare = [charged](TestHost& host) {
    charged->clear();
    host.wire().serve("https://bank.test/", [charged](const OutboundRequest& request) {
      charged->insert(request.headers.at(0).second);
      return httpAnswer(201, "charge-1");
    });
  };
  scenario.verify = [charged](TestHost&) {
    if (charged->size() != 1)
      throw std::runtime_error{"charged " + std::to_string(charged->size()) + " times"};
  };
  return scenario;
}

TEST(FailEachCall, AChargeByItsTokenIsMadeOnceWhateverFails) {
  const FailureReport report = failEachCall(chargingBy("charge-by-token"));
  EXPECT_THAT(report.problems, IsEmpty());
}

TEST(FailEachCall, NegativeControl_ABlindChargeIsMadeTwice) {
  const FailureReport report = failEachCall(chargingBy("charge-blindly"));
  EXPECT_THAT(report.problems, Contains(AllOf(HasSubstr("(http_send), exceeding its deadline"),
                                              HasSubstr("charged 2 times"))));
  EXPECT_THAT(report.problems, Contains(AllOf(HasSubstr("(http_send), dying after its effect"),
                                              HasSubstr("charged 2 times"))));
}

TEST(FakeWire, AnswersInTheOrderGivenThenByServiceAndElseNothing) {
  FakeWire wire;
  wire.answerNext(httpAnswer(500));
  wire.serve("https://a.test/", [](const OutboundRequest&) { return httpAnswer(200, "a"); });
  wire.serve("https://a.test/v2/", [](const OutboundRequest&) { return httpAnswer(200, "b"); });
  OutboundRequest request;
  request.url = "https://a.test/v2/x";
  EXPECT_EQ(wire.send(request).outcome, Outcome::HttpError);
  EXPECT_EQ(wire.send(request).body, "b");
  request.url = "https://a.test/v1/x";
  EXPECT_EQ(wire.send(request).body, "a");
  request.url = "https://b.test/";
  EXPECT_EQ(wire.send(request).outcome, Outcome::NotSent);
  EXPECT_EQ(wire.sent().size(), 4U);
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
