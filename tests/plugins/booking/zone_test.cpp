#include "zone.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include <bulkhead/error.hpp>

namespace booking {
namespace {

Instant at(const char* text) {
  return parseInstant(text).value();
}

Instant wallIn(const char* zone, const char* wall) {
  return Zone::get(zone).toInstant(parseWall(wall).value());
}

struct Conversion {
  const char* zone;
  const char* wall;
  const char* utc;
};

// Goal: RFC 5545 §3.3.5, whatever the age of the zone data. Method: transitions whose rules are the
// same in every release of the last ten years; all four kinds of clock change and odd offsets.
TEST(Zone, B6_WallTimesFollowRfc5545) {
  constexpr Conversion kCases[] = {
      {"America/New_York", "2026-01-06T09:00", "2026-01-06T14:00:00Z"},
      {"America/New_York", "2026-07-06T09:00", "2026-07-06T13:00:00Z"},
      {"America/New_York", "2026-03-08T02:30", "2026-03-08T07:30:00Z"},  // skipped: EST holds on
      {"America/New_York", "2026-11-01T01:30", "2026-11-01T05:30:00Z"},  // repeated: the first
      {"America/New_York", "2026-11-01T02:00", "2026-11-01T07:00:00Z"},
      {"Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30:00Z"},
      {"Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z"},
      {"Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45:00Z"},  // a gap of 30 minutes
      {"Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z"},
      {"Asia/Kathmandu", "2026-01-06T09:00", "2026-01-06T03:15:00Z"},
      {"America/Santiago", "2026-09-06T00:00", "2026-09-06T04:00:00Z"},  // midnight is skipped
      {"UTC", "2026-01-06T09:00", "2026-01-06T09:00:00Z"},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(formatInstant(wallIn(one.zone, one.wall)), one.utc) << one.zone << ' ' << one.wall;
  }
}

TEST(Zone, B6_NegativeControl_TheOtherOccurrenceDiffers) {
  cctz::time_zone zone;
  ASSERT_TRUE(cctz::load_time_zone("America/New_York", &zone));
  const auto repeated = zone.lookup(parseWall("2026-11-01T01:30").value());
  EXPECT_NE(repeated.post, repeated.pre);
  EXPECT_EQ(wallIn("America/New_York", "2026-11-01T01:30"), repeated.pre);
}

TEST(Zone, ShowsLocalTimeWithItsOffset) {
  const auto local = Zone::get("Asia/Kathmandu").toLocal(at("2026-01-06T03:15:00Z"));
  EXPECT_EQ(formatWall(local.wall), "2026-01-06T09:00");
  EXPECT_EQ(local.offset_s, 20700);
}

TEST(Zone, RefusesWhatIsNoZone) {
  for (const char* name :
       {"", "Mars/Olympus", "/etc/localtime", "../zoneinfo/UTC", "America", "localtime",
        "right/UTC", "Fixed/UTC+01:00:00", "tzdata.zi", "America/New York", "file:UTC"}) {
    try {
      Zone::get(name);
      ADD_FAILURE() << name << " was accepted";
    } catch (const bulkhead::Error& error) {
      EXPECT_EQ(error.code(), "INVALID_TIME_ZONE");
      EXPECT_EQ(error.kind(), bulkhead::ErrorKind::Validation);
    }
  }
}

TEST(Zone, B7_TheVersionOfTheDataIsKnown) {
  const char* folder = std::getenv("TZDIR");
  if (folder == nullptr && !std::filesystem::exists("/usr/share/zoneinfo/tzdata.zi")) {
    EXPECT_EQ(tzdataVersion(), "unknown");
    return;
  }
  EXPECT_GE(tzdataVersion().size(), 5U) << tzdataVersion();
}

std::filesystem::path referenceVectors() {
  const char* folder = std::getenv("BULKHEAD_REFERENCE_DIR");
  const std::filesystem::path root = folder != nullptr ? folder : BULKHEAD_SOURCE_DIR "/../shared";
  return root / "data/tz/dst_vectors_2026f.jsonl";
}

// Names whose rules changed after 2025b: their rows cannot all agree with older data. Found by
// comparing 2025b with 2026f (British Columbia stays at UTC-7, Moldova changes clocks an hour
// later, and so on).
bool mayDifferInOlderData(const std::string& zone) {
  static const std::set<std::string> kChanged{
      "America/Vancouver",   "America/Edmonton",    "America/Winnipeg", "America/Inuvik",
      "America/Rainy_River", "America/Yellowknife", "America/Havana",   "Cuba",
      "Africa/Casablanca",   "Africa/El_Aaiun",     "Canada/Pacific",   "Canada/Mountain",
      "Canada/Central",      "Europe/Chisinau",     "Europe/Tiraspol"};
  return kChanged.contains(zone);
}

// Goal: every transition of 43 zones. Method: vectors made with Python's zoneinfo from 2026f. With
// older system data, rows of the names that changed since are counted and left out, no others.
TEST(Zone, B6_B7_AgreesWithTheReferenceVectors) {
  std::ifstream file{referenceVectors()};
  if (!file) GTEST_SKIP() << "no reference vectors at " << referenceVectors();
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  const std::string made_with = nlohmann::json::parse(line).at("tzdata");
  const bool older = tzdataVersion() < made_with;
  int agreed = 0;
  int left_out = 0;
  while (std::getline(file, line)) {
    const auto row = nlohmann::json::parse(line);
    const std::string zone = row[0];
    const auto wall = parseWall(row[1].get<std::string>());
    const auto expected = parseInstant(row[3].get<std::string>());
    ASSERT_TRUE(wall && expected) << line;
    if (Zone::get(zone).toInstant(*wall) == *expected) {
      ++agreed;
    } else if (older && mayDifferInOlderData(zone)) {
      ++left_out;
    } else {
      ADD_FAILURE() << line;
    }
  }
  std::cout << agreed << " rows agree; " << left_out << " left out: the system has tzdata "
            << tzdataVersion() << ", the vectors have " << made_with << '\n';
  EXPECT_GE(agreed, 1100);
  EXPECT_TRUE(older || left_out == 0);
}

}  // namespace
}  // namespace booking
