#include "health/time_text.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host::health {
namespace {

TEST(TimeText, C9_S15_UptimeDropsLeadingZeroDaysButKeepsHoursAndMinutes) {
  const std::pair<int, std::string_view> rows[] = {
      {0, "0h 0m"},       {59, "0h 0m"},       {60, "0h 1m"},      {3600, "1h 0m"},
      {86399, "23h 59m"}, {86400, "1d 0h 0m"}, {90061, "1d 1h 1m"}};
  for (const auto& [seconds, expected] : rows)
    EXPECT_EQ(uptimeText(std::chrono::seconds{seconds}), expected) << seconds;
}

}  // namespace
}  // namespace bulkhead::host::health
