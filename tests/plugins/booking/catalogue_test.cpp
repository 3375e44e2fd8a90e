#include <string>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

using CatalogueTest = BookingTest;

constexpr std::string_view kStreet = R"({"name":"Main street","time_zone":"America/New_York"})";

TEST_F(CatalogueTest, ARecordIsMadeReadChangedAndTakenAway) {
  const auto made = post("/locations", kStreet);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.header("ETag"), "\"v1\"");
  const std::string one = "/locations/" + json::parse(made.body).at("id").get<std::string>();
  EXPECT_EQ(get(one).at("address"), nullptr);

  const auto changed =
      host_.patch(path(one), R"({"address":"1 Main St"})", {{"If-Match", "\"v1\""}});
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.header("ETag"), "\"v2\"");
  EXPECT_EQ(get(one).at("address"), "1 Main St");
  EXPECT_EQ(get(one).at("name"), "Main street");

  EXPECT_EQ(host_.del(path(one), {{"If-Match", "\"v2\""}}).status, 204);
  EXPECT_EQ(host_.get(path(one)).status, 404);
}

TEST_F(CatalogueTest, AClientMayMakeTheIdAndRepeatThePut) {
  EXPECT_EQ(host_.put(path("/locations/hq"), kStreet).status, 201);
  EXPECT_EQ(host_.put(path("/locations/hq"), kStreet).status, 200) << "the same again";
  EXPECT_EQ(get("/locations/hq").at("version"), 1);
  const auto other = R"({"name":"Elsewhere","time_zone":"UTC"})";
  EXPECT_EQ(host_.put(path("/locations/hq"), other).status, 428);
  EXPECT_EQ(host_.put(path("/locations/hq"), other, {{"If-Match", "\"v1\""}}).status, 200);
  EXPECT_EQ(get("/locations/hq").at("version"), 2);
  EXPECT_EQ(host_.put(path("/locations/h%20q"), kStreet).status, 400);
  EXPECT_EQ(host_
                .put(path("/schedules/week"), R"({"name":"Week","time_zone":"America/New_York",
    "rules":[{"weekdays":["MO","TU","WE","TH","FR"],"start":"09:00","end":"12:00"}]})")
                .status,
            200);
  EXPECT_EQ(get("/schedules/week").at("version"), 1);
}

