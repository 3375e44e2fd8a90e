#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include <bulkhead/testing/fail_each_call.hpp>

#include "payment.hpp"
#include "payments_fixture.hpp"
#include "vendor_requests.hpp"

namespace stripe {
namespace {

using bulkhead::Form;
using bulkhead::OutboundRequest;
using bulkhead::Outcome;
using bulkhead::testing::expectStatus;
using bulkhead::testing::httpAnswer;
using bulkhead::testing::httpFailure;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestHost;
using bulkhead::testing::TestResponse;
using bulkhead::tests::decodedForm;
using json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST_F(PaymentsOfStripe, ALinkIsACheckoutSessionOfTheOrder) {
  const TestResponse made = order("one");
  ASSERT_EQ(made.status, 201) << made.body;
  const json link = json::parse(made.body);
  EXPECT_EQ(link.at("url"), "https://pay.example/1");
  EXPECT_EQ(link.at("status"), "pending");
  EXPECT_EQ(link.at("created_at"), "2026-01-05T08:00:00Z");
  ASSERT_EQ(host_.wire().sent().size(), 1U);
  EXPECT_EQ(last().method + " " + last().url, "POST https://api.stripe.com/v1/checkout/sessions");
  EXPECT_TRUE(last().repeatable);
  EXPECT_EQ(FakeStripe::headerOf(last(), "Authorization"), "Bearer sk_test_1234567890");
  EXPECT_EQ(FakeStripe::headerOf(last(), "Stripe-Version"), "2026-10-28.endive");
  const std::string id = link.at("id");
  const std::string seal = decodedForm(last().body)["metadata[seal]"];
  EXPECT_EQ(seal.size(), 64U);
  const std::map<std::string, std::string> expected{
      {"mode", "payment"},
      {"line_items[0][price_data][currency]", "eur"},
      {"line_items[0][price_data][unit_amount]", "4900"},
      {"line_items[0][price_data][product_data][name]", "Invoice 42"},
      {"line_items[0][quantity]", "1"},
      {"success_url", "https://shop.example/done"},
      {"customer_email", "ann@example.com"},
      {"payment_intent_data[description]", "Invoice 42"},
      {"payment_intent_data[metadata][note]", "a&b"},
      {"payment_intent_data[metadata][payment]", id},
      {"payment_intent_data[metadata][reference]", "INV-42"},
      {"payment_intent_data[metadata][seal]", seal},
      {"payment_intent_data[metadata][tenant]", "t1"},
      {"metadata[note]", "a&b"},
      {"metadata[payment]", id},
      {"metadata[reference]", "INV-42"},
      {"metadata[seal]", seal},
      {"metadata[tenant]", "t1"}};
  EXPECT_EQ(decodedForm(last().body), expected);
}

TEST_F(PaymentsOfStripe, ARepeatSendsTheSameKeyAndNeverPaysTwice) {
  for (const auto outcome : {Outcome::Ambiguous, Outcome::NotSent}) {
    host_.wire().answerNext(httpFailure(outcome, "CONNECTION_LOST"));
    const TestResponse unknown = order("two");
    EXPECT_EQ(unknown.status, 502) << unknown.body;
    EXPECT_EQ(unknown.error().code,
              outcome == Outcome::Ambiguous ? "PROVIDER_AMBIGUOUS" : "PROVIDER_UNREACHABLE");
  }
  host_.wire().answerNext(httpAnswer(500, "oops"));
  EXPECT_EQ(order("two").error().code, "PROVIDER_FAILED");
  host_.wire().answerNext(httpAnswer(200, "<html>"));
  EXPECT_EQ(order("two").error().code, "PROVIDER_ANSWER_INVALID");
  const TestResponse made = order("two");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(order("two").body, made.body) << "replayed by the host";
  std::set<std::string> keys;
  for (const auto& request : host_.wire().sent())
    keys.insert(FakeStripe::headerOf(request, "Idempotency-Key"));
  EXPECT_EQ(keys.size(), 1U) << "one key in every attempt";
  EXPECT_EQ(host_.wire().sent().size(), 5U);
  EXPECT_EQ(order("three").status, 201);
  EXPECT_EQ(stripe_.sessions(), 2U) << "another key is another payment";
}

// Goal: under one key Stripe gets one body, whatever the settings are at the second try. Method:
// the answer to the first is lost; the fake refuses another body, as Stripe does.
TEST(PaymentsOfStripeAfterAChange, OfTheSettingsAreRepeatedAsTheyWere) {
  TestHost host{"stripe", {{"secret_key", kApiKey}, {"seal_key", std::string(32, 'a')}}};
  const FakeStripe stripe{host};
  const auto make = [&] { return host.call("payments/1", "create_payment", kCreate); };
  host.wire().answerNext(httpFailure(Outcome::NotSent, "CONNECTION_REFUSED"));
  EXPECT_EQ(make().error().code, "PROVIDER_UNREACHABLE");
  const std::string form = host.wire().sent().back().body;
  host.restart({{"secret_key", kApiKey},
                {"seal_key", std::string(32, 'b')},
                {"return_url", "https://shop.example/other"}});
  EXPECT_EQ(make().status, 200);
  EXPECT_EQ(host.wire().sent().back().body, form);
  EXPECT_EQ(host.call("payments/1", "create_payment",
                      R"({"amount":1,"currency":"EUR","reference":"r","idempotency_key":"k1"})")
                .error()
                .code,
            "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(host.wire().sent().size(), 2U);
}

// Goal: a payment whose first try an earlier version has made, without a seal, is the same payment.
TEST_F(PaymentsOfStripe, ATryOfAnEarlierVersionIsRepeatedAsItWas) {
  host_.wire().answerNext(httpAnswer(400, FakeStripe::refusal("idempotency_error", "")));
  const TestResponse made = order("k");
  EXPECT_EQ(made.status, 201) << made.body;
  auto before = decodedForm(host_.wire().sent().at(0).body);
  EXPECT_EQ(before.erase("metadata[seal]") + before.erase("payment_intent_data[metadata][seal]"),
            2U);
  EXPECT_EQ(decodedForm(last().body), before);
}

TEST_F(PaymentsOfStripe, AKeyThatStripeHasSeenWithAnotherBodyIsRefused) {
  stripe_.answer("POST /v1/checkout/sessions", 400, FakeStripe::refusal("idempotency_error", ""));
  const TestResponse refused = order("k");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.error().code, "IDEMPOTENCY_KEY_REUSED");
}

TEST_F(PaymentsOfStripe, AnAmbiguousOutcomeSaysThatTheKeyIsKept) {
  host_.wire().answerNext(httpFailure(Outcome::Ambiguous, "DEADLINE_EXCEEDED"));
  EXPECT_THAT(order("k").error().message, HasSubstr("same idempotency key"));
}

TEST_F(PaymentsOfStripe, WhatStripeRefusesHasTheWordsOfTheContract) {
  struct Row {
    int status;
    std::string body;
    int expected_status;
    std::string code;
  };
  const auto invalid = [](const char* code, const char* param = "") {
    return FakeStripe::refusal("invalid_request_error", code, param);
  };
  const std::vector<Row> rows{
      {402, FakeStripe::refusal("card_error", "card_declined"), 422, "CARD_DECLINED"},
      {400, invalid("amount_too_small", "line_items[0][price_data][unit_amount]"), 422,
       "AMOUNT_NOT_ACCEPTED"},
      {400, invalid("", "line_items[0][price_data][currency]"), 422, "CURRENCY_NOT_ACCEPTED"},
      {400, invalid("rate_limit"), 429, "PROVIDER_RATE_LIMITED"},
      {400, invalid("parameter_unknown", "mode"), 422, "PROVIDER_REFUSED"},
      {404, invalid("resource_missing"), 422, "PROVIDER_REFUSED"},
      {401, invalid(""), 502, "PROVIDER_KEY_REFUSED"},
      {403, invalid(""), 502, "PROVIDER_KEY_REFUSED"},
      {409, FakeStripe::refusal("idempotency_error", "idempotency_key_in_use"), 502,
       "PROVIDER_AMBIGUOUS"},
      {429, invalid(""), 429, "PROVIDER_RATE_LIMITED"},
      {500, "", 502, "PROVIDER_FAILED"},
      {503, "<html>", 502, "PROVIDER_FAILED"},
      {302, "", 502, "PROVIDER_ANSWER_INVALID"},
  };
  int count = 0;
  for (const Row& row : rows) {
    host_.wire().answerNext(httpAnswer(row.status, row.body));
    const TestResponse refused = order("r" + std::to_string(++count));
    EXPECT_EQ(refused.status, row.expected_status) << row.status << row.body << refused.body;
    EXPECT_EQ(refused.error().code, row.code) << row.status << row.body;
    EXPECT_THAT(refused.body, Not(HasSubstr("told to nobody")));
  }
  for (const std::string& line : host_.log()) EXPECT_THAT(line, Not(HasSubstr("sk_test_")));
}

TEST_F(PaymentsOfStripe, ALimitIsPassedOnWithItsTime) {
  auto limited = httpAnswer(429, "{}");
  limited.retry_after_s = 9;
  host_.wire().answerNext(limited);
  EXPECT_EQ(order("k").header("Retry-After"), "9");
}

TEST_F(PaymentsOfStripe, CurrenciesOfOtherUnitsAreNotTaken) {
  for (const std::string& currency : std::vector<std::string>{"ISK", "MGA", "UGX"}) {
    const std::string body = R"({"amount":5000,"reference":"r","currency":")" + currency + "\"}";
    const TestResponse refused = order("c" + currency, body.c_str());
    EXPECT_EQ(refused.error().code, "CURRENCY_NOT_ACCEPTED") << currency;
  }
  EXPECT_TRUE(host_.wire().sent().empty());
}

TEST(RefundedOfStripe, IsWithoutWhatWasNeverCaptured) {
  const auto refunded = [](std::int64_t amount, std::int64_t captured, std::int64_t told) {
    return refundedOf(
        {{"amount", amount}, {"amount_captured", captured}, {"amount_refunded", told}});
  };
  EXPECT_EQ(refunded(20675, 20300, 375), 0);
  EXPECT_EQ(refunded(20675, 20300, 1375), 1000);
  EXPECT_EQ(refunded(4900, 4900, 4900), 4900);
  EXPECT_EQ(refunded(4900, 0, 4900), 0) << "canceled before it was captured";
  EXPECT_EQ(refundedOf({{"amount", 4900}, {"amount_refunded", 7}}), 7);
}

TEST_F(PaymentsOfStripe, NamesOfOurOwnAreNotForMetadata) {
  for (const std::string name : {"payment", "reference", "seal", "tenant"}) {
    const std::string body =
        R"({"amount":1,"currency":"EUR","reference":"r","metadata":{")" + name + R"(":"x"}})";
    EXPECT_EQ(order("m" + name, body.c_str()).error().code, "PROVIDER_REFUSED") << name;
  }
  EXPECT_TRUE(host_.wire().sent().empty());
}

// Goal: payments/1 is answered by the contract in every call. Method: the test host holds both
// sides to plugin-api/capabilities/payments.json.
TEST_F(PaymentsOfStripe, APaymentIsCreatedOnceForAKeyHoweverLate) {
  const TestResponse made = call("create_payment", kCreate);
  ASSERT_EQ(made.status, 200) << made.body;
  host_.advance(std::chrono::hours{24 * 30});
  EXPECT_EQ(call("create_payment", kCreate).body, made.body);
  EXPECT_EQ(host_.wire().sent().size(), 1U) << "Stripe forgets its keys, we do not";
  EXPECT_EQ(call("create_payment",
                 R"({"amount":4901,"currency":"EUR","reference":"INV-42","idempotency_key":"k1"})")
                .error()
                .code,
            "IDEMPOTENCY_KEY_REUSED");
  host_.actAs("t2");
  EXPECT_NE(json::parse(call("create_payment", kCreate).body).at("id"),
            json::parse(made.body).at("id"))
      << "keys are each tenant's own";
}

TEST_F(PaymentsOfStripe, APaymentStandsAsStripeSays) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {R"({"id":"pi_1","status":"requires_payment_method"})", "pending"},
      {R"({"id":"pi_1","status":"requires_action"})", "action_required"},
      {R"({"id":"pi_1","status":"processing"})", "pending"},
      {R"({"id":"pi_1","status":"requires_capture"})", "authorized"},
      {R"({"id":"pi_1","status":"succeeded"})", "succeeded"},
      {R"({"id":"pi_1","status":"canceled"})", "canceled"}};
  for (const auto& [intent, status] : rows) {
    const std::string id = begun(intent);
    const json payment = json::parse(call("get_payment", R"({"id":")" + id + "\"}").body);
    EXPECT_EQ(payment.value("status", ""), status) << intent;
  }
  const std::string id =
      begun(R"({"id":"pi_1","status":"requires_payment_method","amount":4900,"currency":"eur",)"
            R"("last_payment_error":{"code":"card_declined","decline_code":"insufficient_funds"},)"
            R"("latest_charge":{"id":"ch_1","amount_refunded":7}})");
  const json failed = json::parse(call("get_payment", R"({"id":")" + id + "\"}").body);
  EXPECT_EQ(failed.value("status", ""), "failed");
  EXPECT_EQ(failed.value("failure_code", ""), "insufficient_funds");
  EXPECT_EQ(failed.value("amount_refunded", 0), 7);
  EXPECT_THAT(last().url, HasSubstr("?expand[0]=payment_intent.latest_charge"));
  EXPECT_EQ(last().method, "GET");
}

