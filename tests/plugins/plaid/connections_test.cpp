#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bulkhead/testing/fail_each_call.hpp>

#include "fake_plaid.hpp"
#include "vendor_requests.hpp"

namespace plaid {
namespace {

using bulkhead::OutboundRequest;
using bulkhead::Outcome;
using bulkhead::testing::expectStatus;
using bulkhead::testing::httpAnswer;
using bulkhead::testing::httpFailure;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestHost;
using bulkhead::testing::TestResponse;
using json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kConnections = "/api/plaid/v1/connections";
constexpr const char* kPublicToken = R"({"public_token":"public-sandbox-x"})";
constexpr const char* kAccounts = R"({"connection":"item1"})";

class ConnectionsOfPlaid : public testing::Test {
 protected:
  TestResponse call(const char* name, const std::string& request) {
    return host_.call("bank-feed/1", name, request);
  }
  void connect() { ASSERT_EQ(call("complete_connection", kPublicToken).status, 200); }
  OutboundRequest last() const { return host_.wire().sent().back(); }

  mutable TestHost host_{"plaid", FakePlaid::settings()};
  FakePlaid plaid_{host_};
};

TEST_F(ConnectionsOfPlaid, ALinkTokenIsAskedForInTheSettingsWords) {
  const TestResponse made = host_.post("/api/plaid/v1/link-tokens", R"({"user":"u-7"})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body, R"({"token":"link-sandbox-1","expires_at":"2026-01-05T12:00:00Z"})");
  EXPECT_EQ(last().url, "https://sandbox.plaid.com/link/token/create");
  EXPECT_EQ(json::parse(last().body),
            json::parse(R"({"client_name":"Bulkhead","language":"en","country_codes":["US"],
                            "user":{"client_user_id":"t1:u-7"},"products":["transactions"]})"));
}

TEST_F(ConnectionsOfPlaid, AConnectionIsRenewedWithItsToken) {
  connect();
  ASSERT_EQ(call("begin_connection", R"({"user":"u","connection":"item1","countries":["DE","AT"]})")
                .status,
            200);
  const json sent = json::parse(last().body);
  EXPECT_EQ(sent.value("access_token", ""), "access-sandbox-1");
  EXPECT_FALSE(sent.contains("products"));
  EXPECT_EQ(sent.at("country_codes"), json::parse(R"(["DE","AT"])"));
}

// Goal: requests are those of Plaid's own library. Method: the own row is what it sent, written
// down; headers of its transport (Accept) are not compared.
TEST_F(ConnectionsOfPlaid, AnExchangeIsAskedForAsByPlaidsLibrary) {
  const TestResponse made = host_.post(kConnections, kPublicToken);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body, R"({"id":"item1","state":"active"})");
  EXPECT_FALSE(last().repeatable);
  const bulkhead::tests::VendorRequest own{"POST",
                                           "/item/public_token/exchange",
                                           {{"content-type", "application/json"},
                                            {"plaid-version", "2020-09-14"},
                                            {"plaid-client-id", "client-id-of-plaid"},
                                            {"plaid-secret", "a-secret-of-plaid"}},
                                           kPublicToken};
  bulkhead::tests::expectEqualHeads(last(), own, kApi);
  EXPECT_EQ(json::parse(last().body), json::parse(kPublicToken));
}

TEST_F(ConnectionsOfPlaid, ReferenceRequestsOfPlaidsLibrary) {
  auto exchange = bulkhead::tests::goldenRequest("plaid", "itemPublicTokenExchange");
  auto sync = bulkhead::tests::goldenRequest("plaid", "transactionsSync");
  if (!exchange || !sync)
    GTEST_SKIP() << "reference data: vectors/golden_requests.json is not here";
  for (auto* golden : {&*exchange, &*sync}) golden->headers.erase("accept");
  plaid_.answer("/item/public_token/exchange", 200,
                R"({"access_token":"access-sandbox-x","item_id":"item1"})");
  connect();
  bulkhead::tests::expectEqualHeads(last(), *exchange, kApi);
  EXPECT_EQ(json::parse(last().body), json::parse(exchange->body));
  call("read_transactions", R"({"connection":"item1","cursor":"c1","limit":500})");
  bulkhead::tests::expectEqualHeads(last(), *sync, kApi);
  EXPECT_EQ(json::parse(last().body), json::parse(sync->body));
}

TEST_F(ConnectionsOfPlaid, ATokenIsNeverShownAndNeverLogged) {
  std::string shown = host_.post(kConnections, kPublicToken).body;
  shown += host_.get(kConnections).body;
  shown += host_.get(std::string{kConnections} + "/item1/accounts").body;
  EXPECT_THAT(shown, Not(HasSubstr("access-sandbox")));
  EXPECT_THAT(shown, HasSubstr("Everyday"));
  plaid_.refuse("/accounts/get", "ITEM_ERROR", "ITEM_LOGIN_REQUIRED");
  call("list_accounts", kAccounts);
  for (const std::string& line : host_.log()) {
    EXPECT_THAT(line, Not(HasSubstr("access-sandbox")));
    EXPECT_THAT(line, Not(HasSubstr("a-secret-of-plaid")));
    EXPECT_THAT(line, Not(HasSubstr("public-sandbox")));
  }
}

TEST(SealedTokens, AreOpenedByTheirKeyAlone) {
  const std::string key(32, 'k');
  TestHost host{"plaid",
                {{"base_url", kApi},
                 {"client_id", "client-id-of-plaid"},
                 {"secret", "a-secret-of-plaid"},
                 {"token_key", key}}};
  FakePlaid plaid{host};
  ASSERT_EQ(host.post(kConnections, kPublicToken).status, 201);
  EXPECT_EQ(host.get(std::string{kConnections} + "/item1/accounts").status, 200);
  EXPECT_EQ(json::parse(host.wire().sent().back().body).value("access_token", ""),
            "access-sandbox-1");
}

TEST_F(ConnectionsOfPlaid, AccountsComeWithBalancesWhereTheyAreAskedFor) {
  connect();
  EXPECT_EQ(call("list_accounts", kAccounts).body,
            R"({"accounts":[{"id":"a1","name":"Everyday","kind":"checking","currency":"USD"}]})");
  plaid_.answer(
      "/accounts/balance/get", 200,
      R"({"accounts":[{"account_id":"a1","name":"E","type":"depository","subtype":"savings",)"
      R"("balances":{"current":1.5,"iso_currency_code":"USD"}}]})");
  EXPECT_EQ(
      call("list_accounts", R"({"connection":"item1","with_balances":true})").body,
      R"({"accounts":[{"id":"a1","name":"E","kind":"savings","currency":"USD","balance":150}]})");
}

TEST_F(ConnectionsOfPlaid, TransactionsAreReadPageByPage) {
  connect();
  plaid_.answer("/transactions/sync", 200,
                R"({"added":[],"modified":[],"removed":[],"next_cursor":"c2","has_more":false})");
  EXPECT_EQ(call("read_transactions", kAccounts).body,
            R"({"added":[],"modified":[],"removed":[],"cursor":"c2","more":false})");
  EXPECT_FALSE(json::parse(last().body).contains("cursor")) << "from the beginning";
  plaid_.answer("/transactions/sync", 200,
                R"({"added":[],"modified":[],"removed":[],"next_cursor":"","has_more":false,)"
                R"("transactions_update_status":"NOT_READY"})");
  EXPECT_EQ(call("read_transactions", kAccounts).error().code, "NOT_READY");
}

// Goal: what Plaid refuses has the words of the contract. Method: Plaid decides by type and code.
TEST_F(ConnectionsOfPlaid, WhatPlaidRefusesHasTheWordsOfTheContract) {
  connect();
  struct Row {
    const char* call;
    const char* path;
    const char* type;
    const char* code;
    const char* expected;
  };
  const Row rows[] = {
      {"list_accounts", "/accounts/get", "ITEM_ERROR", "ITEM_LOGIN_REQUIRED", "CONNECTION_EXPIRED"},
      {"list_accounts", "/accounts/get", "INVALID_INPUT", "INVALID_ACCESS_TOKEN",
       "CONNECTION_NOT_FOUND"},
      {"list_accounts", "/accounts/get", "RATE_LIMIT_EXCEEDED", "ACCOUNTS_LIMIT",
       "PROVIDER_RATE_LIMITED"},
      {"list_accounts", "/accounts/get", "INVALID_INPUT", "INVALID_API_KEYS",
       "PROVIDER_KEY_REFUSED"},
      {"list_accounts", "/accounts/get", "INSTITUTION_ERROR", "INSTITUTION_DOWN",
       "PROVIDER_FAILED"},
      {"list_accounts", "/accounts/get", "INVALID_REQUEST", "UNKNOWN_FIELDS", "PROVIDER_REFUSED"},
      {"read_transactions", "/transactions/sync", "TRANSACTIONS_ERROR",
       "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION", "SYNC_RESTARTED"},
      {"read_transactions", "/transactions/sync", "ITEM_ERROR", "PRODUCT_NOT_READY", "NOT_READY"},
  };
  for (const Row& row : rows) {
    plaid_.refuse(row.path, row.type, row.code);
    const TestResponse refused = call(row.call, kAccounts);
    EXPECT_EQ(refused.error().code, row.expected) << row.code << refused.body;
    EXPECT_THAT(refused.body, Not(HasSubstr("told to nobody")));
  }
  plaid_.refuse("/transactions/sync", "INVALID_INPUT", "INVALID_FIELD", "cursor not associated");
  EXPECT_EQ(call("read_transactions", kAccounts).error().code, "SYNC_CURSOR_EXPIRED");
  plaid_.refuse("/item/public_token/exchange", "INVALID_INPUT", "INVALID_PUBLIC_TOKEN");
  EXPECT_EQ(host_.post(kConnections, kPublicToken).error().code, "TOKEN_NOT_ACCEPTED");
}

TEST_F(ConnectionsOfPlaid, NoAnswerIsToldByWhatItMayHaveDone) {
  connect();
  const std::vector<std::pair<bulkhead::OutboundAnswer, std::string>> rows{
      {httpFailure(Outcome::NotSent, "NAME_NOT_FOUND"), "PROVIDER_UNREACHABLE"},
      {httpFailure(Outcome::Ambiguous, "BODY_CUT"), "PROVIDER_UNREACHABLE"},
      {httpAnswer(200, "<html>"), "PROVIDER_ANSWER_INVALID"},
      {httpAnswer(500, ""), "PROVIDER_FAILED"},
      {httpAnswer(429, ""), "PROVIDER_RATE_LIMITED"},
      {httpAnswer(401, "{}"), "PROVIDER_KEY_REFUSED"}};
  for (const auto& [answer, code] : rows) {
    host_.wire().answerNext(answer);
    EXPECT_EQ(call("list_accounts", kAccounts).error().code, code);
  }
  host_.wire().answerNext(httpFailure(Outcome::Ambiguous, "BODY_CUT"));
  EXPECT_EQ(host_.post(kConnections, kPublicToken).error().code, "PROVIDER_AMBIGUOUS")
      << "an exchange may have been made";
}

TEST_F(ConnectionsOfPlaid, AConnectionIsRemovedOnceAndForAll) {
  connect();
  EXPECT_EQ(call("remove_connection", kAccounts).body, "{}");
  EXPECT_EQ(last().url, "https://sandbox.plaid.com/item/remove");
  EXPECT_EQ(call("remove_connection", kAccounts).error().code, "CONNECTION_NOT_FOUND");
  connect();
  plaid_.refuse("/item/remove", "INVALID_INPUT", "ITEM_NOT_FOUND");
  EXPECT_EQ(call("remove_connection", kAccounts).status, 200)
      << "an earlier attempt removed it there";
}

TEST_F(ConnectionsOfPlaid, AnotherTenantsConnectionIsNotThere) {
  connect();
  const auto before = host_.wire().sent().size();
  host_.actAs("t2");
  for (const char* name : {"list_accounts", "read_transactions", "remove_connection"})
    EXPECT_EQ(call(name, kAccounts).error().code, "CONNECTION_NOT_FOUND") << name;
  EXPECT_EQ(host_.get(std::string{kConnections} + "/item1/accounts").status, 404);
  EXPECT_EQ(host_.get(kConnections).body, R"({"data":[]})");
  EXPECT_EQ(host_.wire().sent().size(), before) << "and Plaid is not asked";
  EXPECT_EQ(host_.post(kConnections, kPublicToken).error().code, "CONNECTION_TAKEN");
}

TEST(ConnectionsWithoutKeys, C13_SaySoAndNameTheSettings) {
  TestHost host{"plaid", {{"client_id", "client-id-of-plaid"}}};
  const TestResponse answer = host.post("/api/plaid/v1/link-tokens", R"({"user":"u"})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.error().code, "NOT_CONFIGURED");
  EXPECT_THAT(answer.error().message, HasSubstr("Set secret in"));
  const json health = json::parse(host.health("api"));
  EXPECT_EQ(health.value("configured", true), false);
  EXPECT_EQ(health.value("message", ""), "secret not set");
  EXPECT_TRUE(host.wire().sent().empty());
}

TEST_F(ConnectionsOfPlaid, HealthAsksAtMostOnceAMinuteAndTellsARefusedKey) {
  EXPECT_EQ(json::parse(host_.health("api")).value("status", ""), "healthy");
  for (int i = 0; i < 5; ++i) host_.health("api");
  EXPECT_EQ(host_.wire().sent().size(), 1U);
  EXPECT_EQ(last().body, R"({"institution_id":"ins_109508","country_codes":["US"]})");
  plaid_.refuse("/institutions/get_by_id", "INVALID_INPUT", "INVALID_API_KEYS");
  host_.advance(std::chrono::seconds{60});
  const json refused = json::parse(host_.health("api"));
  EXPECT_EQ(refused.value("status", ""), "critical");
  EXPECT_EQ(refused.value("message", ""), "key refused");
}

// Goal: a client that repeats its request has one connection, whatever fails in between.
TEST(FailingCallsOfPlaid, AConnectionIsKeptOnceWhateverFails) {
  Scenario scenario;
  scenario.plugin = "plaid";
  scenario.settings = {
      {"base_url", kApi}, {"client_id", "client-id-of-plaid"}, {"secret", "a-secret-of-plaid"}};
  std::shared_ptr<FakePlaid> plaid;
  scenario.prepare = [&](TestHost& host) { plaid = std::make_shared<FakePlaid>(host); };
  scenario.run = [](TestHost& host) {
    expectStatus(host.post(kConnections, kPublicToken, {{"Idempotency-Key", "once"}}), 201);
    expectStatus(host.get(std::string{kConnections} + "/item1/accounts"), 200);
  };
  EXPECT_THAT(bulkhead::testing::failEachCall(scenario).problems, testing::IsEmpty());
}

}  // namespace
}  // namespace plaid
