#include "runtime/timestamp.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace bulkhead::host