TEST_F(PaymentsOfStripe, ItIsCapturedCanceledAndGivenBack) {
  const std::string id = begun(R"({"id":"pi_1","status":"requires_capture"})");
  stripe_.answer("POST /v1/payment_intents/pi_1/capture", 200,
                 R"({"id":"pi_1","status":"succeeded","amount":4900,"currency":"eur"})");
  const std::string step = R"({"id":")" + id + R"(","idempotency_key":"s1"})";
  EXPECT_EQ(json::parse(call("capture_payment", step).body).value("status", ""), "succeeded");
  EXPECT_TRUE(last().body.empty()) << "all of it";
  EXPECT_EQ(call("capture_payment", R"({"id":")" + id + R"(","amount":100,"idempotency_key":"s2"})")
                .status,
            200);
  EXPECT_EQ(last().body, "amount_to_capture=100");

  stripe_.answer("POST /v1/payment_intents/pi_1/cancel", 200,
                 R"({"id":"pi_1","status":"canceled"})");
  EXPECT_EQ(json::parse(call("cancel_payment", step).body).value("status", ""), "canceled");

  stripe_.answer("POST /v1/refunds", 200,
                 R"({"id":"re_1","status":"pending","amount":5,"currency":"eur"})");
  const TestResponse refund =
      call("create_refund",
           R"({"payment":")" + id +
               R"(","amount":5,"reason":"requested_by_customer","idempotency_key":"s3"})");
  EXPECT_EQ(refund.body, R"({"id":"re_1","payment":")" + id +
                             R"(","status":"pending","amount":5,"currency":"EUR"})");
  stripe_.answer("POST /v1/refunds", 400,
                 FakeStripe::refusal("invalid_request_error", "charge_already_refunded"));
  EXPECT_EQ(
      call("create_refund", R"({"payment":")" + id + R"(","idempotency_key":"s4"})").error().code,
      "ILLEGAL_TRANSITION");
}

