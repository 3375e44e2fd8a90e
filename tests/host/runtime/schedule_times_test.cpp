#include "runtime/schedule_times.hpp"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace bulkhead::host {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

/// RFC 3339.
std::int64_t at(const std::string& text) {
  cctz::time_point<cctz::seconds> time;
  if (!cctz::parse("%Y-%m-%dT%H:%M:%S%Ez", text, cctz::utc_time_zone(), &time))
    throw std::invalid_argument{text};
  return time.time_since_epoch().count() * kSecond;
}

std::string text(std::int64_t us) {
  const cctz::time_point<cctz::seconds> time{cctz::seconds{us / kSecond}};
  return cctz::format("%Y-%m-%dT%H:%M:%S%Ez", time, cctz::utc_time_zone());
}

std::vector<std::string> some(const ScheduleTimes& times, const std::string& from, int count) {
  std::vector<std::string> found;
  for (std::int64_t now = at(from); count > 0 && now != 0; --count) {
    now = times.next(now);
    found.push_back(text(now));
  }
  return found;
}

using Texts = std::vector<std::string>;

TEST(ScheduleTimes, ALineOfCronIsReadAsCronReadsIt) {
  const auto utc = [](const char* line) { return ScheduleTimes::cron(line, "UTC"); };
  EXPECT_EQ(some(utc("*/20 8-9 * * *"), "2026-01-05T08:30:00+00:00", 4),
            (Texts{"2026-01-05T08:40:00+00:00", "2026-01-05T09:00:00+00:00",
                   "2026-01-05T09:20:00+00:00", "2026-01-05T09:40:00+00:00"}));
  EXPECT_EQ(some(utc("0 0 29 feb *"), "2026-01-05T00:00:00+00:00", 1),
            (Texts{"2028-02-29T00:00:00+00:00"}));
  EXPECT_EQ(some(utc("0 12 1,15 * MON"), "2026-01-01T12:00:00+00:00", 3),
            (Texts{"2026-01-05T12:00:00+00:00", "2026-01-12T12:00:00+00:00",
                   "2026-01-15T12:00:00+00:00"}))
      << "either kind of day will do";
  EXPECT_EQ(some(utc("0 0 * * 7"), "2026-01-05T00:00:00+00:00", 1),
            (Texts{"2026-01-11T00:00:00+00:00"}))
      << "Sunday is 0 and 7";
  EXPECT_EQ(utc("0 0 30 2 *").next(at("2026-01-05T00:00:00+00:00")), 0) << "there is none";
}

TEST(ScheduleTimes, WhatIsNoneIsRefusedWithAReason) {
  for (const char* line : {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
                           "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *",
                           "1, * * * *", "-1 * * * *", "* * * foo *"})
    EXPECT_THROW(ScheduleTimes::cron(line, "UTC"), std::invalid_argument) << line;
  EXPECT_THROW(ScheduleTimes::cron("* * * * *", "Europe/Nowhere"), std::invalid_argument);
  EXPECT_THROW(ScheduleTimes::every(0), std::invalid_argument);
}

// Berlin's clocks go from 2:00 to 3:00 on 2026-03-29.
TEST(ScheduleTimes, ALocalTimeThatIsLeftOutIsTheNextThereIs) {
  EXPECT_EQ(
      some(ScheduleTimes::cron("30 2 * * *", "Europe/Berlin"), "2026-03-28T00:00:00+00:00", 3),
      (Texts{"2026-03-28T01:30:00+00:00", "2026-03-29T01:00:00+00:00",
             "2026-03-30T00:30:00+00:00"}));
  EXPECT_EQ(
      some(ScheduleTimes::cron("*/15 * * * *", "Europe/Berlin"), "2026-03-29T00:40:00+00:00", 3),
      (Texts{"2026-03-29T00:45:00+00:00", "2026-03-29T01:00:00+00:00",
             "2026-03-29T01:15:00+00:00"}))
      << "the four of the hour that is not there are one";
}

// And from 3:00 to 2:00 on 2026-10-25.
TEST(ScheduleTimes, ALocalTimeThatComesTwiceIsOne) {
  EXPECT_EQ(
      some(ScheduleTimes::cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00:00+00:00", 2),
      (Texts{"2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"}));
  EXPECT_EQ(
      some(ScheduleTimes::cron("0,30 * * * *", "Europe/Berlin"), "2026-10-25T00:10:00+00:00", 2),
      (Texts{"2026-10-25T00:30:00+00:00", "2026-10-25T02:00:00+00:00"}));
  EXPECT_EQ(some(ScheduleTimes::every(1800), "2026-10-25T00:10:00+00:00", 3),
            (Texts{"2026-10-25T00:30:00+00:00", "2026-10-25T01:00:00+00:00",
                   "2026-10-25T01:30:00+00:00"}))
      << "an interval knows no clocks";
}

TEST(ScheduleTimes, TheLatestAreFoundHoweverLongAgo) {
  const auto daily = ScheduleTimes::cron("0 3 * * *", "UTC");
  const std::int64_t now = at("2026-06-01T12:00:00+00:00");
  EXPECT_EQ(daily.latest(at("2026-05-01T00:00:00+00:00"), now, 2),
            (std::vector{at("2026-05-31T03:00:00+00:00"), at("2026-06-01T03:00:00+00:00")}));
  EXPECT_EQ(daily.latest(at("2026-06-01T03:00:00+00:00"), now, 2).size(), 0U) << "after, not at";
  const auto yearly = ScheduleTimes::cron("0 0 1 1 *", "UTC");
  EXPECT_EQ(yearly.latest(at("2020-06-01T00:00:00+00:00"), now, 3),
            (std::vector{at("2024-01-01T00:00:00+00:00"), at("2025-01-01T00:00:00+00:00"),
                         at("2026-01-01T00:00:00+00:00")}));
}

}  // namespace
}  // namespace bulkhead::host
