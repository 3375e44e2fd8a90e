#include <string>
#include <vector>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

using SlotsTest = BookingTest;

TEST_F(SlotsTest, ShowsWhenWhereAndWho) {
  const json answer =
      get("/slots?service=cut&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z&limit=2");
  ASSERT_EQ(answer.at("slots").size(), 2U);
  json first = answer.at("slots")[0];
  EXPECT_FALSE(first.at("slot_token").get<std::string>().empty());
  first.erase("slot_token");
  EXPECT_EQ(first, json::parse(R"({"start":"2026-01-06T14:00:00Z",
    "end":"2026-01-06T14:30:00Z","local_start":"2026-01-06T09:00","offset":"-05:00",
    "time_zone":"America/New_York","resources":["anna"],"seats_left":1})"));
  EXPECT_EQ(answer.at("next_from"), "2026-01-06T14:30:00Z");
}

TEST_F(SlotsTest, ShowsTheCallersZone) {
  const json answer =
      get("/slots?service=cut&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z&limit=1"
          "&time_zone=Asia/Kathmandu");
  EXPECT_EQ(answer.at("slots")[0].at("local_start"), "2026-01-06T19:45");
  EXPECT_EQ(answer.at("slots")[0].at("offset"), "+05:45");
}

TEST_F(SlotsTest, SaysWhyThereIsNone) {
  const auto why = [&](std::string_view query) {
    return get(fmt::format("/slots?service=cut&{}", query)).value("none_because", "");
  };
  EXPECT_EQ(why("from=2026-01-10T00:00:00Z&to=2026-01-11T00:00:00Z"), "CLOSED_OR_TAKEN");
  EXPECT_EQ(why("from=2026-01-05T08:00:00Z&to=2026-01-05T09:00:00Z"), "NOTICE_TOO_SHORT");
  EXPECT_EQ(why("from=2026-05-01T00:00:00Z&to=2026-05-08T00:00:00Z"), "BEYOND_HORIZON");
  put("/services/idle", R"({"name":"Nobody does it","duration_min":30})");
  EXPECT_EQ(get("/slots?service=idle&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z")
                .at("none_because"),
            "NO_RESOURCE");
}

TEST_F(SlotsTest, RefusesWhatItCannotAnswer) {
  const auto refused = [&](std::string_view query, int status) {
    const auto response = host_.get(path(fmt::format("/slots?{}", query)));
    EXPECT_EQ(response.status, status) << query << ' ' << response.body;
  };
  refused("service=cut&from=2026-01-06T00:00:00Z", 400);
  refused("service=cut&from=2026-01-06T00:00:00Z&to=2026-03-10T00:00:00Z", 400);
  refused("service=cut&from=2026-01-06T00:00:00Z&to=2026-01-05T00:00:00Z", 400);
  refused("service=cut&from=tomorrow&to=2026-01-05T00:00:00Z", 400);
  refused("service=cut&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z&duration=31", 400);
  refused("service=cut&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z&time_zone=X", 400);
  refused("service=none&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z", 404);
  refused("service=cut&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z&resource=none", 404);
}

// Goal: honesty: what is offered can be booked, each and every one. Method: books whatever is
// offered first until nothing is left, with buffers that push the later ones around.
TEST_F(SlotsTest, B10_EverySlotOfferedCanBeBooked) {
  host_.patch(path("/services/cut"), R"({"buffer_before_min":5,"buffer_after_min":10})",
              {{"If-Match", "\"v1\""}});
  const std::string query = "service=cut&from=2026-01-06T00:00:00Z&to=2026-01-08T00:00:00Z";
  int booked_count = 0;
  for (auto offered = starts(query); !offered.empty(); offered = starts(query)) {
    const auto& start = booked_count % 2 == 0 ? offered.front() : offered.back();
    ASSERT_EQ(book(start).status, 201) << start;
    ++booked_count;
  }
  EXPECT_GE(booked_count, 6);
}

