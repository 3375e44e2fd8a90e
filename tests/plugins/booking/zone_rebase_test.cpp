#include "zone_rebase.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <string>

#include "plugins/booking/tz_tree.hpp"

namespace booking {
namespace {

using testing::OffsetChange;
using testing::TzTree;

constexpr std::int32_t kPacificDaylight = -7 * 3600;
constexpr std::int32_t kPacificStandard = -8 * 3600;

Instant at(const char* text) {
  return parseInstant(text).value();
}

/// British Columbia by the older release, which goes back to UTC-8 on 1 November 2026, and by the
/// newer, which stays at UTC-7.
class TwoReleases : public ::testing::Test {
 protected:
  TwoReleases()
      : folder_{std::filesystem::path{::testing::TempDir()} / "booking_two_releases"},
        older_{folder_ / "older", "2025b"},
        newer_{folder_ / "newer", "2026f"} {
    older_.add("America/Vancouver", kPacificDaylight,
               {{epochSeconds(at("2026-11-01T09:00:00Z")), kPacificStandard}});
    newer_.add("America/Vancouver", kPacificDaylight, {});
  }
  ~TwoReleases() override { std::filesystem::remove_all(folder_); }

  static Zone load(const TzTree& tree) {
    cctz::time_zone zone;
    EXPECT_TRUE(cctz::load_time_zone((tree.folder() / "America/Vancouver").string(), &zone));
    return Zone::of("America/Vancouver", zone);
  }
  /// A visit of half an hour, booked by the wall clock of `zone`.
  static Appointment booked(const Zone& zone, const char* wall) {
    Appointment one;
    one.local_start = wall;
    one.time_zone = zone.name();
    one.tzdata_version = "2025b";
    const Instant start = zone.toInstant(parseWall(wall).value());
    one.visit = {start, start + seconds{1800}};
    one.block = {start - seconds{300}, start + seconds{2400}};
    return one;
  }

  const std::filesystem::path folder_;
  const TzTree older_;
  const TzTree newer_;
};

TEST_F(TwoReleases, B7_DifferInWhatAWinterNoonMeans) {
  const auto noon = parseWall("2026-12-15T12:00").value();
  EXPECT_EQ(formatInstant(load(older_).toInstant(noon)), "2026-12-15T20:00:00Z");
  EXPECT_EQ(formatInstant(load(newer_).toInstant(noon)), "2026-12-15T19:00:00Z");
}

TEST_F(TwoReleases, B7_KeepingTheWallTimeMovesTheVisitAndItsBlock) {
  const Appointment noon = booked(load(older_), "2026-12-15T12:00");
  const auto move = zoneMove(noon, load(newer_), false);
  ASSERT_TRUE(move);
  EXPECT_EQ(formatInstant(move->after.visit.begin), "2026-12-15T19:00:00Z");
  EXPECT_EQ(formatInstant(move->after.visit.end), "2026-12-15T19:30:00Z");
  EXPECT_EQ(formatInstant(move->after.block.begin), "2026-12-15T18:55:00Z");
  EXPECT_EQ(move->after.local_start, "2026-12-15T12:00");
  EXPECT_EQ(move->after.tzdata_version, tzdataVersion());
}

TEST_F(TwoReleases, B7_KeepingTheInstantChangesTheClock) {
  const Appointment noon = booked(load(older_), "2026-12-15T12:00");
  const auto move = zoneMove(noon, load(newer_), true);
  ASSERT_TRUE(move);
  EXPECT_EQ(move->after.visit, noon.visit);
  EXPECT_EQ(move->after.local_start, "2026-12-15T13:00");
}

TEST_F(TwoReleases, B7_NegativeControl_WhatStillMeansTheSameIsLeftAlone) {
  const Zone older = load(older_);
  EXPECT_FALSE(zoneMove(booked(older, "2026-10-15T12:00"), load(newer_), false)) << "in summer";
  EXPECT_FALSE(zoneMove(booked(older, "2026-12-15T12:00"), older, false)) << "the same data";
  Appointment second = booked(older, "2026-11-01T01:30");
  second.visit = {second.visit.begin + seconds{3600}, second.visit.end + seconds{3600}};
  EXPECT_FALSE(zoneMove(second, older, false)) << "the second 01:30 of that night";
}

}  // namespace
}  // namespace booking
