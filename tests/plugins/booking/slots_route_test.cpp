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
    "time_zone":"America/New_York","resources":["anna"]})"));
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
