#include <string>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTuesday = "2026-01-06T14:00:00Z";

class HoldsTest : public BookingTest {
 protected:
  json held(std::string_view start) {
    const auto response = post("/holds", fmt::format(R"({{"service":"cut","start":"{}"}})", start));
    EXPECT_EQ(response.status, 201) << response.body;
    return json::parse(response.body, nullptr, false);
  }
  TestResponse extend(const json& hold) { return host_.send("PATCH", path(pathOf(hold)), {}, {}); }
  static std::string pathOf(const json& hold) {
    return "/holds/" + hold.at("id").get<std::string>();
  }
  /// The token of the slot at `start`.
  std::string tokenOf(std::string_view start, std::string_view more = "") {
    const json answer = get(
        fmt::format("/slots?service=cut&from={}&to=2026-01-31T00:00:00Z&limit=1{}", start, more));
    EXPECT_EQ(answer.at("slots")[0].at("start"), start);
    return answer.at("slots")[0].at("slot_token");
  }
  TestResponse bookToken(std::string_view token) {
    return post("/appointments",
                fmt::format(R"({{"slot_token":"{}","lead":{{"phone":"+12025550123"}}}})", token));
  }
};

TEST_F(HoldsTest, AHoldIsExtendedOnceAndNoMore) {
  const json hold = held(kTuesday);
  EXPECT_EQ(hold.at("hold_expires_at"), "2026-01-05T08:05:00Z");
  host_.advance(4min);
  const auto extended = extend(hold);
  ASSERT_EQ(extended.status, 200) << extended.body;
  EXPECT_EQ(json::parse(extended.body).at("hold_expires_at"), "2026-01-05T08:09:00Z");
  EXPECT_EQ(extended.header("ETag"), "\"v2\"");
  host_.advance(4min);
  EXPECT_EQ(book(kTuesday).error().code, "SLOT_TAKEN") << "the longer time counts";
  const auto again = extend(hold);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.error().code, "HOLD_ALREADY_EXTENDED");
  host_.advance(1min);
  EXPECT_EQ(extend(hold).error().code, "HOLD_EXPIRED");
  booked(kTuesday);
  EXPECT_EQ(get(pathOf(hold)).at("status"), "expired");
  EXPECT_EQ(extend(hold).error().code, "ILLEGAL_TRANSITION");
}

TEST_F(HoldsTest, AHoldIsGuardedByIfMatchWhenItIsSent) {
  const json hold = held(kTuesday);
  EXPECT_EQ(host_.send("PATCH", path(pathOf(hold)), {{"If-Match", "\"v7\""}}, {}).status, 412);
  EXPECT_EQ(host_.del(path(pathOf(hold)), {{"If-Match", "\"v7\""}}).status, 412);
  EXPECT_EQ(host_.del(path(pathOf(hold)), {{"If-Match", "\"v1\""}}).status, 204);
  EXPECT_EQ(host_.get(path("/holds/nobody")).status, 404);
}

// Goal: expiry needs no clock of its own. Method: two overdue holds in the way of one visit that is
// moved onto both; all three changes are one transaction.
TEST_F(HoldsTest, WhoeverNeedsTheTimeEndsTheHoldsInItsWay) {
  const json first = held(kTuesday);
  const json second = held("2026-01-06T14:30:00Z");
  const json visit = booked("2026-01-07T14:00:00Z");
  const std::string move = R"({"start":"2026-01-06T14:15:00Z"})";
  EXPECT_EQ(act(visit, "reschedule", move).error().code, "SLOT_TAKEN");
  EXPECT_EQ(get(pathOf(first)).at("status"), "held") << "what is refused changes nothing";
  host_.advance(5min);
  EXPECT_EQ(acted(visit, "reschedule", move).at("start"), "2026-01-06T14:15:00Z");
  EXPECT_EQ(get(pathOf(first)).at("status"), "expired");
  EXPECT_EQ(get(pathOf(second)).at("status"), "expired");
}

