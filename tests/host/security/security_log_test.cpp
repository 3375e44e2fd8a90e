#include "security/security_log.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace bulkhead::host {
namespace {

class EventLog : public testing::Test {
 protected:
  SecurityLogOptions options() {
    return {.lines_per_source = 3,
            .lines_together = 10,
            .window_us = 60,
            .sources_max = 4,
            .now_us = [this] { return now_us; },
            .write =
                [this](const SecurityEvent& event, std::uint64_t held_back) {
                  lines.push_back(held_back == 0 ? fmt::format("{} {}", event.reason, event.address)
                                                 : fmt::format("{} {} +{}", event.reason,
                                                               event.address, held_back));
                }};
  }
  void record(const std::string& reason, const std::string& address, int times = 1) {
    for (int i = 0; i < times; ++i) log.record({.reason = reason, .address = address});
  }

  std::int64_t now_us = 1000;
  std::vector<std::string> lines;
  SecurityLog log{options()};
};

TEST_F(EventLog, S44_EachEventIsOneLine) {
  record("unknown_key", "192.0.2.1");
  record("wrong_secret", "192.0.2.1");
  EXPECT_THAT(lines, testing::ElementsAre("unknown_key 192.0.2.1", "wrong_secret 192.0.2.1"));
  now_us += 60;
  log.tellHeldBack();
  EXPECT_EQ(lines.size(), 2U) << "nothing was held back";
}

TEST_F(EventLog, S44_WhoTriesAllDayLongFillsNothingAndIsCounted) {
  record("unknown_key", "192.0.2.1", 1000);
  EXPECT_EQ(lines.size(), 3U);
  record("unknown_key", "192.0.2.2");
  EXPECT_EQ(lines.back(), "unknown_key 192.0.2.2") << "others are seen beside it";
  now_us += 59;
  log.tellHeldBack();
  EXPECT_EQ(lines.size(), 4U);
  now_us += 1;
  log.tellHeldBack();
  EXPECT_EQ(lines.back(), "unknown_key 192.0.2.1 +997");
  record("unknown_key", "192.0.2.1", 4);
  EXPECT_EQ(lines.size(), 8U) << "a new window";
  EXPECT_EQ(log.counts().at(0).second, 1005U) << "written or not";
}

TEST_F(EventLog, S44_ManySourcesTogetherAreBoundedToo) {
  for (int i = 0; i < 100; ++i) record("unknown_key", fmt::format("192.0.2.{}", i));
  EXPECT_EQ(lines.size(), 4U + 3U) << "four are remembered, the others share";
  now_us += 60;
  lines.clear();
  log.tellHeldBack();
  EXPECT_THAT(lines, testing::ElementsAre("unknown_key  +93"));
  SecurityLogOptions wide = options();
  wide.sources_max = 1000;
  lines.clear();
  SecurityLog many{wide};
  for (int i = 0; i < 100; ++i) {
    const std::string address = fmt::format("192.0.2.{}", i);
    many.record({.reason = "unknown_key", .address = address});
  }
  EXPECT_EQ(lines.size(), 10U);
  now_us += 60;
  many.tellHeldBack();
  EXPECT_EQ(lines.size(), 10U + 3U + 1U) << "and so is what is told of them";
}

TEST_F(EventLog, S44_AnIpv6NetworkIsOneSource) {
  for (int i = 0; i < 50; ++i) record("unknown_key", fmt::format("2001:db8::{:x}", i));
  EXPECT_EQ(lines.size(), 3U);
  record("unknown_key", "2001:db8:0:1::1");
  EXPECT_EQ(lines.size(), 4U) << "the control: another /64";
}

}  // namespace
}  // namespace bulkhead::host
