#include <random>
#include <set>
#include <string>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

/// Businesses that a seed makes: rules and recurrences, exceptions, closures, visits, limits, and
/// two resources on grids of their own.
class Honesty : public BookingTest {
 protected:
  Honesty() : BookingTest{{{"horizon_days", 4}}} {}
  void SetUp() override {}

  int below(int bound) { return std::uniform_int_distribution<int>{0, bound - 1}(random_); }
  bool oneIn(int chances) { return below(chances) == 0; }
  std::string clock(int minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }
  std::string wall(int day, int minute) {
    return fmt::format("2026-01-{:02}T{}", day, clock(minute));
  }

  std::string rule() {
    const int begin = 5 * below(180);
    const int end = begin + 15 + 5 * below((1440 - begin - 15) / 5 + 1);
    const auto days =
        oneIn(3) ? R"("rrule":"FREQ=DAILY;BYDAY=TU,WE")" : R"("weekdays":["MO","TU","TH"])";
    return fmt::format(R"({{{},"start":"{}","end":"{}"}})", days, clock(begin), clock(end));
  }
  void openSchedule(std::string_view id) {
    put(fmt::format("/schedules/{}", id),
        fmt::format(R"({{"name":"A","time_zone":"America/New_York","rules":[{},{}]}})", rule(),
                    rule()));
    if (oneIn(2)) {
      post(
          fmt::format("/schedules/{}/exceptions", id),
          fmt::format(
              R"({{"date":"2026-01-06","kind":"{}","intervals":[{{"start":"10:00","end":"14:30"}}]}})",
              oneIn(2) ? "closed" : "open"));
    }
  }
  void close(std::string_view target, std::string_view more) {
    const int begin = 10 * below(130);
    post(target, fmt::format(R"({{{}"reason":"A","start":"{}","end":"{}"}})", more, wall(6, begin),
                             wall(6, begin + 20 + 10 * below(10))));
  }
  void open(unsigned seed) {
    random_.seed(seed);
    put("/services/cut",
        fmt::format(R"({{"name":"Cut","duration_min":{},"slot_step_min":{},"buffer_before_min":{},)"
                    R"("buffer_after_min":{}}})",
                    10 + 5 * below(15), 10 + 5 * below(8), 5 * below(4), 5 * below(4)));
    openSchedule("one");
    openSchedule("two");
    put("/resources/anna", R"({"name":"Anna","schedule":"one","services":["cut"]})");
    put("/resources/ben", R"({"name":"Ben","schedule":"two","services":["cut"]})");
    if (oneIn(2)) close("/blocked-periods", "");
    if (oneIn(2)) close("/time-off", R"("resource":"anna",)");
    for (int i = 0; i < 6; ++i) book(instant(60 * 8 + 30 * below(40)));
    if (oneIn(2)) {
      host_.patch(path("/services/cut"), R"({"resource_max_per_day":2})", {{"If-Match", "\"v1\""}});
    }
  }
  /// Minutes after midnight of Tuesday the 6th in New York.
  std::string instant(int minute) {
    const int utc = minute + 5 * 60;
    return fmt::format("2026-01-{:02}T{}:00Z", 6 + utc / 1440, clock(utc % 1440));
  }

  /// What booking says of the start: null, or the reason. The time is let go again.
  json bookingSays(const std::string& start) {
    const auto answer = post("/holds", fmt::format(R"({{"service":"cut","start":"{}"}})", start));
    if (answer.status == 201) {
      const std::string id = json::parse(answer.body).at("id");
      EXPECT_EQ(host_.del(path("/holds/" + id)).status, 204);
      return nullptr;
    }
    const auto error = answer.error();
    if (error.code != "OUTSIDE_AVAILABILITY") return error.code;
    return json::parse(error.details).at("reason");
  }
  json chosen(const std::string& start) {
    return get(fmt::format("/slots?service=cut&explain=true&start={}", start)).at("chosen");
  }

  std::mt19937 random_;
};

// Goal: what is explained is what booking does, with the same reason, on the grid and off it, and
// what is listed can be booked. Method: random businesses, a whole day and its edges.
TEST_F(Honesty, B10_BookingRefusesForTheReasonThatIsExplained) {
  int booked_count = 0;
  std::set<std::string> reasons;
  for (unsigned seed = 1; seed <= 10; ++seed) {
    host_.actAs(fmt::format("business-{}", seed));
    open(seed);
    for (const auto& start : starts("service=cut&from=2026-01-06&to=2026-01-06")) {
      EXPECT_EQ(bookingSays(start), nullptr) << seed << ' ' << start;
    }
    for (int minute = 7; minute < 1440; minute += 35) {
      const std::string start = instant(minute);
      const json explained = chosen(start).at("reason");
      const json said = bookingSays(start);
      EXPECT_EQ(explained, said) << seed << ' ' << start;
      booked_count += said.is_null() ? 1 : 0;
      if (said.is_string()) reasons.insert(said.get<std::string>());
    }
    for (const char* edge : {"2026-01-05T08:30:00Z", "2026-01-09T09:00:00Z"}) {
      EXPECT_EQ(chosen(edge).at("reason"), bookingSays(edge)) << seed << ' ' << edge;
    }
  }
  EXPECT_GT(booked_count, 20);
  EXPECT_GE(reasons.size(), 4U) << "the businesses are too much alike";
}

// An explanation from before somebody booked is found out by the same comparison.
TEST_F(Honesty, B10_NegativeControl_AnOldExplanationIsFoundOut) {
  openBusiness("America/New_York");
  const json before = chosen("2026-01-06T14:00:00Z").at("reason");
  booked("2026-01-06T14:00:00Z");
  EXPECT_NE(before, bookingSays("2026-01-06T14:00:00Z"));
  EXPECT_EQ(chosen("2026-01-06T14:00:00Z").at("reason"), bookingSays("2026-01-06T14:00:00Z"));
}

}  // namespace
}  // namespace booking
