#include "plugins/accounting/books.hpp"

namespace accounting {
namespace {

using bulkhead::testing::Delivery;
using bulkhead::testing::MessageRuns;

class Payments : public BooksTest {
 protected:
  static json payment(std::int64_t amount) {
    return {{"id", "pi_1"},      {"reference", "inv_7"}, {"amount", amount},
            {"currency", "USD"}, {"tenant", "t1"},       {"occurred_at", "2026-01-04T23:59:59Z"}};
  }
  void deliver(const char* event, const json& payload, const char* id, const char* tenant = "t1") {
    Delivery delivery;
    delivery.tenant = tenant;
    delivery.subject = payload.at("id").get<std::string>();
    delivery.id = id;
    host_.deliver("payments/1", event, payload.dump(), delivery);
  }
  MessageRuns succeeded(const json& payload, const char* id = "evt_1", const char* tenant = "t1") {
    deliver("payment_succeeded", payload, id, tenant);
    return host_.runMessages();
  }
  MessageRuns refunded(std::int64_t total, const char* id) {
    json payload = payment(5000);
    payload["amount_refunded"] = total;
    deliver("payment_refunded", payload, id);
    return host_.runMessages();
  }
  std::map<std::string, std::int64_t> balances() {
    std::map<std::string, std::int64_t> found;
    const json report = get("/reports/trial-balance");
    EXPECT_EQ(report.at("debit"), report.at("credit"));
    for (const auto& one : report.at("accounts")) {
      found[one.at("code")] =
          one.at("debit").get<std::int64_t>() - one.at("credit").get<std::int64_t>();
    }
    return found;
  }
  std::size_t entries() { return get("/journal-entries").at("items").size(); }
};

using Balances = std::map<std::string, std::int64_t>;

// Goal: a payment is one entry, however often and under however many event ids it is told.
TEST_F(Payments, A6_APaymentIsPostedOnce) {
  EXPECT_EQ(succeeded(payment(5000)).done, 1U);
  succeeded(payment(5000));
  EXPECT_EQ(succeeded(payment(5000), "evt_2").done, 1U);
  EXPECT_EQ(entries(), 1U);
  EXPECT_EQ(balances(), (Balances{{"1050", 5000}, {"1100", -5000}}));
  const json entry = get("/journal-entries").at("items").at(0);
  EXPECT_EQ(entry["date"], "2026-01-04");
  EXPECT_EQ(entry["source"], (json{{"type", "payment"}, {"id", "pi_1"}, {"kind", "charge"}}));
  EXPECT_EQ(entry["created_by"], "payments/1");
}

TEST_F(Payments, AFeeIsAnExpense) {
  json payload = payment(5000);
  payload["fee"] = 175;
  EXPECT_EQ(succeeded(payload).done, 1U);
  EXPECT_EQ(balances(), (Balances{{"1050", 4825}, {"1100", -5000}, {"6800", 175}}));
}

TEST_F(Payments, A6_RefundsGoTheOtherWayOnceEach) {
  succeeded(payment(5000));
  EXPECT_EQ(refunded(2000, "evt_2").done, 1U);
  EXPECT_EQ(refunded(2000, "evt_3").done, 1U);
  EXPECT_EQ(refunded(5000, "evt_4").done, 1U);
  EXPECT_EQ(refunded(3000, "evt_5").done, 1U) << "an older one that comes late";
  EXPECT_EQ(balances(), (Balances{{"1050", 0}, {"1100", 0}}));
  EXPECT_EQ(entries(), 3U);
}

TEST_F(Payments, ARefundWaitsForItsPayment) {
  EXPECT_EQ(refunded(2000, "evt_2").failed, 1U);
  EXPECT_EQ(entries(), 0U);
}

// Goal: what a tenant cannot book yet is kept, not lost. Method: the books are begun an hour after
// the payment.
TEST_F(Payments, APaymentWaitsForTheBooks) {
  json payload = payment(5000);
  EXPECT_EQ(succeeded(payload, "evt_1", "t2").failed, 1U);
  host_.actAs("t2");
  setUp();
  host_.advance(std::chrono::hours{1});
  EXPECT_EQ(host_.runMessages().done, 1U);
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Payments, WhatCanNeverBeBookedDiesInTheEnd) {
  json payload = payment(5000);
  payload["currency"] = "EUR";
  MessageRuns runs = succeeded(payload);
  for (int i = 0; i < 40 && runs.dead == 0; ++i) {
    EXPECT_EQ(runs.done, 0U);
    host_.advance(std::chrono::hours{2});
    runs = host_.runMessages();
  }
  EXPECT_EQ(runs.dead, 1U);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(Payments, APaymentOfNothingIsNoEntry) {
  EXPECT_EQ(succeeded(payment(0)).done, 1U);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(Payments, APaymentOfNoTenantIsPassedOver) {
  EXPECT_EQ(succeeded(payment(5000), "evt_1", "").done, 1U);
  EXPECT_EQ(entries(), 0U);
}

}  // namespace
}  // namespace accounting
