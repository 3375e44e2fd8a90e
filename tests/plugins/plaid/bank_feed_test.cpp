#include "bank_feed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace plaid {
namespace {

using Json = nlohmann::json;

TEST(MinorUnits, AreExact) {
  struct Row {
    const char* decimal;
    const char* currency;
    std::int64_t minor;
  };
  const Row rows[] = {{"0", "USD", 0},
                      {"12.34", "USD", 1234},
                      {"-12.3", "EUR", -1230},
                      {"0.07", "USD", 7},
                      {"1.005", "USD", 101},
                      {"-1.005", "USD", -101},
                      {"1.0049", "USD", 100},
                      {"520.3", "EUR", 52030},
                      {"100", "JPY", 100},
                      {"100.0", "JPY", 100},
                      {"1.234", "KWD", 1234},
                      {"1e2", "USD", 10000},
                      {"1.5e-1", "USD", 15},
                      {"1e-05", "USD", 0},
                      {"90071992547409.91", "USD", 9007199254740991}};
  for (const Row& row : rows)
    EXPECT_EQ(minorUnits(row.decimal, row.currency), row.minor) << row.decimal;
}

TEST(MinorUnits, WhatIsNoNumberOrTooLargeIsNone) {
  for (const char* text : {"", "-", ".", "x", "1x", "1.2.3", "1e", "1e99", "--1", "+1",
                           "90071992547409.92", "1e20", "99999999999999999999999"})
    EXPECT_EQ(minorUnits(text, "USD"), std::nullopt) << text;
}

// Every amount of cents that a bank can have comes back from the digits that JSON has of it.
TEST(MinorUnits, TheDigitsOfJsonAreThoseOfTheBank) {
  for (std::int64_t cents = 1; cents < 2'000'000'000; cents = cents * 3 + 7) {
    const std::string text = std::to_string(cents / 100) + "." + std::to_string(cents % 100 / 10) +
                             std::to_string(cents % 10);
    EXPECT_EQ(minorUnits(Json::parse(text).dump(), "USD"), cents) << text;
  }
}

TEST(BankFeed, PlaidsSignIsTurnedOnceAndTheOldestComesFirst) {
  int left_out = 0;
  const FeedPage page = readPage(
      Json::parse(
          R"({"added":[{"transaction_id":"b","account_id":"a1","amount":12.5,"iso_currency_code":"USD",
              "date":"2026-01-02","name":"Shop","merchant_name":"The Shop","pending":false,"pending_transaction_id":"p"},
             {"transaction_id":"a","account_id":"a1","amount":-3,"iso_currency_code":"USD","date":"2026-01-01",
              "name":"Salary","pending":true},
             {"transaction_id":"c","account_id":"a1","amount":1,"iso_currency_code":null,
              "unofficial_currency_code":"BTC","date":"2026-01-01","pending":true}],
             "modified":[],"removed":[{"transaction_id":"gone","account_id":"a1"}],"next_cursor":"c2","has_more":true})"),
      left_out);
  EXPECT_EQ(left_out, 1);
  EXPECT_EQ(
      toJson(page),
      R"({"added":[{"id":"a","account":"a1","amount":300,"currency":"USD","date":"2026-01-01",)"
      R"("description":"Salary","pending":true},{"id":"b","account":"a1","amount":-1250,"currency":"USD",)"
      R"("date":"2026-01-02","description":"Shop","counterparty":"The Shop","pending":false,"replaces":"p"}],)"
      R"("modified":[],"removed":["gone"],"cursor":"c2","more":true})");
}

TEST(BankFeed, AccountsAreReadDefensively) {
  int left_out = 0;
  const auto accounts = readAccounts(
      Json::parse(
          R"({"accounts":[{"account_id":"1","name":"Everyday","mask":"0000","type":"depository","subtype":"checking",
              "balances":{"current":110.55,"iso_currency_code":"USD"}},
             {"account_id":"2","name":"","mask":null,"type":"credit","subtype":"credit card",
              "balances":{"current":410,"iso_currency_code":"USD"}},
             {"account_id":"3","name":"Coins","balances":{"current":1,"unofficial_currency_code":"BTC"}},
             {"account_id":"4","name":"CD","type":"depository","subtype":"cd","balances":{"current":null,"iso_currency_code":"USD"}},
             "garbage",{}]})"),
      left_out);
  EXPECT_EQ(left_out, 3);
  EXPECT_EQ(
      toJson(accounts),
      R"({"accounts":[{"id":"1","name":"Everyday","mask":"0000","kind":"checking","currency":"USD","balance":11055},)"
      R"({"id":"2","name":"2","kind":"credit","currency":"USD","balance":-41000},)"
      R"({"id":"4","name":"CD","kind":"other","currency":"USD"}]})");
  EXPECT_TRUE(readAccounts(Json::parse("[]"), left_out).empty());
}

TEST(BankFeed, ALongNameIsCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 150; ++i) name += "\xC3\xAB";
  int left_out = 0;
  const auto accounts = readAccounts(
      Json{{"accounts",
            {{{"account_id", "1"}, {"name", name}, {"balances", {{"iso_currency_code", "USD"}}}}}}},
      left_out);
  ASSERT_EQ(accounts.size(), 1U);
  EXPECT_EQ(accounts[0].name.size(), 200U);
  EXPECT_EQ(accounts[0].name, name.substr(0, 200));
}

}  // namespace
}  // namespace plaid