TEST_F(PaymentsOfStripe, ACheckoutThatNobodyHasBegunIsEnded) {
  const std::string id = json::parse(call("create_payment", kCreate).body).at("id");
  stripe_.answer("GET /v1/checkout/sessions/cs_1", 200,
                 R"({"id":"cs_1","status":"open","payment_intent":null})");
  const std::string step = R"({"id":")" + id + R"(","idempotency_key":"s1"})";
  EXPECT_EQ(call("capture_payment", step).error().code, "ILLEGAL_TRANSITION");
  EXPECT_EQ(
      call("create_refund", R"({"payment":")" + id + R"(","idempotency_key":"s"})").error().code,
      "ILLEGAL_TRANSITION");
  stripe_.answer("POST /v1/checkout/sessions/cs_1/expire", 200,
                 R"({"id":"cs_1","status":"expired"})");
  EXPECT_EQ(json::parse(call("cancel_payment", step).body).value("status", ""), "canceled");
}

TEST_F(PaymentsOfStripe, AnotherTenantsPaymentIsNotThere) {
  const std::string id = begun(R"({"id":"pi_1","status":"succeeded"})");
  const auto before = host_.wire().sent().size();
  host_.actAs("t2");
  for (const char* name : {"get_payment", "capture_payment", "cancel_payment"}) {
    const std::string request = std::string{name} == "get_payment"
                                    ? R"({"id":")" + id + "\"}"
                                    : R"({"id":")" + id + R"(","idempotency_key":"s"})";
    EXPECT_EQ(call(name, request).error().code, "PAYMENT_NOT_FOUND") << name;
  }
  EXPECT_EQ(host_.wire().sent().size(), before) << "and Stripe is not asked";
}