TEST_F(SlotsTest, SeveralResourcesAreOneListAndTheFreeOneIsBooked) {
  put("/resources/ben", R"({"name":"Ben","schedule":"week","services":["cut"],"priority":200})");
  const std::string query = "service=cut&from=2026-01-06T14:00:00Z&to=2026-01-06T14:01:00Z";
  EXPECT_EQ(get("/slots?" + query).at("slots")[0].at("resources"), (json{"anna", "ben"}));
  EXPECT_EQ(booked("2026-01-06T14:00:00Z").at("resource"), "anna");
  EXPECT_EQ(get("/slots?" + query).at("slots")[0].at("resources"), json{"ben"});
  EXPECT_EQ(booked("2026-01-06T14:00:00Z").at("resource"), "ben");
  EXPECT_EQ(book("2026-01-06T14:00:00Z").error().code, "SLOT_TAKEN");
}

TEST_F(SlotsTest, DatesAreThoseOfTheZoneAndCountWhole) {
  EXPECT_EQ(starts("service=cut&from=2026-01-06&to=2026-01-06").size(), 11U);
  EXPECT_EQ(starts("service=cut&from=2026-01-06&to=2026-01-07").size(), 22U);
  EXPECT_EQ(starts("service=cut&from=2026-01-06&to=2026-01-06&time_zone=Asia/Tokyo").front(),
            "2026-01-05T15:00:00Z");
}

TEST_F(SlotsTest, AreGroupedByTheLocalDay) {
  const json answer = get("/slots?service=cut&from=2026-01-06&to=2026-01-07&group=day");
  ASSERT_EQ(answer.at("days").size(), 2U);
  EXPECT_EQ(answer.at("days")[0].at("date"), "2026-01-06");
  EXPECT_EQ(answer.at("days")[1].at("slots").size(), 11U);
  EXPECT_FALSE(answer.contains("slots"));
}

TEST_F(SlotsTest, B10_ExplainsEveryTimeThatIsNotOffered) {
  booked("2026-01-06T15:00:00Z");
  const json answer = get("/slots?service=cut&from=2026-01-06&to=2026-01-06&explain=true");
  EXPECT_EQ(answer.at("slots").size(), 8U);
  EXPECT_EQ(answer.at("refused")[0], json::parse(R"({"first":"2026-01-06T14:45:00Z",
      "last":"2026-01-06T15:15:00Z","local_first":"2026-01-06T09:45",
      "local_last":"2026-01-06T10:15","starts":3,"reason":"SLOT_TAKEN"})"));
  EXPECT_EQ(answer.at("refused")[1].at("reason"), "OUTSIDE_HOURS") << "11:45 would end too late";
  ASSERT_EQ(answer.at("closed").size(), 2U);
  EXPECT_EQ(answer.at("closed")[0].at("local_from"), "2026-01-06T00:00");
  EXPECT_EQ(answer.at("closed")[0].at("local_to"), "2026-01-06T09:00");
  EXPECT_FALSE(get("/slots?service=cut&from=2026-01-06&to=2026-01-06").contains("refused"));
}

TEST_F(SlotsTest, B10_SaysWhyOfAChosenStart) {
  booked("2026-01-06T15:00:00Z");
  put("/resources/ben",
      R"({"name":"Ben","schedule":"week","services":["cut"],"priority":200,"active":true})");
  post("/time-off", R"({"resource":"ben","reason":"Ill","start":"2026-01-06","end":"2026-01-06"})");
  const auto chosen = [&](std::string_view start) {
    return get(fmt::format("/slots?service=cut&explain=true&start={}", start)).at("chosen");
  };
  const json taken = chosen("2026-01-06T15:00:00Z");
  EXPECT_EQ(taken.at("bookable"), false);
  EXPECT_EQ(taken.at("reason"), "SLOT_TAKEN");
  EXPECT_EQ(taken.at("resources"), json::parse(R"([{"resource":"anna","reason":"SLOT_TAKEN"},
                                                   {"resource":"ben","reason":"TIME_OFF"}])"));
  EXPECT_EQ(chosen("2026-01-06T16:05:00Z").at("bookable"), true);
  EXPECT_EQ(chosen("2026-01-06T16:05:00Z").at("on_grid"), false);
  EXPECT_EQ(chosen("2026-01-06T16:05:00Z").at("reason"), nullptr);
  EXPECT_EQ(chosen("2026-01-10T15:00:00Z").at("reason"), "OUTSIDE_HOURS");
  EXPECT_EQ(chosen("2026-01-05T08:05:00Z").at("reason"), "NOTICE_TOO_SHORT");
  EXPECT_EQ(chosen("2027-01-05T15:00:00Z").at("reason"), "BEYOND_HORIZON");
}

