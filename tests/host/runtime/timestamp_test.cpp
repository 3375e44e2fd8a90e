#include "runtime/timestamp.hpp"

#include <ctime>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <random>

namespace bulkhead::host {
namespace {

TEST(Timestamp, S11_HasMillisecondsAndZ) {
  const std::chrono::system_clock::time_point time{std::chrono::milliseconds{1704110400007}};
  EXPECT_EQ(timestampText(time), "2024-01-01T12:00:00.007Z");
}

TEST(Timestamp, MicrosecondsAreCutNotRounded) {
  EXPECT_EQ(timestampText(std::int64_t{1704110400007999}), "2024-01-01T12:00:00.007Z");
}

TEST(Timestamp, BeforeTheEpochTheFractionStillCountsUpwards) {
  EXPECT_EQ(timestampText(std::int64_t{-1000}), "1969-12-31T23:59:59.999Z");
}

/// Leap days, ends of years and everything else, as the C library has them.
TEST(Timestamp, S11_IsTheCalendarOfTheCLibrary) {
  constexpr std::int64_t kLast = 9'200'000'000;  // the clock counts nanoseconds

  std::mt19937_64 random{20'261'122};
  for (int i = 0; i < 20'000; ++i) {
    const std::time_t second = std::uniform_int_distribution<std::int64_t>{-kLast, kLast}(random);
    std::tm parts{};
    gmtime_r(&second, &parts);
    EXPECT_EQ(
        timestampText(std::int64_t{second * 1'000'000 + 45'678}),
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.045Z", parts.tm_year + 1900,
                    parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec));
  }
}

}  // namespace
}  // namespace bulkhead::host