TEST(PaymentsWithoutKey, C13_SaySoAndNameTheSetting) {
  TestHost host{"stripe"};
  const TestResponse answer = host.post(kLinks, kOrder);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.error().code, "NOT_CONFIGURED");
  EXPECT_THAT(answer.error().message, HasSubstr("secret_key"));
}

// Goal: a client that repeats its request has one payment, whatever fails in between.
TEST(FailingCalls, APaymentLinkIsMadeOnceWhateverFails) {
  Scenario scenario;
  scenario.plugin = "stripe";
  scenario.settings = {{"secret_key", kApiKey}};
  std::shared_ptr<FakeStripe> stripe;
  scenario.prepare = [&](TestHost& host) { stripe = std::make_shared<FakeStripe>(host); };
  scenario.run = [](TestHost& host) {
    expectStatus(host.post(kLinks, kOrder, {{"Idempotency-Key", "once"}}), 201);
  };
  scenario.verify = [&](TestHost&) {
    if (stripe->sessions() != 1) throw std::runtime_error{"there are two payments at Stripe"};
  };
  EXPECT_THAT(bulkhead::testing::failEachCall(scenario).problems, testing::IsEmpty());
}

TEST(HealthOfStripe, AsksAtMostOnceAMinuteAndTellsARefusedKey) {
  TestHost host{"stripe", {{"secret_key", kApiKey}, {"webhook_secret", "whsec_1234567890"}}};
  FakeStripe stripe{host};
  EXPECT_EQ(json::parse(host.health("api")).value("status", ""), "healthy");
  for (int i = 0; i < 5; ++i) host.health("api");
  EXPECT_EQ(host.wire().sent().size(), 1U);
  EXPECT_EQ(host.wire().sent().at(0).url, "https://api.stripe.com/v1/balance");
  stripe.answer("GET /v1/balance", 401, "{}");
  host.advance(std::chrono::seconds{60});
  const json refused = json::parse(host.health("api"));
  EXPECT_EQ(refused.value("status", ""), "critical");
  EXPECT_EQ(refused.value("message", ""), "key refused");
  stripe.answer("GET /v1/balance", 403, "{}");
  host.advance(std::chrono::seconds{60});
  EXPECT_EQ(json::parse(host.health("api")).value("status", ""), "healthy") << "a restricted key";
  stripe.answer("GET /v1/balance", 500, "{}");
  host.advance(std::chrono::seconds{60});
  EXPECT_EQ(json::parse(host.health("api")).value("status", ""), "degraded");
}