TEST_F(HoldsTest, ASlotTokenBooksWhatWasOffered) {
  const json one = json::parse(bookToken(tokenOf(kTuesday)).body);
  EXPECT_EQ(one.at("start"), kTuesday);
  EXPECT_EQ(one.at("service"), "cut");
  const auto kept =
      post("/holds", fmt::format(R"({{"slot_token":"{}"}})", tokenOf("2026-01-06T14:30:00Z")));
  EXPECT_EQ(kept.status, 201) << kept.body;
  EXPECT_EQ(json::parse(kept.body).at("start"), "2026-01-06T14:30:00Z");
}

TEST_F(HoldsTest, ASlotTokenIsNoReservation) {
  const std::string token = tokenOf(kTuesday);
  booked(kTuesday);
  const auto late = bookToken(token);
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(late.error().code, "SLOT_TAKEN");
}

TEST_F(HoldsTest, ASlotTokenIsTenMinutesGoodAndOneTenants) {
  const std::string token = tokenOf(kTuesday);
  host_.actAs("t2");
  EXPECT_EQ(bookToken(token).error().code, "SLOT_TOKEN_INVALID");
  host_.actAs("t1");
  std::string forged = token;
  forged[20] = forged[20] == 'A' ? 'B' : 'A';
  EXPECT_EQ(bookToken(forged).status, 400);
  EXPECT_EQ(bookToken(forged).error().code, "SLOT_TOKEN_INVALID");
  host_.advance(10min);
  const auto stale = bookToken(token);
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.error().code, "SLOT_TOKEN_EXPIRED");
}

TEST_F(HoldsTest, ASlotTokenSaysItAll) {
  const std::string token = tokenOf(kTuesday, "&resource=anna");
  const auto with = [&](std::string_view member) {
    return post("/appointments",
                fmt::format(R"({{"slot_token":"{}",{},"lead":{{"phone":"+12025550123"}}}})", token,
                            member));
  };
  EXPECT_EQ(with(R"("start":"2026-01-06T15:00:00Z")").status, 400);
  EXPECT_EQ(with(R"("service":"cut")").status, 400);
  EXPECT_EQ(with(R"("resource":"ben")").status, 400);
  EXPECT_EQ(with(R"("resource":"anna")").status, 201);
}

// Goal: replicas that share a store, and the same one after a restart, know each other's tokens.
// A setting puts its secret in place of the store's.
class ConfiguredSecret : public HoldsTest {
 protected:
  static constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";
  TestHost other_{"booking", {{"signing_secret", kSecret}}};
  TestHost same_{"booking", {{"signing_secret", kSecret}}};

  static void open(TestHost& host) {
    const Headers json_body{{"Content-Type", "application/json"}};
    host.put(path("/services/cut"), R"({"name":"Haircut","duration_min":30})");
    host.put(path("/schedules/week"), R"({"name":"Week","time_zone":"America/New_York","rules":[
      {"weekdays":["MO","TU","WE","TH","FR"],"start":"09:00","end":"12:00"}]})");
    host.put(path("/resources/anna"), R"({"name":"Anna","schedule":"week","services":["cut"]})");
  }
};

TEST_F(ConfiguredSecret, IsWhatReplicasSignWith) {
  open(other_);
  open(same_);
  const auto slots = other_.get(
      path("/slots?service=cut&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z&limit=1"));
  const std::string token = json::parse(slots.body).at("slots")[0].at("slot_token");
  const std::string body =
      fmt::format(R"({{"slot_token":"{}","lead":{{"phone":"+12025550123"}}}})", token);
  EXPECT_EQ(same_.post(path("/appointments"), body).status, 201);
  EXPECT_EQ(host_.post(path("/appointments"), body).error().code, "SLOT_TOKEN_INVALID")
      << "a host with a key of its own";
}

}  // namespace
}  // namespace booking