TEST_F(CatalogueTest, B4_AStaleVersionIsToldTheCurrentOne) {
  ASSERT_EQ(
      host_.patch(path("/services/cut"), R"({"name":"Cut"})", {{"If-Match", "\"v1\""}}).status,
      200);
  const auto stale =
      host_.patch(path("/services/cut"), R"({"name":"Trim"})", {{"If-Match", "\"v1\""}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.error().code, "VERSION_CONFLICT");
  EXPECT_EQ(json::parse(stale.error().details).at("current").at("name"), "Cut");
  const auto missing = host_.patch(path("/services/cut"), R"({"name":"Trim"})");
  EXPECT_EQ(missing.status, 428);
  EXPECT_EQ(missing.error().code, "PRECONDITION_REQUIRED");
}

TEST_F(CatalogueTest, WhatIsReferredToBecomesInactive) {
  const auto removed = host_.del(path("/services/cut"), {{"If-Match", "\"v1\""}});
  EXPECT_EQ(removed.status, 200) << removed.body;
  EXPECT_EQ(json::parse(removed.body).at("active"), false);
  const json answer = get("/slots?service=cut&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z");
  EXPECT_TRUE(answer.at("slots").empty());
  EXPECT_EQ(answer.at("none_because"), "SERVICE_INACTIVE");
  EXPECT_EQ(book("2026-01-06T14:00:00Z").error().code, "OUTSIDE_AVAILABILITY");
}

TEST_F(CatalogueTest, RefusesWhatCannotBe) {
  const auto refused = [&](std::string_view target, std::string_view body, int status,
                           std::string_view code) {
    const auto response = post(target, body);
    EXPECT_EQ(response.status, status) << body << ' ' << response.body;
    EXPECT_EQ(response.error().code, code) << body;
  };
  refused("/locations", R"({"name":"A","time_zone":"Mars/Base"})", 400, "INVALID_TIME_ZONE");
  refused("/locations", R"({"name":"A"})", 400, "VALIDATION_ERROR");
  refused("/locations", R"({"name":"A","time_zone":"UTC","colour":"red"})", 400,
          "VALIDATION_ERROR");
  refused("/services", R"({"name":"A","duration_min":1400,"buffer_after_min":41})", 400,
          "VALIDATION_ERROR");
  refused("/resources", R"({"name":"A","schedule":"none"})", 404, "NOT_FOUND");
  refused("/resources", R"({"name":"A","schedule":"week","services":["none"]})", 404, "NOT_FOUND");
  refused("/schedules/week/rules", R"({"weekdays":["MO"],"start":"12:00","end":"09:00"})", 400,
          "VALIDATION_ERROR");
  refused("/schedules/week/rules", R"({"start":"09:00","end":"12:00"})", 400, "VALIDATION_ERROR");
  refused("/schedules/week/rules",
          R"({"weekdays":["MO"],"rrule":"FREQ=DAILY","start":"09:00","end":"12:00"})", 400,
          "VALIDATION_ERROR");
  refused("/schedules/week/rules", R"({"rrule":"FREQ=YEARLY","start":"09:00","end":"12:00"})", 400,
          "VALIDATION_ERROR");
  refused("/services", R"({"name":"A","duration_min":30,"price":{"amount":-1,"currency":"USD"}})",
          400, "VALIDATION_ERROR");
  refused("/services", R"({"name":"A","duration_min":30,"price":{"amount":1.5,"currency":"USD"}})",
          400, "VALIDATION_ERROR");
  refused("/services", R"({"name":"A","duration_min":30,"price":{"amount":1,"currency":"usd"}})",
          400, "VALIDATION_ERROR");
  refused("/services", R"({"name":"A","duration_min":30,"assignment":"any"})", 400,
          "VALIDATION_ERROR");
  refused("/services", R"({"name":"A","duration_min":30,"schedule":"none"})", 404, "NOT_FOUND");
  refused("/services",
          R"({"name":"A","duration_min":30,"questions":[{"id":"q","label":"Q","type":"choice"}]})",
          400, "VALIDATION_ERROR");
  refused("/resources", R"({"name":"A","schedule":"week","time_zone":"Mars/Base"})", 400,
          "INVALID_TIME_ZONE");
  refused("/schedules/week/exceptions", R"({"date":"2026-02-30","kind":"closed"})", 400,
          "VALIDATION_ERROR");
  refused("/schedules/week/exceptions", R"({"date":"2026-02-20","kind":"open"})", 400,
          "VALIDATION_ERROR");
}

TEST_F(CatalogueTest, RulesAndExceptionsChangeWhatIsFreeAtOnce) {
  const std::string day = "service=cut&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z";
  EXPECT_EQ(starts(day).size(), 11U);
  const auto rule =
      post("/schedules/week/rules", R"({"weekdays":["TU"],"start":"13:00","end":"14:00"})");
  ASSERT_EQ(rule.status, 201) << rule.body;
  EXPECT_EQ(rule.header("ETag"), "\"v2\"");
  EXPECT_EQ(starts(day).size(), 14U);
  const auto closed =
      post("/schedules/week/exceptions", R"({"date":"2026-01-06","kind":"closed"})");
  ASSERT_EQ(closed.status, 201) << closed.body;
  EXPECT_TRUE(starts(day).empty());
  const std::string id = json::parse(closed.body).at("id");
  EXPECT_EQ(host_.del(path("/schedules/week/exceptions/" + id), {{"If-Match", "\"v2\""}}).status,
            412);
  EXPECT_EQ(host_.del(path("/schedules/week/exceptions/" + id), {{"If-Match", "\"v3\""}}).status,
            204);
  EXPECT_EQ(starts(day).size(), 14U);
  EXPECT_EQ(get("/schedules/week/rules").at("items").size(), 2U);
  EXPECT_TRUE(get("/schedules/week/exceptions").at("items").empty());
}

TEST_F(CatalogueTest, AnExceptionIsReplacedAndFoundByItsDate) {
  const auto made = post("/schedules/week/exceptions", R"({"date":"2026-01-06","kind":"closed"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string one =
      "/schedules/week/exceptions/" + json::parse(made.body).at("id").get<std::string>();
  const std::string_view replaced = R"({"date":"2026-01-07","kind":"replace",)"
                                    R"("intervals":[{"start":"20:00","end":"21:00"}]})";
  EXPECT_EQ(host_.put(path(one), replaced, {{"If-Match", "\"v1\""}}).status, 412);
  EXPECT_EQ(host_.put(path(one), replaced, {{"If-Match", "\"v2\""}}).status, 200);
  EXPECT_EQ(starts("service=cut&from=2026-01-06&to=2026-01-06").size(), 11U);
  EXPECT_EQ(starts("service=cut&from=2026-01-07&to=2026-01-07").size(), 3U);
  const std::string list = "/schedules/week/exceptions?";
  EXPECT_EQ(get(list + "from=2026-01-07&to=2026-01-07").at("items").size(), 1U);
  EXPECT_EQ(get(list + "from=2026-01-08").at("items").size(), 0U);
  EXPECT_EQ(get(list + "to=2026-01-06").at("items").size(), 0U);
  EXPECT_EQ(host_.get(path(list + "to=tomorrow")).status, 400);
}

TEST_F(CatalogueTest, ARecurrenceOpensItsDaysAndIsShownAsWritten) {
  const auto rule = post("/schedules/week/rules",
                         R"({"rrule":"FREQ=MONTHLY;BYDAY=2SA","start":"10:00","end":"11:00"})");
  ASSERT_EQ(rule.status, 201) << rule.body;
  EXPECT_EQ(json::parse(rule.body).at("rrule"), "FREQ=MONTHLY;BYDAY=2SA");
  EXPECT_FALSE(json::parse(rule.body).contains("weekdays"));
  EXPECT_EQ(starts("service=cut&from=2026-01-10T00:00:00Z&to=2026-01-11T00:00:00Z").size(), 3U);
  EXPECT_EQ(starts("service=cut&from=2026-01-17T00:00:00Z&to=2026-01-18T00:00:00Z").size(), 0U);
}

TEST_F(CatalogueTest, AServiceKeepsEverythingThatIsSaidOfIt) {
  const std::string_view body =
      R"({"name":"Colour","description":"With care","category":"Hair","duration_min":60,)"
      R"("other_durations_min":[90,120],"slot_step_min":20,"buffer_before_min":5,)"
      R"("buffer_after_min":10,"min_notice_min":30,"horizon_days":10,"schedule":"week",)"
      R"("price":{"amount":11999,"currency":"USD"},"requires_confirmation":true,)"
      R"("assignment":"round_robin","lead_max_per_day":1,"lead_max_per_week":2,)"
      R"("resource_max_per_day":3,"resource_max_per_week":4,)"
      R"("questions":[{"id":"tone","label":"Which tone?","type":"choice","options":["red"]}]})";
  const json made = put("/services/colour", body);
  const json seen = get("/services/colour");
  EXPECT_EQ(seen, made);
  const json sent = json::parse(body);
  for (const auto& [name, value] : sent.items()) EXPECT_EQ(seen.at(name), value) << name;
  EXPECT_EQ(host_.put(path("/services/colour"), body).status, 200) << "the same again";
  EXPECT_EQ(get("/services/colour").at("version"), 1);
  EXPECT_EQ(get("/services/cut").at("price"), nullptr);
}

TEST_F(CatalogueTest, AnAmountBeyondWhatJsonReadersTakeIsText) {
  const json made =
      put("/services/dear", R"({"name":"A","duration_min":30,)"
                            R"("price":{"amount":"9007199254740993","currency":"JPY"}})");
  EXPECT_EQ(made.at("price").at("amount"), "9007199254740993");
  EXPECT_EQ(post("/services", R"({"name":"A","duration_min":30,)"
                              R"("price":{"amount":9007199254740993,"currency":"JPY"}})")
                .status,
            400);
}

TEST_F(CatalogueTest, ListsAreFiltered) {
  put("/services/colour", R"({"name":"Colour","duration_min":60,"category":"Hair"})");
  put("/resources/room", R"({"name":"Room","kind":"room","schedule":"week","active":false})");
  const auto ids = [&](std::string_view target) {
    std::vector<std::string> found;
    const json page = get(target);
    for (const auto& item : page.at("items")) found.push_back(item.at("id"));
    return found;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids("/services?category=Hair"), Ids{"colour"});
  EXPECT_EQ(ids("/resources?kind=room"), Ids{"room"});
  EXPECT_EQ(ids("/resources?active=true"), Ids{"anna"});
  EXPECT_EQ(ids("/resources?service=cut"), Ids{"anna"});
  EXPECT_EQ(ids("/resources?service=none"), Ids{});
  EXPECT_EQ(ids("/services?updated_since=2026-01-05T08:00:00Z").size(), 2U);
  EXPECT_EQ(ids("/services?updated_since=2026-01-05T08:00:01Z").size(), 0U);
}

TEST_F(CatalogueTest, ListsArePaged) {
  for (const char* id : {"a", "b", "c"}) put(fmt::format("/locations/{}", id), kStreet);
  const json first = get("/locations?limit=2");
  EXPECT_EQ(first.at("items").size(), 2U);
  const json second =
      get("/locations?limit=2&cursor=" + first.at("next_cursor").get<std::string>());
  EXPECT_EQ(second.at("items").size(), 1U);
  EXPECT_EQ(second.at("next_cursor"), nullptr);
}

TEST_F(CatalogueTest, AnotherTenantsRecordsDoNotExist) {
  const json mine = booked("2026-01-06T14:00:00Z");
  host_.actAs("t2");
  for (const char* target :
       {"/services/cut", "/schedules/week", "/resources/anna", "/schedules/week/rules"}) {
    EXPECT_EQ(host_.get(path(target)).status, 404) << target;
  }
  EXPECT_EQ(host_.get(path("/appointments/" + mine.at("id").get<std::string>())).status, 404);
  EXPECT_EQ(act(mine, "cancel").status, 404);
  EXPECT_EQ(book("2026-01-06T15:00:00Z").status, 404);
  EXPECT_TRUE(get("/appointments").at("items").empty());
  EXPECT_TRUE(get("/services").at("items").empty());
  EXPECT_EQ(post("/resources", R"({"name":"B","schedule":"week"})").status, 404);
}

TEST_F(CatalogueTest, HealthTellsTheZoneDataAndTheStore) {
  EXPECT_NE(host_.health("tzdata").find("tzdata 20"), std::string::npos) << host_.health("tzdata");
  EXPECT_NE(host_.health("store").find("healthy"), std::string::npos);
}

}  // namespace
}  // namespace booking