TEST_F(SlotsTest, BlockedPeriodsAndTimeOffTakeTimeAwayAndSayWhy) {
  const std::string day = "service=cut&from=2026-01-06&to=2026-01-06";
  const auto off = post("/time-off", R"({"resource":"anna","reason":"Dentist",)"
                                     R"("start":"2026-01-06T09:10","end":"2026-01-06T10:00"})");
  ASSERT_EQ(off.status, 201) << off.body;
  EXPECT_EQ(starts(day).front(), "2026-01-06T15:00:00Z") << "the grid stays as it is";
  EXPECT_EQ(starts(day).size(), 7U);
  const auto away = book("2026-01-06T14:00:00Z");
  EXPECT_EQ(away.error().code, "OUTSIDE_AVAILABILITY");
  EXPECT_EQ(json::parse(away.error().details).at("reason"), "TIME_OFF");

  const json closed = put("/blocked-periods/party",
                          R"({"reason":"Party","start":"2026-01-06","end":"2026-01-06"})");
  EXPECT_EQ(closed.at("start"), "2026-01-06");
  EXPECT_TRUE(starts(day).empty());
  EXPECT_EQ(json::parse(book("2026-01-06T16:00:00Z").error().details).at("reason"),
            "BLOCKED_PERIOD");
  EXPECT_EQ(starts("service=cut&from=2026-01-07&to=2026-01-07").size(), 11U);

  ASSERT_EQ(
      host_.patch(path("/blocked-periods/party"), R"({"active":false})", {{"If-Match", "\"v1\""}})
          .status,
      200);
  EXPECT_EQ(starts(day).size(), 7U);
  const std::string id = json::parse(off.body).at("id");
  EXPECT_EQ(host_.del(path("/time-off/" + id), {{"If-Match", "\"v1\""}}).status, 204);
  EXPECT_EQ(starts(day).size(), 11U);
}

