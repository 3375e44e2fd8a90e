#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <bulkhead/testing/fail_each_call.hpp>

#include "events_fixture.hpp"
#include "payment_news.hpp"
#include "reference_data.hpp"

namespace stripe {
namespace {

using bulkhead::testing::expectStatus;
using bulkhead::testing::PublishedEvent;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestHost;
using json = nlohmann::json;

TEST_F(PaymentEvents, AnEventIsToldInNeutralWords) {
  take({succeeded("evt_1")});
  ASSERT_EQ(published().size(), 1U);
  const PublishedEvent told = published()[0];
  EXPECT_EQ(told.event, "payment_succeeded");
  EXPECT_EQ(told.tenant, "t1");
  EXPECT_EQ(told.subject, "pay_1");
  EXPECT_EQ(told.json,
            R"({"id":"pay_1","reference":"INV-42","tenant":"t1","amount":4900,"currency":"EUR",)"
            R"("occurred_at":"2026-01-05T07:59:00Z"})");
}

TEST_F(PaymentEvents, TwoEventsThatSayOneThingAreToldOnce) {
  take({session("evt_1", "checkout.session.completed"), succeeded("evt_2"),
        session("evt_3", "checkout.session.async_payment_succeeded"), succeeded("evt_2")});
  EXPECT_THAT(names(), testing::ElementsAre("payment_succeeded"));
}

TEST_F(PaymentEvents, ASessionThatIsCompleteAndNotPaidSaysNothing) {
  take({eventOf(
      "evt_1", "checkout.session.completed",
      object({{"id", "cs_1"}, {"payment_intent", "pi_1"}, {"payment_status", "unpaid"}}))});
  EXPECT_TRUE(published().empty());
}

// Goal: whatever the order and the number of deliveries, each change is told once and none that a
// newer one has overtaken. Method: every order of five Events, one of them twice.
TEST_F(PaymentEvents, EveryOrderEndsTheSame) {
  std::vector<std::string> events{failed("evt_1", kNow - 90, "ch_0"), succeeded("evt_2", kNow - 60),
                                  session("evt_3", "checkout.session.completed"),
                                  refunded("evt_4", 100, kNow - 30),
                                  refunded("evt_5", 4900, kNow - 20)};
  std::vector<int> order{0, 1, 2, 3, 4};
  int run = 0;
  do {
    if (++run % 12 != 1) continue;  // ten of the 120 orders
    TestHost host{"stripe", {{"webhook_secret", kSecret}, {"seal_key", kSealKey}}};
    for (const int i : order) {
      ASSERT_EQ(deliver(host, events[static_cast<std::size_t>(i)]).status, 200);
      host.runMessages();
    }
    deliver(host, events[0]);
    host.runMessages();
    std::vector<std::string> told;
    for (const auto& event : host.published("payments/1")) told.push_back(event.event);
    EXPECT_EQ(std::count(told.begin(), told.end(), "payment_succeeded"), 1);
    const auto where = [&](const char* name) { return std::find(told.begin(), told.end(), name); };
    EXPECT_TRUE(where("payment_failed") == told.end() ||
                where("payment_failed") < where("payment_succeeded"))
        << "a failure was told after the success";
    const auto refunds = std::count(told.begin(), told.end(), "payment_refunded");
    EXPECT_TRUE(refunds == 1 || refunds == 2);
    int most = 0;
    for (const auto& event : host.published("payments/1"))
      most = std::max(most, json::parse(event.json).value("amount_refunded", 0));
    EXPECT_EQ(most, 4900) << "and the whole of it was told";
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(run, 120);
}

TEST_F(PaymentEvents, EveryFailedAttemptIsToldOnceUntilItSucceeds) {
  take({failed("evt_1", kNow - 50, "ch_1"), failed("evt_2", kNow - 40, "ch_2"),
        failed("evt_3", kNow - 40, "ch_2")});
  ASSERT_THAT(names(), testing::ElementsAre("payment_failed", "payment_failed"));
  EXPECT_EQ(json::parse(published()[0].json).value("failure_code", ""), "insufficient_funds");
  take({succeeded("evt_4", kNow - 30), failed("evt_5", kNow - 45, "ch_9")});
  EXPECT_THAT(names(),
              testing::ElementsAre("payment_failed", "payment_failed", "payment_succeeded"))
      << "news that are older than the success say nothing";
}

TEST_F(PaymentEvents, AnEndWithoutPaymentIsToldOnce) {
  take({eventOf("evt_1", "checkout.session.expired",
                object({{"id", "cs_1"}, {"payment_intent", nullptr}, {"amount_total", 4900}})),
        eventOf("evt_2", "payment_intent.canceled", object({{"status", "canceled"}}))});
  EXPECT_THAT(names(), testing::ElementsAre("payment_canceled"));
}

TEST_F(PaymentEvents, RefundsAreToldByWhatWasGivenBackSoFar) {
  take({succeeded("evt_1"), refunded("evt_2", 4900), refunded("evt_3", 100),
        refunded("evt_4", 4900)});
  EXPECT_THAT(names(), testing::ElementsAre("payment_succeeded", "payment_refunded"));
  EXPECT_EQ(json::parse(published()[1].json).value("amount_refunded", 0), 4900);
}

TEST_F(PaymentEvents, DisputesAreToldWithTheirPayment) {
  const json dispute{{"id", "du_1"},   {"object", "dispute"}, {"payment_intent", "pi_1"},
                     {"amount", 4900}, {"currency", "eur"},   {"status", "needs_response"}};
  json closed = dispute;
  closed["status"] = "lost";
  closed["balance_transactions"] = {{{"id", "txn_1"}, {"fee", 1500}},
                                    {{"id", "txn_2"}, {"fee", 500}}};
  take({succeeded("evt_1"), eventOf("evt_2", "charge.dispute.created", dispute),
        eventOf("evt_3", "charge.dispute.closed", closed),
        eventOf("evt_4", "charge.dispute.closed", closed)});
  ASSERT_THAT(names(),
              testing::ElementsAre("payment_succeeded", "dispute_opened", "dispute_closed"));
  const json told = json::parse(published()[2].json);
  EXPECT_EQ(told.value("reference", ""), "INV-42");
  EXPECT_EQ(told.value("outcome", ""), "lost");
  EXPECT_EQ(told.value("dispute", ""), "du_1");
  EXPECT_EQ(told.value("fee", 0), 2000);
  EXPECT_FALSE(json::parse(published()[1].json).contains("fee"));
}

TEST_F(PaymentEvents, APayoutIsNobodysPayment) {
  take({eventOf("evt_1", "payout.paid",
                {{"id", "po_1"},
                 {"amount", 9000},
                 {"currency", "usd"},
                 {"balance_transaction", {{"id", "txn_1"}, {"fee", 25}}}})});
  ASSERT_THAT(names(), testing::ElementsAre("payout_paid"));
  EXPECT_EQ(
      published()[0].json,
      R"({"id":"po_1","amount":9000,"currency":"USD","occurred_at":"2026-01-05T07:59:00Z","fee":25})");
  EXPECT_EQ(published()[0].tenant, "");
}

TEST_F(PaymentEvents, APaymentOfElsewhereHasStripesId) {
  take({eventOf("evt_1", "payment_intent.succeeded", object({{"metadata", json::object()}}))});
  ASSERT_EQ(published().size(), 1U);
  EXPECT_EQ(json::parse(published()[0].json).value("id", ""), "pi_1");
  EXPECT_FALSE(json::parse(published()[0].json).contains("reference"));
}

json copied(const json& members) {
  json metadata = object(json::object()).at("metadata");
  metadata.update(members);
  return metadata;
}

// Goal: who may make objects in the account at Stripe cannot post into a tenant's books. Method:
// metadata that name the tenant without a seal, with somebody else's, and with one that was made
// for another tenant, reference, amount or currency.
TEST_F(PaymentEvents, ATenantIsBelievedUnderOurSealAlone) {
  const std::vector<json> forged{
      object({{"metadata", copied({{"seal", nullptr}})}}),
      object({{"metadata", copied({{"seal", ""}})}}),
      object({{"metadata", copied({{"seal", std::string(64, '0')}})}}),
      object(
          {{"metadata", copied({{"seal", sealOf("pay_1", "t1", "INV-42", "4900", "EUR", "x")}})}}),
      object({{"metadata", copied({{"tenant", "t2"}})}}),
      object({{"metadata", copied({{"reference", "INV-43"}})}}),
      object({{"metadata", copied({{"payment", "pay_2"}})}}),
      object({{"amount", 1}}),
      object({{"currency", "usd"}}),
  };
  int number = 0;
  for (json intent : forged) {
    const std::string n = std::to_string(++number);
    intent["id"] = "pi_forged_" + n;
    take({eventOf("evt_" + n, "payment_intent.succeeded", intent)});
    ASSERT_EQ(published().size(), static_cast<std::size_t>(number)) << intent;
    EXPECT_EQ(published().back().tenant, "") << intent;
    const json told = json::parse(published().back().json);
    EXPECT_EQ(told.value("id", ""), "pi_forged_" + n);
    EXPECT_FALSE(told.contains("tenant") || told.contains("reference")) << told;
  }
  EXPECT_NE(host_.log().back().find("metadata that are not ours"), std::string::npos);
}

// Goal: what is ours and copied into another object is not believed there, since both would be told
// as one payment.
TEST_F(PaymentEvents, ACopyOfOurMetadataInAnotherObjectIsNobodys) {
  take({session("evt_1", "checkout.session.completed")});
  ASSERT_THAT(names(), testing::ElementsAre("payment_succeeded"));
  take({eventOf("evt_2", "charge.refunded",
                object({{"id", "ch_2"}, {"payment_intent", "pi_2"}, {"amount_refunded", 4900}})),
        eventOf("evt_3", "checkout.session.expired",
                object({{"id", "cs_2"}, {"payment_intent", nullptr}, {"amount_total", 4900}}))});
  ASSERT_EQ(published().size(), 3U);
  for (const std::size_t i : {1U, 2U}) EXPECT_EQ(published()[i].tenant, "") << published()[i].json;
  EXPECT_EQ(published()[1].subject, "pi_2");
  EXPECT_EQ(published()[2].subject, "cs_2");
}

TEST_F(PaymentEvents, WhatIsKnownOfItsObjectsNeedsNoSeal) {
  const FakeStripe stripe{host_};
  const json made = json::parse(
      host_
          .call("payments/1", "create_payment",
                R"({"amount":4900,"currency":"EUR","reference":"INV-42","idempotency_key":"k"})")
          .body);
  take({eventOf("evt_1", "checkout.session.completed",
                object({{"id", "cs_1"},
                        {"payment_intent", "pi_1"},
                        {"payment_status", "paid"},
                        {"amount_total", 4900},
                        {"metadata", json::object()}}))});
  ASSERT_EQ(published().size(), 1U);
  EXPECT_EQ(published()[0].tenant, "t1");
  EXPECT_EQ(published()[0].subject, made.at("id"));
}

TEST_F(PaymentEvents, APaymentOfThisVersionIsNotBelievedWithoutItsSeal) {
  const FakeStripe stripe{host_};
  const json made = json::parse(
      host_
          .call("payments/1", "create_payment",
                R"({"amount":4900,"currency":"EUR","reference":"INV-42","idempotency_key":"k"})")
          .body);
  take({eventOf(
      "evt_1", "payment_intent.succeeded",
      object({{"metadata",
               {{"payment", made.at("id")}, {"tenant", "t1"}, {"reference", "INV-42"}}}}))});
  ASSERT_EQ(published().size(), 1U);
  EXPECT_EQ(published()[0].tenant, "");
}

TEST_F(PaymentEvents, WhatIsKnownIsNotToldWithAnotherAmount) {
  take({eventOf("evt_1", "payment_intent.payment_failed", object({{"id", "pi_1"}})),
        eventOf("evt_2", "payment_intent.succeeded", object({{"amount", 4901}})),
        eventOf("evt_3", "payment_intent.succeeded", object({{"amount_received", 4000}}))});
  ASSERT_THAT(names(),
              testing::ElementsAre("payment_failed", "payment_succeeded", "payment_succeeded"));
  EXPECT_EQ(published()[1].tenant, "");
  EXPECT_EQ(published()[2].tenant, "t1") << "a part of it was captured";
}

// Goal: a reference of as many characters as the contract allows is known, however many bytes it
// is.
TEST_F(PaymentEvents, ALongReferenceIsRead) {
  std::string reference;
  for (int i = 0; i < 255; ++i) reference += "\xf0\x9f\x92\xb6";
  take({eventOf("evt_1", "payment_intent.succeeded",
                object({{"metadata",
                         {{"payment", "pay_1"},
                          {"tenant", "t1"},
                          {"reference", reference},
                          {"seal", sealOf("pay_1", "t1", reference, "4900", "EUR")}}}}))});
  ASSERT_EQ(published().size(), 1U);
  EXPECT_EQ(published()[0].tenant, "t1");
  EXPECT_EQ(json::parse(published()[0].json).value("reference", ""), reference);
}

// Goal: a change of the key costs no payment that is under way.
TEST(SealsOfStripe, OfTheKeyBeforeAreGoodWhileItIsNamed) {
  const std::string next(32, 'n');
  const auto tenantOf = [&](TestHost::Settings settings) {
    TestHost host{"stripe", settings};
    EXPECT_EQ(deliver(host, succeeded("evt_1")).status, 200);
    host.runMessages();
    return host.published("payments/1").at(0).tenant;
  };
  EXPECT_EQ(tenantOf({{"webhook_secret", kSecret}, {"seal_key", kSealKey}}), "t1");
  EXPECT_EQ(
      tenantOf({{"webhook_secret", kSecret}, {"seal_key", next}, {"seal_key_previous", kSealKey}}),
      "t1");
  EXPECT_EQ(tenantOf({{"webhook_secret", kSecret}, {"seal_key", next}}), "");
}

TEST(SealsOfStripe, ArePluginsOwnWithoutAKey) {
  TestHost host{"stripe", {{"webhook_secret", kSecret}, {"secret_key", kApiKey}}};
  const FakeStripe stripe{host};
  const auto order = [&](const char* key) {
    return json::parse(host.call("payments/1", "create_payment",
                                 json{{"amount", 4900},
                                      {"currency", "EUR"},
                                      {"reference", "INV-42"},
                                      {"idempotency_key", key}}
                                     .dump())
                           .body);
  };
  const json made = order("k");
  const auto form = bulkhead::Form::parse(host.wire().sent().back().body);
  const std::string seal{form.get("payment_intent_data[metadata][seal]")};
  EXPECT_EQ(seal.size(), 64U);
  EXPECT_NE(seal, sealOf(made.at("id"), "t1", "INV-42", "4900", "EUR", kApiKey))
      << "who has Stripe's key has not ours";
  host.restart();
  EXPECT_EQ(deliver(host, eventOf("evt_1", "payment_intent.succeeded",
                                  object({{"metadata",
                                           {{"payment", made.at("id")},
                                            {"tenant", "t1"},
                                            {"reference", "INV-42"},
                                            {"seal", seal}}}})))
                .status,
            200);
  host.runMessages();
  EXPECT_EQ(host.published("payments/1").at(0).tenant, "t1") << "the key is kept";
}

// Goal: a connected account's events are none of ours, since its owner may make any.
TEST(ConnectedAccountsOfStripe, ArePassedOverUnlessTheyAreNamed) {
  json ours = json::parse(succeeded("evt_1"));
  ours["account"] = "acct_2";
  for (const bool is_named : {false, true}) {
    TestHost host{"stripe",
                  {{"webhook_secret", kSecret},
                   {"seal_key", kSealKey},
                   {"connected_accounts", is_named ? "acct_1, acct_2" : "acct_1"}}};
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(deliver(host, ours.dump()).body, is_named && i == 1
                                                     ? R"({"received":true,"duplicate":true})"
                                                     : R"({"received":true,"duplicate":false})");
    }
    host.runMessages();
    EXPECT_EQ(host.published("payments/1").size(), is_named ? 1U : 0U);
    EXPECT_EQ(json::parse(host.get("/api/stripe/v1/events").body).at("data").size(),
              is_named ? 1U : 0U);
  }
}

TEST_F(PaymentEvents, WhatIsNotOfMoneyIsPassedOver) {
  take({eventOf("evt_1", "customer.updated", {{"id", "cus_1"}}), event("evt_2"),
        eventOf("evt_3", "payout.paid", {{"id", "po_1"}, {"currency", "x"}}),
        R"({"id":"evt_4","object":"v2.core.event","type":"v1.billing.meter","livemode":false})"});
  EXPECT_TRUE(published().empty());
}

// Goal: what payments/1 says of a payment before and after its events is one thing.
TEST_F(PaymentEvents, AnEventHasTheIdThatTheCreatorWasGiven) {
  FakeStripe stripe{host_};
  const json made = json::parse(
      host_
          .call("payments/1", "create_payment",
                R"({"amount":4900,"currency":"EUR","reference":"INV-42","idempotency_key":"k"})")
          .body);
  take({eventOf("evt_1", "payment_intent.succeeded",
                object({{"metadata",
                         {{"payment", made.at("id")},
                          {"tenant", "t1"},
                          {"reference", "INV-42"},
                          {"seal", sealOf(made.at("id"), "t1", "INV-42", "4900", "EUR")}}}}))});
  EXPECT_EQ(json::parse(published()[0].json).at("id"), made.at("id"));
  stripe.answer("POST /v1/refunds", 200,
                R"({"id":"re_1","status":"succeeded","amount":4900,"currency":"eur"})");
  EXPECT_EQ(host_
                .call("payments/1", "create_refund",
                      json{{"payment", made.at("id")}, {"idempotency_key", "r"}}.dump())
                .status,
            200);
  EXPECT_TRUE(host_.wire().sent().back().body.starts_with("payment_intent=pi_1&"))
      << "the intent is known from the event, and not asked for";
}

// Goal: an event is told exactly once whatever fails between Stripe's delivery and its end.
TEST(FailingCallsOfEvents, ADeliveryIsToldOnceWhateverFails) {
  Scenario scenario;
  scenario.plugin = "stripe";
  scenario.settings = {{"webhook_secret", kSecret}, {"seal_key", kSealKey}};
  scenario.run = [](TestHost& host) {
    expectStatus(deliver(host, succeeded("evt_1")), 200);
    host.runMessages();
    host.advance(std::chrono::hours{1});
    host.runMessages();
  };
  scenario.verify = [](TestHost& host) {
    if (host.published("payments/1").size() != 1)
      throw std::runtime_error{"the payment was not told once"};
  };
  EXPECT_THAT(bulkhead::testing::failEachCall(scenario).problems, testing::IsEmpty());
}

// Every fixture of Stripe's own is taken, and told by the contract.
TEST(PaymentNewsOfStripe, ReferenceEvents) {
  const auto file = bulkhead::tests::referenceFile("vectors/stripe_events.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/stripe_events.json is not here";
  const auto document = json::parse(std::ifstream{*file});
  TestHost host{"stripe", {{"webhook_secret", kSecret}}};
  for (const auto& event : document.at("events")) {
    EXPECT_EQ(deliver(host, event.dump()).status, 200) << event.at("type");
  }
  const auto runs = host.runMessages();
  EXPECT_EQ(runs.failed + runs.dead, 0U);
  std::vector<std::string> told;
  for (const auto& event : host.published("payments/1")) told.push_back(event.event);
  EXPECT_THAT(told, testing::ElementsAre("payment_succeeded", "payout_paid"))
      << "one intent is in all of them, and it has succeeded first";
}

}  // namespace
}  // namespace stripe
