#include "instant.hpp"

#include <gtest/gtest.h>

namespace booking {
namespace {

TEST(Instant, ReadsRfc3339AndWritesUtc) {
  EXPECT_EQ(formatInstant(*parseInstant("2026-01-06T14:00:00Z")), "2026-01-06T14:00:00Z");
  EXPECT_EQ(formatInstant(*parseInstant("2026-01-06T14:00Z")), "2026-01-06T14:00:00Z");
  EXPECT_EQ(formatInstant(*parseInstant("2026-01-06T14:00:00.999-05:00")), "2026-01-06T19:00:00Z");
  EXPECT_EQ(formatInstant(*parseInstant("2026-01-01T00:15:00+05:45")), "2025-12-31T18:30:00Z");
  EXPECT_EQ(parseInstant("1970-01-01T00:00:00Z"), fromEpoch(0));
}

TEST(Instant, RefusesWhatIsNoInstant) {
  for (const char* text :
       {"", "2026-01-06", "2026-01-06T14:00:00", "2026-02-30T00:00:00Z", "2026-01-06T24:00:00Z",
        "2026-01-06T14:00:00Z ", "2026-01-06 14:00:00Z", "2026-01-06T14:60:00Z",
        "2026-01-06T14:00:00.Z", "2026-01-06T14:00:00+24:00", "1969-12-31T23:59:59Z",
        "26-01-06T14:00:00Z", "2026-13-01T00:00:00Z", "2026-01-06T14:00:00z"}) {
    EXPECT_FALSE(parseInstant(text)) << text;
  }
}

TEST(Instant, WallTimesHaveNoOffset) {
  EXPECT_EQ(formatWall(*parseWall("2026-01-06T09:30")), "2026-01-06T09:30");
  EXPECT_FALSE(parseWall("2026-01-06T09:30Z"));
  EXPECT_FALSE(parseWall("2026-01-06"));
}

TEST(Instant, DatesMustExist) {
  EXPECT_EQ(formatDate(*parseDate("2028-02-29")), "2028-02-29");
  EXPECT_FALSE(parseDate("2026-02-29"));
  EXPECT_FALSE(parseDate("2026-2-9"));
}

TEST(Instant, ADayEndsAtTwentyFourHours) {
  EXPECT_EQ(parseMinuteOfDay("00:00"), 0);
  EXPECT_EQ(parseMinuteOfDay("24:00"), 1440);
  EXPECT_FALSE(parseMinuteOfDay("24:01"));
  EXPECT_FALSE(parseMinuteOfDay("09:60"));
  EXPECT_FALSE(parseMinuteOfDay("9:00"));
  EXPECT_EQ(formatMinuteOfDay(570), "09:30");
  EXPECT_EQ(formatMinuteOfDay(1440), "24:00");
}

TEST(Instant, OffsetsHaveASign) {
  EXPECT_EQ(formatOffset(0), "+00:00");
  EXPECT_EQ(formatOffset(-5 * 3600), "-05:00");
  EXPECT_EQ(formatOffset(5 * 3600 + 45 * 60), "+05:45");
}

}  // namespace
}  // namespace booking
