#include <set>
#include <string>
#include <thread>
#include <vector>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

class BulkTest : public BookingTest {
 protected:
  static std::string item(std::string_view start, std::string_view more = "") {
    return fmt::format(R"({{"service":"cut","start":"{}","lead":{{"phone":"+12025550123"}}{}}})",
                       start, more);
  }
  static std::string bulk(const std::vector<std::string>& items) {
    return fmt::format(R"({{"items":[{}]}})", fmt::join(items, ","));
  }
  json done(const std::string& body, std::string_view key) {
    const auto response = post("/appointments/bulk", body, {{"Idempotency-Key", std::string{key}}});
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body, nullptr, false);
  }
  /// A day and night service of 30 minutes, so that there are many times.
  void openAlways() {
    put("/schedules/always", R"({"name":"Always","time_zone":"UTC","rules":[{"weekdays":
      ["MO","TU","WE","TH","FR","SA","SU"],"start":"00:00","end":"24:00"}]})");
    put("/resources/desk", R"({"name":"Desk","schedule":"always","services":["cut"]})");
  }
};

TEST_F(BulkTest, EachItemHasItsOwnResult) {
  const json answer = done(
      bulk({item("2026-01-06T14:00:00Z"), item("2026-01-06T14:15:00Z"),
            item("2026-01-06T14:30:00Z"), R"({"service":"none","start":"2026-01-06T15:00:00Z",
            "lead":{"phone":"+12025550124"}})",
            R"({"service":"cut","start":"2026-01-06T15:00:00Z","lead":{"phone":"1"}})",
            R"({"service":"cut","start":"2026-01-10T15:00:00Z","lead":{"phone":"+12025550125"}})"}),
      "bulk");
  EXPECT_EQ(answer.at("created"), 2);
  EXPECT_EQ(answer.at("refused"), 4);
  const json& results = answer.at("results");
  ASSERT_EQ(results.size(), 6U);
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].at("index"), i);
  EXPECT_EQ(results[0].at("status"), 201);
  EXPECT_EQ(results[0].at("appointment").at("start"), "2026-01-06T14:00:00Z");
  EXPECT_EQ(results[1].at("status"), 409);
  EXPECT_EQ(results[1].at("error").at("code"), "SLOT_TAKEN");
  EXPECT_EQ(results[1].at("error").at("details").at("alternatives").size(), 3U);
  EXPECT_EQ(results[2].at("status"), 201);
  EXPECT_EQ(results[3].at("status"), 404);
  EXPECT_EQ(results[4].at("error").at("code"), "VALIDATION_ERROR");
  EXPECT_EQ(results[5].at("error").at("code"), "OUTSIDE_AVAILABILITY");
  EXPECT_EQ(get("/appointments").at("items").size(), 2U);
  EXPECT_EQ(get("/leads").at("items").size(), 1U) << "a refused item leaves no lead behind";
}

TEST_F(BulkTest, B3_ARepeatShowsTheFirstResultsAndBooksNothing) {
  const std::string body = bulk({item("2026-01-06T14:00:00Z"), item("2026-01-06T14:00:00Z")});
  const json first = done(body, "once");
  acted(first.at("results")[0].at("appointment"), "cancel");
  EXPECT_EQ(done(body, "once"), first) << "though the time is free again";
  EXPECT_EQ(get("/appointments").at("items").size(), 1U);
  const auto other = post("/appointments/bulk", bulk({item("2026-01-06T15:00:00Z")}),
                          {{"Idempotency-Key", "once"}});
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.error().code, "IDEMPOTENCY_KEY_REUSED");
  const auto without =
      host_.send("POST", path("/appointments/bulk"), {{"Content-Type", "application/json"}}, body);
  EXPECT_EQ(without.error().code, "IDEMPOTENCY_KEY_REQUIRED");
  EXPECT_EQ(done(body, "another").at("created"), 1) << "another key is another request";
}

TEST_F(BulkTest, B3_ClientsIdsMakeAnItemKnownUnderAnyKey) {
  const std::string body = bulk({item("2026-01-06T14:00:00Z", R"(,"id":"visit-1")")});
  EXPECT_EQ(done(body, "one").at("created"), 1);
  const json again = done(body, "two");
  EXPECT_EQ(again.at("known"), 1);
  EXPECT_EQ(again.at("results")[0].at("appointment").at("id"), "visit-1");
  const json other = done(bulk({item("2026-01-06T15:00:00Z", R"(,"id":"visit-1")")}), "three");
  EXPECT_EQ(other.at("results")[0].at("error").at("code"), "DUPLICATE");
}

// Goal: exactly once for each item, though the same request comes from many threads at once.
TEST_F(BulkTest, B3_TheSameRequestAtOnceBooksEachItemOnce) {
  openAlways();
  std::vector<std::string> items;
  for (int i = 0; i < 48; ++i) {
    items.push_back(item(fmt::format("2026-01-{:02}T{:02}:00:00Z", 10 + i / 24, i % 24)));
  }
  const std::string body = bulk(items);
  std::vector<std::string> answers(6);
  std::vector<std::thread> threads;
  for (auto& answer : answers) {
    threads.emplace_back([&] {
      answer = host_
                   .send("POST", path("/appointments/bulk"),
                         {{"Content-Type", "application/json"}, {"Idempotency-Key", "same"}}, body)
                   .body;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(json::parse(answers[0]).at("created"), 48) << answers[0];
  EXPECT_EQ(std::set<std::string>(answers.begin(), answers.end()).size(), 1U);
  EXPECT_EQ(get("/appointments?limit=200").at("items").size(), 48U);
}

TEST_F(BulkTest, TakesFiveHundred) {
  openAlways();
  std::vector<std::string> items;
  for (int i = 0; i < 500; ++i) {
    items.push_back(fmt::format(
        R"({{"service":"cut","start":"2026-01-{:02}T{:02}:{}:00Z","lead":{{"phone":"+1202555{:04}"}}}})",
        7 + i / 48, i / 2 % 24, i % 2 == 0 ? "00" : "30", i));
  }
  EXPECT_EQ(done(bulk(items), "many").at("created"), 500);
  items.push_back(items.back());
  EXPECT_EQ(post("/appointments/bulk", bulk(items)).status, 400);
  EXPECT_EQ(post("/appointments/bulk", R"({"items":[]})").status, 400);
}

}  // namespace
}  // namespace booking
