#include <gmock/gmock.h>
#include <map>
#include <set>

#include "plugins/accounting/books.hpp"

namespace accounting {
namespace {

using bulkhead::testing::Delivery;
using bulkhead::testing::MessageRuns;
using ::testing::HasSubstr;
using ::testing::Not;

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
  /// What waits of the acting tenant.
  json waiting() { return get("/waiting-payments").at("items"); }
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
  EXPECT_EQ(refunded(2000, "evt_2").done, 1U);
  EXPECT_EQ(entries(), 0U);
  ASSERT_EQ(waiting().size(), 1U);
  EXPECT_EQ(waiting()[0]["kind"], "refund");
  EXPECT_EQ(waiting()[0]["amount"], 2000);
  EXPECT_EQ(waiting()[0]["reason"]["code"], "PAYMENT_NOT_POSTED");
  succeeded(payment(5000));
  EXPECT_EQ(balances(), (Balances{{"1050", 3000}, {"1100", -3000}}));
  EXPECT_TRUE(waiting().empty());
}

// Goal: what a tenant cannot book yet is kept and shown, and booked when that is mended. Method:
// the books are begun after the payment, which is told twice.
TEST_F(Payments, A6_APaymentWaitsForTheBooks) {
  EXPECT_EQ(succeeded(payment(5000), "evt_1", "t2").done, 1U);
  EXPECT_EQ(succeeded(payment(5000), "evt_2", "t2").done, 1U);
  EXPECT_TRUE(waiting().empty()) << "it is another tenant's";
  EXPECT_THAT(host_.health("payments"), HasSubstr("COMPANY_NOT_SET_UP (1)"));
  EXPECT_THAT(host_.health("payments"), HasSubstr("degraded"));
  host_.actAs("t2");
  const json before = waiting();
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0]["payment"], "pi_1");
  EXPECT_EQ(before[0]["kind"], "charge");
  EXPECT_EQ(before[0]["amount"], 5000);
  EXPECT_EQ(before[0]["reference"], "inv_7");
  EXPECT_EQ(before[0]["received_at"], "2026-01-05T08:00:00Z");
  EXPECT_EQ(get("/waiting-payments/" + before[0]["id"].get<std::string>()), before[0]);
  setUp();
  EXPECT_EQ(host_.runMessages().done, 2U) << "found, and tried";
  EXPECT_EQ(entries(), 1U);
  EXPECT_TRUE(waiting().empty());
  EXPECT_THAT(host_.health("payments"), Not(HasSubstr("degraded")));
}

TEST_F(Payments, ARoleThatGetsItsAccountBooksWhatWaited) {
  const json clearing = account("1050");
  const std::string one = path("/accounts/" + clearing.at("id").get<std::string>());
  ASSERT_EQ(host_.patch(one, R"({"role":null})", ifMatch(clearing)).status, 200);
  succeeded(payment(5000));
  ASSERT_EQ(waiting().size(), 1U);
  EXPECT_EQ(waiting()[0]["reason"]["code"], "NO_ACCOUNT_FOR_ROLE");
  ASSERT_EQ(host_.patch(one, R"({"name":"Clearing"})", ifMatch(account("1050"))).status, 200);
  EXPECT_EQ(host_.runMessages().done, 0U) << "a name mends nothing";
  ASSERT_EQ(
      post("/accounts",
           {{"code", "1055"}, {"name", "Till"}, {"type", "asset"}, {"role", "stripe_clearing"}})
          .status,
      201);
  host_.runMessages();
  EXPECT_TRUE(waiting().empty());
  EXPECT_EQ(balances(), (Balances{{"1055", 5000}, {"1100", -5000}}));
}

TEST_F(Payments, AnInactiveAccountBooksWhatWaitedWhenItIsActive) {
  const json receivable = account("1100");
  const std::string one = path("/accounts/" + receivable.at("id").get<std::string>());
  ASSERT_EQ(host_.patch(one, R"({"active":false})", ifMatch(receivable)).status, 200);
  succeeded(payment(5000));
  EXPECT_EQ(waiting()[0]["reason"]["code"], "ACCOUNT_INACTIVE");
  EXPECT_EQ(entries(), 0U) << "not even a draft";
  ASSERT_EQ(host_.patch(one, R"({"active":true})", ifMatch(account("1100"))).status, 200);
  host_.runMessages();
  EXPECT_EQ(entries(), 1U);
}

// Goal: changes that come one after the other do not pile up work. Method: a role goes to and fro
// six times before a message is handled, and it is never the one that is missed.
TEST_F(Payments, ManyChangesAreOnePassAndOneBehindIt) {
  const json clearing = account("1050");
  const auto give = [&](const json& seen, const json& role) {
    const std::string one = path("/accounts/" + seen.at("id").get<std::string>());
    ASSERT_EQ(host_.patch(one, json{{"role", role}}.dump(), ifMatch(seen)).status, 200);
  };
  give(clearing, nullptr);
  succeeded(payment(5000));
  ASSERT_EQ(waiting().size(), 1U);
  for (int i = 0; i < 6; ++i) {
    give(account("1050"), "inventory");
    give(account("1050"), nullptr);
  }
  EXPECT_EQ(host_.runMessages().done, 4U) << "two passes that find it, two tries";
  EXPECT_EQ(waiting()[0]["tries"], 3);
  give(account("1050"), "stripe_clearing");
  EXPECT_EQ(host_.runMessages().done, 2U) << "the next change begins a new one";
  EXPECT_EQ(entries(), 1U);
}

