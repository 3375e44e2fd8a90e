#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bulkhead/testing/fail_each_call.hpp>

#include "payments_fixture.hpp"

namespace stripe {
namespace {

using bulkhead::Outcome;
using bulkhead::testing::expectStatus;
using bulkhead::testing::httpAnswer;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestHost;
using bulkhead::testing::TestResponse;
using json = nlohmann::json;

std::string refundOf(const std::string& payment, const std::string& members) {
  return R"({"payment":")" + payment + "\"," + members + "}";
}

// Goal: nobody is given back twice, however late the request comes again. Method: Stripe forgets
// its keys, as it may after a day.
TEST_F(PaymentsOfStripe, ARefundIsGivenOnceForAKeyHoweverLate) {
  const std::string id = begun(R"({"id":"pi_1","status":"succeeded"})");
  const std::string part = refundOf(id, R"("amount":5,"idempotency_key":"r1")");
  const TestResponse first = call("create_refund", part);
  ASSERT_EQ(first.status, 200) << first.body;
  stripe_.forgetKeys();
  host_.advance(std::chrono::hours{25});
  EXPECT_EQ(call("create_refund", part).body, first.body);
  EXPECT_EQ(stripe_.refunds(), 1U);
  const TestResponse other = call("create_refund", refundOf(id, R"("idempotency_key":"r2")"));
  EXPECT_EQ(json::parse(other.body).value("id", ""), "re_2") << "another key is another refund";
  EXPECT_EQ(
      call("create_refund", refundOf(id, R"("amount":6,"idempotency_key":"r1")")).error().code,
      "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(stripe_.refunds(), 2U);
}

TEST_F(PaymentsOfStripe, ARefundIsFoundOnWhateverPageItIs) {
  const std::string id = begun(R"({"id":"pi_1","status":"succeeded"})");
  for (int i = 0; i < 5; ++i) {
    stripe_.loseNextRefund();
    call("create_refund",
         refundOf(id, R"("amount":1,"idempotency_key":"r)" + std::to_string(i) + "\""));
  }
  ASSERT_EQ(stripe_.refunds(), 5U);
  stripe_.forgetKeys();
  stripe_.listRefundsBy(2);
  const TestResponse again =
      call("create_refund", refundOf(id, R"("amount":1,"idempotency_key":"r0")"));
  EXPECT_EQ(json::parse(again.body).value("id", ""), "re_1");
  EXPECT_EQ(stripe_.refunds(), 5U);
}

// Goal: what an earlier version has given back, in whose metadata no key stands, is given once.
TEST_F(PaymentsOfStripe, ARefundOfAnEarlierVersionIsRepeatedAsItWas) {
  const std::string id = begun(R"({"id":"pi_1","status":"succeeded"})");
  const std::string refund = refundOf(id, R"("amount":5,"idempotency_key":"r1")");
  stripe_.answer("GET /v1/refunds", 200, R"({"data":[],"has_more":false})");
  host_.wire().answerNext(
      httpAnswer(200, R"({"id":"cs_1","payment_intent":{"id":"pi_1","status":"succeeded"}})"));
  host_.wire().answerNext(httpAnswer(200, R"({"data":[],"has_more":false})"));
  host_.wire().answerNext(httpAnswer(400, FakeStripe::refusal("idempotency_error", "")));
  const TestResponse given = call("create_refund", refund);
  EXPECT_EQ(given.status, 200) << given.body;
  EXPECT_EQ(last().body, "payment_intent=pi_1&amount=5");
  stripe_.forgetKeys();
  EXPECT_EQ(call("create_refund", refund).body, given.body) << "no list of Stripe's shows its key";
  EXPECT_EQ(stripe_.refunds(), 1U);
}

// What cannot be looked for is not given.
TEST_F(PaymentsOfStripe, WithoutALookNothingIsGivenBack) {
  const std::string id = begun(R"({"id":"pi_1","status":"succeeded"})");
  const std::string refund = refundOf(id, R"("idempotency_key":"r1")");
  stripe_.answer("GET /v1/refunds", 500, "");
  EXPECT_EQ(call("create_refund", refund).error().code, "PROVIDER_FAILED");
  stripe_.answer("GET /v1/refunds", 200, R"({"object":"list"})");
  EXPECT_EQ(call("create_refund", refund).error().code, "PROVIDER_ANSWER_INVALID");
  stripe_.answer("GET /v1/refunds", 200, R"({"data":[{"id":"re_9"}],"has_more":true})");
  EXPECT_EQ(call("create_refund", refund).error().code, "PROVIDER_AMBIGUOUS")
      << "more pages than anybody reads";
  EXPECT_EQ(stripe_.refunds(), 0U);
}

// Goal: somebody is given back once, whatever fails in between.
TEST(FailingCalls, ARefundIsGivenOnceWhateverFails) {
  Scenario scenario;
  scenario.plugin = "stripe";
  scenario.settings = {{"secret_key", kApiKey}};
  std::shared_ptr<FakeStripe> stripe;
  std::string payment;
  scenario.prepare = [&](TestHost& host) {
    stripe = std::make_shared<FakeStripe>(host);
    payment = json::parse(host.call("payments/1", "create_payment", kCreate).body).at("id");
    stripe->answer("GET /v1/checkout/sessions/cs_1", 200,
                   R"({"id":"cs_1","payment_intent":{"id":"pi_1","status":"succeeded"}})");
  };
  scenario.run = [&](TestHost& host) {
    const std::string refund = refundOf(payment, R"("idempotency_key":"once")");
    TestResponse given = host.call("payments/1", "create_refund", refund);
    if (given.status >= 500) {
      host.restart();
      stripe->forgetKeys();
      given = host.call("payments/1", "create_refund", refund);
    }
    expectStatus(std::move(given), 200);
  };
  scenario.verify = [&](TestHost&) {
    if (stripe->refunds() != 1) throw std::runtime_error{"it was not given back once"};
  };
  EXPECT_THAT(bulkhead::testing::failEachCall(scenario).problems, testing::IsEmpty());
}

}  // namespace
}  // namespace stripe
