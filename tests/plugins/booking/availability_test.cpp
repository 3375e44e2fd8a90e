#include "availability.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "availability_cache.hpp"

namespace booking {
namespace {

constexpr unsigned kEveryDay = 0x7f;
constexpr unsigned kWeekdays = 0x1f;

cctz::civil_day day(const char* text) {
  return parseDate(text).value();
}

AvailabilityRule rule(unsigned weekdays, const char* begin, const char* end) {
  AvailabilityRule one;
  one.weekdays = weekdays;
  one.hours = {parseMinuteOfDay(begin).value(), parseMinuteOfDay(end).value()};
  return one;
}

Availability in(const char* zone, std::vector<AvailabilityRule> rules) {
  return Availability{Zone::get(zone), std::move(rules), {}};
}

std::vector<std::string> shown(const std::vector<Interval>& windows) {
  std::vector<std::string> text;
  for (const auto& one : windows) {
    text.push_back(formatInstant(one.begin).substr(5, 11) + "/" +
                   formatInstant(one.end).substr(5, 11));
  }
  return text;
}

using Shown = std::vector<std::string>;

TEST(Availability, B6_RulesAreWallTime) {
  const auto hours = in("America/New_York", {rule(kWeekdays, "09:00", "12:00")});
  EXPECT_EQ(shown(hours.windowsOn(day("2026-01-06"))), Shown{"01-06T14:00/01-06T17:00"});
  EXPECT_EQ(shown(hours.windowsOn(day("2026-07-06"))), Shown{"07-06T13:00/07-06T16:00"});
  EXPECT_TRUE(hours.windowsOn(day("2026-01-10")).empty()) << "a Saturday";
}

TEST(Availability, B6_AShiftOverAClockChangeIsShorterOrLonger) {
  const auto night = in("America/New_York", {rule(kEveryDay, "01:30", "03:30")});
  const auto length = [&](const char* date) {
    const auto windows = night.windowsOn(day(date));
    return windows.empty() ? 0L : (windows[0].end - windows[0].begin).count();
  };
  EXPECT_EQ(length("2026-03-08"), 3600);
  EXPECT_EQ(length("2026-11-01"), 3 * 3600);
  EXPECT_EQ(length("2026-06-01"), 2 * 3600);
}

TEST(Availability, B6_LordHoweMovesByHalfAnHour) {
  const auto night = in("Australia/Lord_Howe", {rule(kEveryDay, "01:00", "04:00")});
  const auto spring = night.windowsOn(day("2026-10-04"));
  const auto autumn = night.windowsOn(day("2026-04-05"));
  EXPECT_EQ((spring.at(0).end - spring.at(0).begin).count(), 9000);
  EXPECT_EQ((autumn.at(0).end - autumn.at(0).begin).count(), 12600);
}

TEST(Availability, B6_AWindowInsideTheGapIsNone) {
  const auto gap = in("America/New_York", {rule(kEveryDay, "02:30", "03:00")});
  EXPECT_TRUE(gap.windowsOn(day("2026-03-08")).empty());
  EXPECT_EQ(gap.windowsOn(day("2026-03-09")).size(), 1U);
}

TEST(Availability, OverlappingRulesAreOneWindow) {
  const auto hours =
      in("UTC", {rule(kEveryDay, "12:00", "15:00"), rule(kEveryDay, "09:00", "13:00"),
                 rule(kEveryDay, "16:00", "17:00")});
  EXPECT_EQ(shown(hours.windowsOn(day("2026-01-06"))),
            (Shown{"01-06T09:00/01-06T15:00", "01-06T16:00/01-06T17:00"}));
}

TEST(Availability, ValidityCountsBothItsDays) {
  auto one = rule(kEveryDay, "09:00", "24:00");
  one.valid_from = day("2026-01-06");
  one.valid_to = day("2026-01-07");
  const auto hours = in("UTC", {one});
  EXPECT_TRUE(hours.windowsOn(day("2026-01-05")).empty());
  EXPECT_EQ(shown(hours.windowsOn(day("2026-01-06"))), Shown{"01-06T09:00/01-07T00:00"});
  EXPECT_EQ(hours.windowsOn(day("2026-01-07")).size(), 1U);
  EXPECT_TRUE(hours.windowsOn(day("2026-01-08")).empty());
}

DayException on(const char* date, ExceptionKind kind, std::vector<MinuteRange> hours) {
  return {"", day(date), kind, std::move(hours)};
}

TEST(Availability, ExceptionsCloseOpenAndReplace) {
  auto hours = in("UTC", {rule(kEveryDay, "09:00", "17:00")});
  hours.exceptions = {
      on("2026-01-06", ExceptionKind::Closed, {}),
      on("2026-01-07", ExceptionKind::Closed, {{720, 780}}),
      on("2026-01-08", ExceptionKind::Open, {{1080, 1200}}),
      on("2026-01-09", ExceptionKind::Replace, {{600, 660}}),
      on("2026-01-10", ExceptionKind::Closed, {}),
      on("2026-01-10", ExceptionKind::Open, {{1080, 1200}}),
  };
  EXPECT_TRUE(hours.windowsOn(day("2026-01-06")).empty());
  EXPECT_EQ(shown(hours.windowsOn(day("2026-01-07"))),
            (Shown{"01-07T09:00/01-07T12:00", "01-07T13:00/01-07T17:00"}));
  EXPECT_EQ(shown(hours.windowsOn(day("2026-01-08"))),
            (Shown{"01-08T09:00/01-08T17:00", "01-08T18:00/01-08T20:00"}));
  EXPECT_EQ(shown(hours.windowsOn(day("2026-01-09"))), Shown{"01-09T10:00/01-09T11:00"});
  EXPECT_TRUE(hours.windowsOn(day("2026-01-10")).empty()) << "closed wins";
  EXPECT_EQ(shown(hours.windowsOn(day("2026-01-11"))), Shown{"01-11T09:00/01-11T17:00"});
}

/// The first instant of the days around `date` at which the zone's clock shows `wall`, found by
/// looking at the clock each minute; nothing where that wall time is skipped.
std::optional<Instant> firstShown(const Zone& zone, const cctz::civil_second& wall) {
  Instant at = fromEpoch(wall - cctz::civil_second{1970, 1, 1}) - seconds{86400};
  for (const Instant stop = at + seconds{2 * 86400}; at < stop; at += seconds{60}) {
    if (zone.toLocal(at).wall == wall) return at;
  }
  return std::nullopt;
}

// Goal: a window lasts from the first moment that its begin is on the clock to the first moment of
// its end, whatever the clock does between. Method: random hours on days around clock changes,
// against a clock that is looked at every minute.
TEST(Availability, B6_AWindowIsWhatTheClockShowsMinuteByMinute) {
  EXPECT_TRUE(rc::check("windowsOn == clock", [] {
    const auto name = *rc::gen::element("America/New_York", "Europe/Berlin", "Australia/Lord_Howe",
                                        "Africa/Cairo", "America/Santiago", "Asia/Kathmandu");
    const Zone zone = Zone::get(name);
    const cctz::civil_day date = cctz::civil_day{2024, 1, 1} + *rc::gen::inRange(0, 1000);
    const int begin = *rc::gen::inRange(0, 1439);
    const int end = *rc::gen::inRange(begin + 1, 1441);
    AvailabilityRule daily;
    daily.weekdays = kEveryDay;
    daily.hours = {begin, end};
    const auto first = firstShown(zone, cctz::civil_second{date} + begin * 60);
    const auto last = firstShown(zone, cctz::civil_second{date} + end * 60);
    RC_PRE(first && last);
    RC_ASSERT((Availability{zone, {daily}, {}}.windowsOn(date) ==
               std::vector<Interval>{{*first, *last}}));
  }));
}

// Adding the hours to midnight, as is often done, is found out on a day of a clock change.
TEST(Availability, B6_NegativeControl_CountingFromMidnightIsFound) {
  const Zone zone = Zone::get("America/New_York");
  const auto midnight = cctz::civil_second{day("2026-03-08")};
  EXPECT_NE(zone.toInstant(midnight) + seconds{9 * 3600},
            firstShown(zone, midnight + 9 * 3600).value());
}

TEST(ExpandedAvailability, GivesTheSameFromTheCacheAsFresh) {
  const auto hours = in("Europe/Berlin", {rule(kWeekdays, "09:00", "12:00")});
  const ExpandedAvailability expanded{hours};
  const auto first = expanded.windows(day("2026-03-20"), day("2026-04-20"));
  EXPECT_EQ(expanded.windows(day("2026-03-20"), day("2026-04-20")), first);
  std::vector<Interval> fresh;
  for (auto date = day("2026-03-20"); date <= day("2026-04-20"); ++date) {
    const auto windows = hours.windowsOn(date);
    fresh.insert(fresh.end(), windows.begin(), windows.end());
  }
  EXPECT_EQ(first, fresh);
}

TEST(ExpandedAvailability, IsSortedWhereAZoneLeftADayOut) {
  const ExpandedAvailability samoa{
      in("Pacific/Apia", {rule(kEveryDay, "09:00", "12:00"), rule(kEveryDay, "13:00", "17:00")})};
  const auto windows = samoa.windows(day("2011-12-29"), day("2012-01-01"));
  EXPECT_TRUE(std::is_sorted(windows.begin(), windows.end(),
                             [](const auto& a, const auto& b) { return a.begin < b.begin; }));
}

TEST(AvailabilityCache, LoadsEachRevisionOnceWhileItIsKept) {
  AvailabilityCache cache{2};
  int loads = 0;
  const auto get = [&](const char* revision) {
    return cache.get(revision, [&] {
      ++loads;
      return in("UTC", {});
    });
  };
  const auto kept = get("a");
  get("a");
  EXPECT_EQ(loads, 1);
  get("b");
  get("a");
  get("c");  // puts out b, which was used least recently
  get("a");
  EXPECT_EQ(loads, 3);
  get("b");
  EXPECT_EQ(loads, 4);
  EXPECT_EQ(kept->zone().name(), "UTC") << "an entry lives as long as someone holds it";
}

}  // namespace
}  // namespace booking