// Goal: a change tries only what it can have mended. Method: two payments wait for two reasons.
TEST_F(Payments, AChangeTriesWhatItCanMend) {
  const json clearing = account("1050");
  const std::string one = path("/accounts/" + clearing.at("id").get<std::string>());
  json payload = payment(5000);
  payload["currency"] = "EUR";
  succeeded(payload);
  ASSERT_EQ(host_.patch(one, R"({"active":false})", ifMatch(clearing)).status, 200);
  payload = payment(5000);
  payload["id"] = "pi_2";
  succeeded(payload, "evt_2");
  ASSERT_EQ(waiting().size(), 2U);
  ASSERT_EQ(host_.patch(one, R"({"active":true})", ifMatch(account("1050"))).status, 200);
  host_.runMessages();
  ASSERT_EQ(waiting().size(), 1U);
  EXPECT_EQ(waiting()[0]["payment"], "pi_1");
  EXPECT_EQ(waiting()[0]["tries"], 1);
}

// Goal: more than one transaction finds are all tried, each in a transaction of its own. Method:
// 120 payments before the books, one of which stays.
TEST_F(Payments, ManyAreTriedEachByItself) {
  for (int i = 0; i < 120; ++i) {
    json payload = payment(100);
    payload["id"] = fmt::format("pi_{}", i);
    if (i == 7) payload["currency"] = "EUR";
    deliver("payment_succeeded", payload, fmt::format("evt_{}", i).c_str(), "t2");
    host_.advance(std::chrono::seconds{1});
  }
  host_.runMessages();
  host_.actAs("t2");
  std::vector<std::string> seen;
  std::string target = "/waiting-payments?limit=20";
  for (;;) {
    const json page = get(target);
    for (const auto& one : page.at("items")) seen.push_back(one.at("payment"));
    if (page.at("next_cursor").is_null()) break;
    target = "/waiting-payments?limit=20&cursor=" + page.at("next_cursor").get<std::string>();
  }
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 120U);
  EXPECT_EQ(get("/waiting-payments?payment=pi_3").at("items").size(), 1U);
  EXPECT_EQ(get("/waiting-payments?code=CURRENCY_MISMATCH").at("items").size(), 0U);
  EXPECT_EQ(host_.get(path("/waiting-payments?cursor=x")).error().code, "CURSOR_INVALID");
  setUp();
  EXPECT_EQ(host_.runMessages().done, 3U + 120U);
  EXPECT_EQ(balances(), (Balances{{"1050", 11900}, {"1100", -11900}}));
  EXPECT_EQ(get("/waiting-payments?code=CURRENCY_MISMATCH").at("items").size(), 1U);
}

TEST_F(Payments, AnIdOfManyBytesIsTriedLikeOthers) {
  json payload = payment(5000);
  std::string id;
  for (int i = 0; i < 255; ++i) id += "\u00e9";
  payload["id"] = id;
  host_.deliver("payments/1", "payment_succeeded", payload.dump(), Delivery{"t2", "x", "evt_1"});
  host_.runMessages();
  host_.actAs("t2");
  ASSERT_EQ(waiting().size(), 1U);
  setUp();
  EXPECT_EQ(host_.runMessages().done, 2U);
  EXPECT_EQ(entries(), 1U);
}

// Goal: what can never be booked is no message that is tried for ever; somebody decides.
TEST_F(Payments, WhatCanNeverBeBookedIsDismissed) {
  json payload = payment(5000);
  payload["currency"] = "EUR";
  EXPECT_EQ(succeeded(payload).done, 1U);
  const json one = waiting().at(0);
  EXPECT_EQ(one["reason"]["code"], "CURRENCY_MISMATCH");
  const std::string target = "/waiting-payments/" + one.at("id").get<std::string>();
  const auto refused = host_.post(path(target + "/retry"), "");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.error().code, "CURRENCY_MISMATCH");
  EXPECT_EQ(host_.del(path(target)).status, 428);
  host_.actAs("t2");
  EXPECT_EQ(host_.del(path(target), ifMatch(one)).status, 404);
  host_.actAs("t1");
  EXPECT_EQ(host_.del(path(target), ifMatch(one)).status, 204);
  EXPECT_TRUE(waiting().empty());
  EXPECT_EQ(host_.del(path(target), ifMatch(one)).status, 404);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(Payments, A6_ARetryPostsOnce) {
  succeeded(payment(5000), "evt_1", "t2");
  host_.actAs("t2");
  const std::string retry =
      path("/waiting-payments/" + waiting().at(0).at("id").get<std::string>() + "/retry");
  EXPECT_EQ(host_.post(retry, "").error().code, "COMPANY_NOT_SET_UP");
  setUp();
  const Headers key{{"Idempotency-Key", "retry-1"}};
  const auto first = host_.post(retry, "", key);
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(json::parse(first.body).at("entry"), get("/journal-entries")["items"][0]["id"]);
  EXPECT_EQ(host_.post(retry, "", key).body, first.body);
  EXPECT_EQ(host_.post(retry, "").status, 404);
  EXPECT_EQ(host_.runMessages().done, 1U) << "the retry of the setup finds nothing";
  EXPECT_EQ(entries(), 1U);
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
