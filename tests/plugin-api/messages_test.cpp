// What a test of a plugin sees of its events, and what it can hand in.
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>

#include <bulkhead/testing/fail_each_call.hpp>
#include <bulkhead/testing/test_host.hpp>

namespace bulkhead::testing {
namespace {

class MessagesOfTestHost : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("BULKHEAD_PLUGIN_DIR", BULKHEAD_BUILD_DIR "/hostile", 1); }
  static void TearDownTestSuite() { unsetenv("BULKHEAD_PLUGIN_DIR"); }
};

constexpr std::string_view kPaidIn = R"({"amount":5})";

TEST_F(MessagesOfTestHost, WhatAPluginPublishesIsSeen) {
  TestHost host{"teller"};
  const std::string two = R"({"from":1,"count":2,"subject":"s"})";
  EXPECT_EQ(host.post("/api/teller/v1/deposits", two).status, 200);
  EXPECT_EQ(host.post("/api/teller/v1/deposits", two).status, 200);
  const auto events = host.published("bank/1");
  ASSERT_EQ(events.size(), 2U) << "once for a key";
  EXPECT_EQ(events[0].event, "deposited");
  EXPECT_EQ(events[0].json, R"({"amount":2,"then":""})");
  EXPECT_EQ(events[0].tenant, "t1");
  EXPECT_EQ(events[0].subject, "s");
  EXPECT_EQ(events[1].key, "2");
}

TEST_F(MessagesOfTestHost, AnEventIsHandedInOnceAndRunWhenTheTestSaysSo) {
  TestHost host{"clerk"};
  EXPECT_TRUE(host.deliver("bank/1", "deposited", kPaidIn, {.id = "one"}));
  EXPECT_FALSE(host.deliver("bank/1", "deposited", kPaidIn, {.id = "one"}));
  EXPECT_TRUE(host.deliver("bank/1", "deposited", kPaidIn));
  EXPECT_EQ(host.get("/api/clerk/v1/entries").body, R"({"effects":0,"events":0})");
  EXPECT_EQ(host.runMessages().done, 2U);
  EXPECT_EQ(host.get("/api/clerk/v1/entries").body, R"({"effects":2,"events":2})");
  EXPECT_EQ(host.runMessages().done, 0U);
  EXPECT_THROW(host.deliver("bank/1", "opened", "{}"), std::runtime_error) << "it does not listen";
}

TEST_F(MessagesOfTestHost, OneThatFailsComesAgainWhenItsTimeHasCome) {
  TestHost host{"clerk"};
  host.deliver("bank/1", "deposited", R"({"amount":1,"then":"fail"})");
  EXPECT_EQ(host.runMessages().failed, 1U);
  EXPECT_EQ(host.runMessages().failed, 0U) << "the clock stands still";
  host.advance(std::chrono::seconds{2});
  EXPECT_EQ(host.runMessages().dead, 1U);
  EXPECT_EQ(host.get("/api/clerk/v1/entries").body, R"({"effects":0,"events":0})");
}

TEST_F(MessagesOfTestHost, EveryFailureOfTheHostLeavesOneEventAndOneEffect) {
  Scenario publishing;
  publishing.plugin = "teller";
  publishing.run = [](TestHost& host) {
    expectStatus(host.post("/api/teller/v1/deposits", R"({"from":1})"), 200);
  };
  const FailureReport published = failEachCall(publishing);
  EXPECT_THAT(published.problems, ::testing::IsEmpty());
  EXPECT_GE(published.runs, 9U);

  Scenario handling;
  handling.plugin = "clerk";
  handling.run = [](TestHost& host) {
    host.deliver("bank/1", "deposited", kPaidIn, {.id = "one"});
    host.runMessages();
    host.advance(std::chrono::seconds{2});  // for one whose run has failed
    host.runMessages();
  };
  const FailureReport handled = failEachCall(handling);
  EXPECT_THAT(handled.problems, ::testing::IsEmpty());
  EXPECT_GE(handled.runs, 20U);
}

}  // namespace
}  // namespace bulkhead::testing