TEST_F(SlotsTest, ClosuresAreInstantsWallTimesOrDates) {
  put("/blocked-periods/a", R"({"reason":"A","start":"2026-01-06T10:00:00-05:00",)"
                            R"("end":"2026-01-06T11:00:00-05:00"})");
  EXPECT_EQ(get("/blocked-periods/a").at("start"), "2026-01-06T15:00:00Z");
  EXPECT_EQ(starts("service=cut&from=2026-01-06&to=2026-01-06").size(), 6U);
  EXPECT_EQ(get("/blocked-periods?from=2026-01-06&to=2026-01-06").at("items").size(), 1U);
  EXPECT_EQ(get("/blocked-periods?from=2026-02-01").at("items").size(), 0U);
  const auto refused = [&](std::string_view body) {
    const auto response = post("/blocked-periods", body);
    EXPECT_EQ(response.status, 400) << body << ' ' << response.body;
  };
  refused(R"({"reason":"A","start":"2026-01-06","end":"2026-01-05"})");
  refused(R"({"reason":"A","start":"2026-01-06","end":"2026-01-06T10:00"})");
  refused(R"({"reason":"A","start":"2026-01-06T10:00","end":"2026-01-06T10:00"})");
  refused(R"({"reason":"A","start":"Christmas!","end":"New Year's"})");
  EXPECT_EQ(post("/time-off", R"({"resource":"none","reason":"A","start":"2026-01-06",)"
                              R"("end":"2026-01-06"})")
                .status,
            404);
}

TEST_F(SlotsTest, B10_AFullDayOrWeekIsNotOfferedAndIsRefused) {
  host_.patch(path("/services/cut"), R"({"resource_max_per_day":2,"resource_max_per_week":3})",
              {{"If-Match", "\"v1\""}});
  const auto on = [&](std::string_view date) {
    return starts(fmt::format("service=cut&from={0}&to={0}", date)).size();
  };
  booked("2026-01-06T14:00:00Z");
  EXPECT_EQ(on("2026-01-06"), 9U);
  booked("2026-01-06T15:00:00Z");
  EXPECT_EQ(on("2026-01-06"), 0U);
  const auto third = book("2026-01-06T16:00:00Z");
  EXPECT_EQ(third.status, 422);
  EXPECT_EQ(third.error().code, "DAILY_LIMIT");
  EXPECT_EQ(json::parse(third.error().details),
            json::parse(R"({"of":"resource","per_day":2,"per_week":3})"));
  EXPECT_EQ(on("2026-01-07"), 11U);
  const json last = booked("2026-01-07T14:00:00Z");
  EXPECT_EQ(on("2026-01-08"), 0U) << "three in the week";
  EXPECT_EQ(on("2026-01-12"), 11U) << "the next week";
  acted(last, "cancel");
  EXPECT_EQ(on("2026-01-08"), 11U) << "what is cancelled does not count";
}

TEST_F(SlotsTest, B10_ALeadsLimitCountsWhereTheLeadIsKnown) {
  host_.patch(path("/services/cut"), R"({"lead_max_per_day":1})", {{"If-Match", "\"v1\""}});
  const json first = booked("2026-01-06T14:00:00Z");
  const std::string lead = first.at("lead_id");
  const std::string day = "service=cut&from=2026-01-06&to=2026-01-06";
  EXPECT_EQ(starts(day).size(), 9U);
  EXPECT_EQ(starts(day + "&lead=" + lead).size(), 0U);
  const auto second = book("2026-01-06T15:00:00Z");
  EXPECT_EQ(second.error().code, "DAILY_LIMIT");
  EXPECT_EQ(json::parse(second.error().details).at("of"), "lead");
  const auto hold = post("/holds", R"({"service":"cut","start":"2026-01-06T15:00:00Z"})");
  ASSERT_EQ(hold.status, 201) << hold.body;
  const auto kept =
      post("/appointments", fmt::format(R"({{"hold_id":"{}","lead_id":"{}"}})",
                                        json::parse(hold.body).at("id").get<std::string>(), lead));
  EXPECT_EQ(kept.error().code, "DAILY_LIMIT") << kept.body;
  const auto moved = acted(first, "reschedule", R"({"start":"2026-01-06T16:00:00Z"})");
  EXPECT_EQ(moved.at("start"), "2026-01-06T16:00:00Z") << "its own visit does not count";
}

TEST_F(SlotsTest, NextOnesAreSpreadOverTheDay) {
  post("/schedules/week/rules", R"({"weekdays":["TU"],"start":"13:00","end":"15:00"})");
  post("/schedules/week/rules", R"({"weekdays":["WE"],"start":"18:00","end":"19:00"})");
  const json answer = get("/slots/next?service=cut&after=2026-01-06T12:00:00Z");
  ASSERT_EQ(answer.at("slots").size(), 3U);
  EXPECT_EQ(answer.at("slots")[0].at("local_start"), "2026-01-06T09:00");
  EXPECT_EQ(answer.at("slots")[1].at("local_start"), "2026-01-06T13:00");
  EXPECT_EQ(answer.at("slots")[2].at("local_start"), "2026-01-07T18:00");
  EXPECT_EQ(answer.at("slots")[2].at("part_of_day"), "evening");
  EXPECT_EQ(get("/slots/next?service=cut&count=1").at("slots")[0].at("start"),
            "2026-01-05T14:00:00Z");
  EXPECT_EQ(get("/slots/next?service=cut&after=2026-08-01").at("slots").size(), 0U);
}

TEST_F(SlotsTest, AServicesOwnScheduleAndAResourcesOwnZoneCount) {
  put("/schedules/late", R"({"name":"Late","time_zone":"America/New_York","rules":[)"
                         R"({"weekdays":["TU"],"start":"20:00","end":"21:00"}]})");
  host_.patch(path("/services/cut"), R"({"schedule":"late"})", {{"If-Match", "\"v1\""}});
  host_.patch(path("/resources/anna"), R"({"time_zone":"Europe/Berlin"})",
              {{"If-Match", "\"v1\""}});
  const json answer = get("/slots?service=cut&from=2026-01-06T00:00:00Z&to=2026-01-08T00:00:00Z");
  ASSERT_EQ(answer.at("slots").size(), 3U);
  EXPECT_EQ(answer.at("slots")[0].at("start"), "2026-01-07T01:00:00Z");
  EXPECT_EQ(answer.at("slots")[0].at("local_start"), "2026-01-07T02:00");
  EXPECT_EQ(host_.del(path("/schedules/late"), {{"If-Match", "\"v1\""}}).status, 200)
      << "referred to: made inactive";
}

class ZonesTest : public BookingTest {
 protected:
  ZonesTest() : BookingTest{{{"horizon_days", 1000}}} {}
  void SetUp() override {}
  std::vector<std::string> nights(std::string_view zone, std::string_view begin,
                                  std::string_view end, std::string_view query) {
    put("/services/cut", R"({"name":"Haircut","duration_min":30,"slot_step_min":30})");
    put("/schedules/week",
        fmt::format(R"({{"name":"W","time_zone":"{}","rules":[{{"weekdays":)"
                    R"(["MO","TU","WE","TH","FR","SA","SU"],"start":"{}","end":"{}"}}]}})",
                    zone, begin, end));
    put("/resources/anna", R"({"name":"Anna","schedule":"week","services":["cut"]})");
    return starts(fmt::format("service=cut&{}", query));
  }
};

TEST_F(ZonesTest, B6_NewYorkLosesAndGainsAnHour) {
  const auto spring = nights("America/New_York", "01:30", "03:30",
                             "from=2026-03-08T00:00:00Z&to=2026-03-09T00:00:00Z");
  EXPECT_EQ(spring, (std::vector<std::string>{"2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z"}));
  EXPECT_EQ(starts("service=cut&from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z").size(), 6U);
  EXPECT_EQ(starts("service=cut&from=2026-06-01T00:00:00Z&to=2026-06-02T00:00:00Z").size(), 4U);
}

TEST_F(ZonesTest, B6_KathmandusGridBeginsAtTheWindow) {
  const auto found = nights("Asia/Kathmandu", "09:00", "10:00",
                            "from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z");
  EXPECT_EQ(found, (std::vector<std::string>{"2026-01-06T03:15:00Z", "2026-01-06T03:45:00Z"}));
}

TEST_F(ZonesTest, B6_LordHoweMovesByHalfAnHour) {
  const auto spring = nights("Australia/Lord_Howe", "01:00", "04:00",
                             "from=2026-10-03T12:00:00Z&to=2026-10-04T00:00:00Z");
  EXPECT_EQ(spring.size(), 5U);
  EXPECT_EQ(starts("service=cut&from=2026-04-04T12:00:00Z&to=2026-04-05T00:00:00Z").size(), 7U);
}

TEST_F(ZonesTest, B6_B7_AWallTimeIsBookedAndKeptWithItsZoneAndDataVersion) {
  nights("America/New_York", "00:00", "24:00", "from=2026-06-01T00:00:00Z&to=2026-06-01T01:00:00Z");
  const auto repeated = post("/appointments", R"({"service":"cut","start":"2026-11-01T01:30",
      "time_zone":"America/New_York","lead":{"phone":"+12025550123"}})");
  ASSERT_EQ(repeated.status, 201) << repeated.body;
  const json one = json::parse(repeated.body);
  EXPECT_EQ(one.at("start"), "2026-11-01T05:30:00Z") << "the first of the two";
  EXPECT_EQ(one.at("local_start"), "2026-11-01T01:30");
  EXPECT_EQ(one.at("offset"), "-04:00");
  EXPECT_GE(one.at("tzdata_version").get<std::string>().size(), 5U);
  const auto skipped = post("/appointments", R"({"service":"cut","start":"2026-03-08T02:30",
      "time_zone":"America/New_York","lead":{"phone":"+12025550123"}})");
  EXPECT_EQ(json::parse(skipped.body).at("start"), "2026-03-08T07:30:00Z");
  EXPECT_EQ(post("/appointments", R"({"service":"cut","start":"2026-03-09T02:30",
      "lead":{"phone":"+12025550123"}})")
                .status,
            400)
      << "a wall time without a zone";
}

}  // namespace
}  // namespace booking
