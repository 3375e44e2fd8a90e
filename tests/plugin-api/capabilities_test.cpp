#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

#include <bulkhead/error.hpp>
#include <bulkhead/testing/test_host.hpp>

namespace bulkhead::testing {
namespace {

/// A plugin that provides a capability and one that wants it, each alone with its tests.
class CapabilityOfTestHost : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("BULKHEAD_PLUGIN_DIR", BULKHEAD_BUILD_DIR "/hostile", 1); }
  static void TearDownTestSuite() { unsetenv("BULKHEAD_PLUGIN_DIR"); }
};

TEST_F(CapabilityOfTestHost, WhatAPluginProvidesIsCalledLikeByAnotherOne) {
  TestHost host{"lender"};
  EXPECT_EQ(host.call("loans/1", "lend", R"({"how":"gladly"})").status, 200);
  const TestResponse refused = host.call("loans/1", "lend", R"({"how":"refuse"})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.error().code, "NO_MONEY");
  EXPECT_THROW(host.call("loans/1", "steal", "{}"), std::runtime_error);
}

TEST_F(CapabilityOfTestHost, WhatAPluginWantsIsAnsweredByTheTest) {
  TestHost host{"borrower"};
  const std::string order = R"({"how":"gladly"})";
  EXPECT_NE(host.post("/api/borrower/v1/lend", order).body.find("unavailable"), std::string::npos);
  host.capabilities().answer("loans/1", "lend",
                             [](std::string_view) { return R"({"process":7})"; });
  EXPECT_EQ(host.post("/api/borrower/v1/lend", order).body, R"({"answer":{"process":7}})");
  host.capabilities().answer("loans/1", "lend", [](std::string_view) -> std::string {
    throw Error::conflict("NO_MONEY", "None.");
  });
  EXPECT_EQ(host.post("/api/borrower/v1/lend", order).status, 409);
  EXPECT_EQ(host.capabilities().requests("loans/1", "lend").size(), 3U);
  host.capabilities().close();
  EXPECT_EQ(host.post("/api/borrower/v1/careless", order).status, 503);
}

TEST_F(CapabilityOfTestHost, WhatAPluginAsksIsAnsweredByTheTestOrByItsFallBack) {
  TestHost host{"lender"};
  const std::string order = R"({"how":"gladly"})";
  EXPECT_EQ(host.post("/api/lender/v1/ask", order).body,
            R"({"answer":{"process":0},"fallback":true,"reason":"missing"})");
  host.capabilities().answer("loans/1", "may_lend",
                             [](std::string_view) { return R"({"process":7})"; });
  EXPECT_EQ(host.post("/api/lender/v1/ask", order).body,
            R"({"answer":{"process":7},"fallback":false,"reason":""})");
  host.capabilities().answer("loans/1", "may_lend", [](std::string_view) -> std::string {
    throw Error::conflict("NOT_NOW", "Later.");
  });
  EXPECT_EQ(host.post("/api/lender/v1/ask", order).error().code, "NOT_NOW");
}

TEST_F(CapabilityOfTestHost, WhatAPluginAnswersIsAskedLikeByAnotherOne) {
  TestHost host{"borrower"};
  EXPECT_EQ(host.ask("loans/1", "may_lend", R"({"how":"gladly"})").status, 200);
  EXPECT_EQ(host.ask("loans/1", "may_lend", R"({"how":"refuse"})").error().code, "NOT_NOW");
  EXPECT_THROW(host.call("loans/1", "may_lend", "{}"), std::runtime_error) << "it is no call";
}

}  // namespace
}  // namespace bulkhead::testing
