#include <string>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

class PreviewTest : public BookingTest {
 protected:
  void SetUp() override {
    put("/schedules/night", R"({"name":"Night","time_zone":"America/New_York","rules":[)"
                            R"({"weekdays":["SU"],"start":"01:30","end":"03:30"}]})");
  }
  json previewed(std::string_view query, std::string_view body = "{}") {
    const auto response = post(fmt::format("/schedules/night/preview?{}", query), body);
    EXPECT_EQ(response.status, 200) << query << ' ' << response.body;
    return json::parse(response.body, nullptr, false);
  }
};

TEST_F(PreviewTest, B6_SaysWhatAClockChangeDoes) {
  const json skipped = previewed("from=2026-03-08&to=2026-03-08");
  ASSERT_EQ(skipped.at("days").size(), 1U);
  const json& day = skipped.at("days")[0];
  EXPECT_EQ(day.at("weekday"), "SU");
  EXPECT_EQ(day.at("remarks"), json{"HOUR_SKIPPED"});
  EXPECT_EQ(day.at("windows")[0], json::parse(R"({"start":"2026-03-08T06:30:00Z",
      "end":"2026-03-08T07:30:00Z","local_start":"2026-03-08T01:30","local_end":"2026-03-08T03:30",
      "offset_start":"-05:00","offset_end":"-04:00","shown_start":"2026-03-08T01:30",
      "shown_end":"2026-03-08T03:30","wall_min":120,"elapsed_min":60,
      "remarks":["HOUR_SKIPPED","SHORTER"]})"));

  const json repeated = previewed("from=2026-11-01&to=2026-11-01");
  EXPECT_EQ(repeated.at("days")[0].at("remarks"), json{"HOUR_REPEATED"});
  EXPECT_EQ(repeated.at("days")[0].at("windows")[0].at("elapsed_min"), 180);
  EXPECT_EQ(repeated.at("days")[0].at("windows")[0].at("remarks"),
            (json{"HOUR_REPEATED", "LONGER"}));

  const json plain = previewed("from=2026-06-01&to=2026-06-07&time_zone=Asia/Kathmandu");
  EXPECT_EQ(plain.at("days").size(), 7U);
  EXPECT_TRUE(plain.at("days")[0].at("windows").empty());
  EXPECT_TRUE(plain.at("days")[6].at("remarks").empty());
  EXPECT_EQ(plain.at("days")[6].at("windows")[0].at("shown_start"), "2026-06-07T11:15");
}

TEST_F(PreviewTest, ShowsADraftAndStoresNothing) {
  const json draft = previewed("from=2026-01-05&to=2026-01-07", R"({"time_zone":"UTC",
      "rules":[{"rrule":"FREQ=DAILY","start":"09:00","end":"24:00"}],
      "exceptions":[{"date":"2026-01-06","kind":"closed"}]})");
  EXPECT_EQ(draft.at("time_zone"), "UTC");
  EXPECT_EQ(draft.at("days")[0].at("windows")[0].at("end"), "2026-01-06T00:00:00Z");
  EXPECT_TRUE(draft.at("days")[1].at("windows").empty());
  EXPECT_EQ(draft.at("days")[2].at("windows").size(), 1U);
  EXPECT_EQ(get("/schedules/night").at("version"), 1);
  EXPECT_EQ(get("/schedules/night").at("time_zone"), "America/New_York");
}

TEST_F(PreviewTest, RefusesWhatItCannotShow) {
  const auto refused = [&](std::string_view query, std::string_view body, int status) {
    const auto response = post(fmt::format("/schedules/{}", query), body);
    EXPECT_EQ(response.status, status) << query << ' ' << response.body;
  };
  refused("none/preview?from=2026-01-05&to=2026-01-07", "{}", 404);
  refused("night/preview?from=2026-01-05", "{}", 400);
  refused("night/preview?from=2026-01-05&to=2026-01-04", "{}", 400);
  refused("night/preview?from=2026-01-05&to=2028-01-05", "{}", 400);
  refused("night/preview?from=2026-01-05&to=2026-01-07&time_zone=X", "{}", 400);
  refused("night/preview?from=2026-01-05&to=2026-01-07",
          R"({"rules":[{"rrule":"FREQ=DAILY;COUNT=1","start":"09:00","end":"10:00"}]})", 400);
}

using TenantTest = BookingTest;

TEST_F(TenantTest, SaysNothingAtFirstAndThenItsOwnRules) {
  const auto before = host_.get(path("/tenant"));
  EXPECT_EQ(before.header("ETag"), "\"v0\"");
  const json first = json::parse(before.body);
  EXPECT_EQ(first.at("id"), "t1");
  EXPECT_EQ(first.at("time_zone"), nullptr);
  EXPECT_EQ(first.at("effective"), json::parse(R"({"default_notice_min":60,"horizon_days":90,
      "cancel_window_min":120,"no_show_grace_min":10,"hold_min":5,"booking_policy":"auto",
      "tz_change_policy":"keep_wall"})"));

  const auto changed = host_.patch(path("/tenant"), R"({"name":"Salon","horizon_days":2,
      "default_notice_min":0,"booking_policy":"confirm","time_zone":"America/New_York",
      "locale":"en-US","currency":"USD","hold_min":10,"cancel_window_min":0})",
                                   {{"If-Match", "\"v0\""}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.header("ETag"), "\"v1\"");
  EXPECT_EQ(get("/tenant").at("effective").at("horizon_days"), 2);
  EXPECT_EQ(starts("service=cut&from=2026-01-05&to=2026-01-09").size(), 22U);
  EXPECT_EQ(book("2026-01-08T14:00:00Z").error().code, "BEYOND_HORIZON");
  const json pending = booked("2026-01-06T14:00:00Z");
  EXPECT_EQ(pending.at("status"), "pending");
  const auto hold = post("/holds", R"({"service":"cut","start":"2026-01-06T15:00:00Z"})");
  EXPECT_EQ(json::parse(hold.body).at("hold_expires_at"), "2026-01-05T08:10:00Z");

  const auto stale = host_.patch(path("/tenant"), R"({"name":"X"})", {{"If-Match", "\"v0\""}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(json::parse(stale.error().details).at("current").at("name"), "Salon");
  EXPECT_EQ(host_.patch(path("/tenant"), R"({"name":"X"})").status, 428);
  const auto back =
      host_.patch(path("/tenant"), R"({"horizon_days":null})", {{"If-Match", "\"v1\""}});
  EXPECT_EQ(json::parse(back.body).at("effective").at("horizon_days"), 90);
  EXPECT_EQ(json::parse(back.body).at("version"), 2);
}

TEST_F(TenantTest, RefusesWhatCannotBeAndKeepsTenantsApart) {
  const auto refused = [&](std::string_view body) {
    const auto response = host_.patch(path("/tenant"), body, {{"If-Match", "\"v0\""}});
    EXPECT_EQ(response.status, 400) << body << ' ' << response.body;
  };
  refused(R"({"time_zone":"Mars/Base"})");
  refused(R"({"currency":"dollars"})");
  refused(R"({"booking_policy":"maybe"})");
  refused(R"({"horizon_days":0})");
  refused(R"({"id":"t2"})");
  ASSERT_EQ(host_.patch(path("/tenant"), R"({"name":"Mine"})", {{"If-Match", "\"v0\""}}).status,
            200);
  host_.actAs("t2");
  EXPECT_EQ(get("/tenant").at("name"), nullptr);
  EXPECT_EQ(get("/tenant").at("id"), "t2");
}

}  // namespace
}  // namespace booking