// Goal: our requests are those of Stripe's own library. Method: the own row is what it sent,
// written down; the reference has more of them.
TEST_F(PaymentsOfStripe, ARefundIsAskedForAsByStripesLibrary) {
  const std::string id = begun(R"({"id":"pi_1","status":"succeeded"})");
  stripe_.answer("POST /v1/refunds", 200,
                 R"({"id":"re_1","status":"succeeded","amount":5,"currency":"usd"})");
  call("create_refund",
       R"({"payment":")" + id +
           R"(","amount":5,"reason":"requested_by_customer","idempotency_key":"bk_42:re"})");
  const bulkhead::tests::VendorRequest own{
      "POST",
      "/v1/refunds",
      {{"accept", "application/json"},
       {"content-type", "application/x-www-form-urlencoded"},
       {"stripe-version", "2026-10-28.endive"}},
      "payment_intent=pi_1&amount=5&reason=requested_by_customer"};
  OutboundRequest sent = last();
  const auto marks = sent.body.find("&metadata[refund]=refund_");
  ASSERT_NE(marks, std::string::npos) << sent.body;
  sent.body.resize(marks);
  bulkhead::tests::expectEqualForms(sent, own, kApi);
  if (const auto golden = bulkhead::tests::goldenRequest("stripe", "refunds.create"))
    bulkhead::tests::expectEqualForms(sent, *golden, kApi);
}

TEST_F(PaymentsOfStripe, ReferenceRequestsOfStripesLibrary) {
  const auto golden = bulkhead::tests::goldenRequest("stripe", "balance.retrieve");
  if (!golden) GTEST_SKIP() << "reference data: vectors/golden_requests.json is not here";
  host_.health("api");
  bulkhead::tests::expectEqualForms(last(), *golden, kApi);
}

}  // namespace
}  // namespace stripe
