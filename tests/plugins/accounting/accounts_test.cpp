#include <set>

#include "plugins/accounting/books.hpp"

namespace accounting {
namespace {

class Accounts : public BooksTest {};

TEST_F(Accounts, ASetupMakesTheChartOnce) {
  EXPECT_EQ(get("/company").at("base_currency"), "USD");
  EXPECT_GE(get("/accounts?limit=200").at("items").size(), 15U);
  const auto again = post("/company/setup", {{"country", "US"}, {"template", "services"}});
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.error().code, "DUPLICATE");
}

// Goal: each template has what the plugin posts to by itself, under codes of their own, and every
// country's currency is one. Method: each template is set up for another tenant.
TEST_F(Accounts, EveryTemplateHasTheRolesOfPayments) {
  int number = 0;
  for (const char* chart : {"services", "trade"}) {
    host_.actAs("company" + std::to_string(++number));
    ASSERT_EQ(post("/company/setup", {{"country", "DE"}, {"template", chart}}).status, 201);
    EXPECT_EQ(get("/company").at("base_currency"), "EUR");
    std::set<std::string> roles;
    const json accounts = get("/accounts?limit=200");
    for (const auto& one : accounts.at("items")) {
      if (!one.at("role").is_null()) roles.insert(one.at("role").get<std::string>());
    }
    for (const char* role : {"stripe_clearing", "receivable", "payment_fees", "bank", "sales",
                             "retained_earnings", "rounding"}) {
      EXPECT_TRUE(roles.count(role)) << chart << ' ' << role;
    }
  }
}

TEST_F(Accounts, AnUnknownCountrySaysItsCurrencyItself) {
  host_.actAs("t2");
  json body{{"country", "XK"}, {"template", "trade"}};
  EXPECT_EQ(post("/company/setup", body).status, 400);
  body["base_currency"] = "EUR";
  EXPECT_EQ(post("/company/setup", body).status, 201);
}

TEST_F(Accounts, NothingIsBookedBeforeTheSetup) {
  host_.actAs("t2");
  EXPECT_EQ(host_.get(path("/company")).error().code, "COMPANY_NOT_SET_UP");
  const json line{{"account", "a"}, {"amount", 1}};
  EXPECT_EQ(post("/journal-entries", {{"date", "2026-01-05"}, {"lines", {line}}}).error().code,
            "COMPANY_NOT_SET_UP");
  EXPECT_EQ(post("/accounts", {{"code", "1"}, {"name", "A"}, {"type", "asset"}}).status, 409);
}

TEST_F(Accounts, ChangesNeedTheVersionThatWasSeen) {
  const auto made =
      post("/accounts", {{"code", "6400"}, {"name", "Training"}, {"type", "expense"}});
  ASSERT_EQ(made.status, 201) << made.body;
  const json account = json::parse(made.body);
  const std::string one = path("/accounts/" + account.at("id").get<std::string>());
  EXPECT_EQ(made.header("ETag"), "\"v1\"");
  EXPECT_EQ(host_.patch(one, R"({"name":"Books"})").status, 428);
  EXPECT_EQ(host_.patch(one, R"({"name":"Books"})", {{"If-Match", "\"v1\""}}).status, 200);
  const auto stale = host_.patch(one, R"({"name":"Pens"})", {{"If-Match", "\"v1\""}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(json::parse(stale.error().details).at("current").at("name"), "Books");
  EXPECT_EQ(host_.patch(one, R"({"code":"1010"})", {{"If-Match", "\"v2\""}}).error().code,
            "DUPLICATE");
  EXPECT_EQ(host_.patch(one, R"({"role":"bank"})", {{"If-Match", "\"v2\""}}).error().code,
            "DUPLICATE");
  EXPECT_EQ(host_.del(one, {{"If-Match", "\"v2\""}}).status, 204);
  EXPECT_EQ(host_.get(one).status, 404);
}

TEST_F(Accounts, AUsedAccountIsNeitherDeletedNorGivenAnotherType) {
  posted("2026-01-05", {{"6100", 100}, {"1010", -100}});
  const json bank = account("1010");
  const std::string one = path("/accounts/" + bank.at("id").get<std::string>());
  EXPECT_EQ(host_.del(one, ifMatch(bank)).error().code, "ACCOUNT_IN_USE");
  EXPECT_EQ(host_.patch(one, R"({"type":"income"})", ifMatch(bank)).error().code, "ACCOUNT_IN_USE");
  ASSERT_EQ(host_.patch(one, R"({"active":false})", ifMatch(bank)).status, 200);
  const auto refused =
      post("/journal-entries?post=true", entryBody("2026-01-05", {{"6100", 100}, {"1010", -100}}));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.error().code, "ACCOUNT_INACTIVE");
}

TEST_F(Accounts, PagesFollowTheCode) {
  std::vector<std::string> codes;
  std::string target = "/accounts?limit=4&type=expense";
  for (;;) {
    const json page = get(target);
    for (const auto& one : page.at("items")) codes.push_back(one.at("code"));
    if (page.at("next_cursor").is_null()) break;
    target = "/accounts?limit=4&type=expense&cursor=" + page.at("next_cursor").get<std::string>();
  }
  EXPECT_EQ(codes,
            (std::vector<std::string>{"6000", "6100", "6200", "6300", "6800", "6900", "6990"}));
}

TEST_F(Accounts, AnotherTenantsAccountIsNotThere) {
  const std::string id = account("1010").at("id");
  host_.actAs("t2");
  EXPECT_EQ(host_.get(path("/accounts/" + id)).status, 404);
  EXPECT_EQ(host_.get(path("/accounts/" + id + "/balance")).status, 404);
  ASSERT_EQ(post("/company/setup", {{"country", "US"}, {"template", "trade"}}).status, 201);
  const json line{{"account", id}, {"amount", 1}};
  EXPECT_EQ(post("/journal-entries", {{"date", "2026-01-05"}, {"lines", {line}}}).status, 404);
}

TEST_F(Accounts, ABalanceIsThatOfItsDay) {
  posted("2026-01-05", {{"1010", 500}, {"4000", -500}});
  posted("2026-01-07", {{"1010", 250}, {"4000", -250}});
  drafted("2026-01-05", {{"1010", 9000}, {"4000", -9000}});
  const std::string one = "/accounts/" + account("1010").at("id").get<std::string>() + "/balance";
  EXPECT_EQ(get(one + "?as_of=2026-01-04").at("balance").at("amount"), 0);
  EXPECT_EQ(get(one).at("balance").at("amount"), 500) << "today";
  EXPECT_EQ(get(one + "?as_of=2026-12-31").at("balance"),
            (json{{"amount", 750}, {"currency", "USD"}}));
  EXPECT_EQ(host_.get(path(one + "?as_of=2026-02-30")).status, 400);
}

}  // namespace
}  // namespace accounting
