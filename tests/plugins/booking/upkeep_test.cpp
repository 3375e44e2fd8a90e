// What is done without anybody asking.
#include <algorithm>
#include <string>
#include <vector>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTuesday = "2026-01-06T14:00:00Z";

class UpkeepTest : public BookingTest {
 protected:
  using BookingTest::BookingTest;

  json held() {
    const auto response =
        post("/holds", fmt::format(R"({{"service":"cut","start":"{}"}})", kTuesday));
    EXPECT_EQ(response.status, 201) << response.body;
    return json::parse(response.body, nullptr, false);
  }
  std::string statusOf(const json& one, std::string_view kind = "appointments") {
    return get(fmt::format("/{}/{}", kind, one.at("id").get<std::string>())).at("status");
  }
  std::size_t inState(std::string_view queue, std::string_view state) {
    const auto jobs = host_.jobs(queue);
    return static_cast<std::size_t>(std::count_if(
        jobs.begin(), jobs.end(), [&](const auto& job) { return job.state == state; }));
  }
};

TEST_F(UpkeepTest, AHoldThatIsOverIsLetGoWithoutAnybodyAsking) {
  host_.runJobs();
  const json hold = held();
  host_.advance(4min);
  host_.runJobs();
  EXPECT_EQ(statusOf(hold, "holds"), "held") << "it is not over";
  host_.advance(2min);
  EXPECT_EQ(statusOf(hold, "holds"), "held") << "the control: nobody has looked";
  host_.runJobs();
  EXPECT_EQ(statusOf(hold, "holds"), "expired");
  host_.advance(1min);
  EXPECT_EQ(host_.runJobs().failed, 0U) << "nothing is left to be done";
}

TEST_F(UpkeepTest, AHoldThatWasBookedStaysBooked) {
  host_.runJobs();
  const json hold = held();
  const auto response = post("/appointments", fmt::format(R"({{"hold_id":"{}","lead":{{)"
                                                          R"("phone":"+12025550123"}}}})",
                                                          hold.at("id").get<std::string>()));
  ASSERT_EQ(response.status, 201) << response.body;
  host_.advance(10min);
  host_.runJobs();
  EXPECT_EQ(statusOf(hold), "confirmed");
}

TEST_F(UpkeepTest, NobodyIsANoShowUnlessTheBusinessWantsIt) {
  host_.runJobs();
  const json visit = booked(kTuesday);
  host_.setTime("2026-01-06T18:00:00Z");
  host_.runJobs();
  EXPECT_EQ(statusOf(visit), "confirmed");
}

class NoShowSweepTest : public UpkeepTest {
 protected:
  NoShowSweepTest() : UpkeepTest{{{"no_show_after_min", 30}}} {}
};

TEST_F(NoShowSweepTest, AVisitThatNobodyCameToIsANoShowAfterItsTime) {
  host_.runJobs();
  const json missed = booked(kTuesday);
  const json attended = booked("2026-01-06T14:30:00Z");
  host_.setTime("2026-01-06T14:35:00Z");
  acted(attended, "check-in");
  host_.setTime("2026-01-06T14:59:00Z");
  host_.runJobs();
  EXPECT_EQ(statusOf(missed), "confirmed") << "half an hour after its end, and not before";
  host_.setTime("2026-01-06T15:02:00Z");
  host_.runJobs();
  EXPECT_EQ(statusOf(missed), "no_show");
  EXPECT_EQ(statusOf(attended), "checked_in");
}

// Goal: visits that are not to be called no-shows yet keep nobody from the others, and nothing is
// done over and over. Method: more of them than one job touches, of a tenant that waits for a day.
TEST_F(NoShowSweepTest, WhatHasToWaitIsLookedAtOncePerSweep) {
  put("/resources/ben", R"({"name":"Ben","schedule":"week","services":["cut"]})");
  const auto version = host_.get(path("/tenant")).header("ETag");
  const auto patient =
      host_.patch(path("/tenant"), R"({"no_show_grace_min":1440})", {{"If-Match", version}});
  ASSERT_EQ(patient.status, 200) << patient.body;
  host_.runJobs();
  std::vector<json> visits;
  for (int i = 0; i < 12; ++i) {
    const auto response =
        post("/appointments",
             fmt::format(R"({{"service":"cut","start":"2026-01-06T{}:{}0:00Z","resource":"{}",)"
                         R"("lead":{{"phone":"+120255501{}"}}}})",
                         14 + i / 4, i / 2 % 2 * 3, i % 2 == 0 ? "anna" : "ben", 10 + i));
    ASSERT_EQ(response.status, 201) << response.body;
    visits.push_back(json::parse(response.body));
  }
  host_.setTime("2026-01-06T23:00:00Z");
  host_.runJobs();
  EXPECT_EQ(inState("no-show-sweep", "completed"), 2U) << "the first ten, and the rest";
  EXPECT_EQ(statusOf(visits.back()), "confirmed");
  host_.setTime("2026-01-07T18:00:00Z");
  host_.runJobs();
  for (const auto& visit : visits) EXPECT_EQ(statusOf(visit), "no_show");
}

TEST_F(UpkeepTest, EachVersionOfTheZoneDataIsAppliedOnceToEachTenant) {
  booked(kTuesday);
  host_.runJobs();
  for (int day = 0; day < 3; ++day) {
    host_.advance(24h);
    EXPECT_EQ(host_.runJobs().failed, 0U);
  }
  EXPECT_EQ(inState("tz-rebase", "completed"), 4U) << "three days, and one page of one tenant";
  EXPECT_EQ(host_.jobs("tz-rebase").size(), 4U);
}

}  // namespace
}  // namespace booking
