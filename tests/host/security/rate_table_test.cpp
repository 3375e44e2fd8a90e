#include "security/rate_table.hpp"

#include <atomic>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace bulkhead::host {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

RateQuota ask(RateTable& table, std::string_view client, const RateLimit& limit,
              std::int64_t now_us) {
  RateQuota quota;
  const RateDemand demand{std::string{client}, minuteWindow(limit), hourWindow(limit)};
  EXPECT_EQ(table.take({&demand, 1}, now_us, quota), quota.allowed);
  EXPECT_TRUE(quota.decided);
  return quota;
}

TEST(RateTable, S39_TwoClientsDoNotShare) {
  RateTable table{1024};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(ask(table, "one", {3, 0}, 0).allowed);
  EXPECT_FALSE(ask(table, "one", {3, 0}, 0).allowed);
  EXPECT_EQ(ask(table, "two", {3, 0}, 0).windows[RateQuota::kMinute].remaining, 2);
}

TEST(RateTable, S40_WhatTheHourRefusesCostsTheMinuteNothing) {
  RateTable table{1024};
  const RateLimit limit{10, 4};
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(ask(table, "one", limit, 0).allowed);
  for (int i = 0; i < 20; ++i) {
    const auto refused = ask(table, "one", limit, 0);
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.windows[RateQuota::kMinute].remaining, 6);
    EXPECT_EQ(refused.windows[RateQuota::kMinute].retry_us, 0);
    EXPECT_EQ(refused.windows[RateQuota::kHour].retry_us, 900 * kSecond);
  }
}

TEST(RateTable, S40_WhatThePluginRefusesCostsTheClientNothing) {
  RateTable table{1024};
  const std::vector<RateDemand> demands{{"one", minuteWindow({10, 0}), {}},
                                        {"one@booking", minuteWindow({2, 0}), {}}};
  RateQuota quota;
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(table.take(demands, 0, quota));
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(table.take(demands, 0, quota));
  EXPECT_EQ(quota.windows[RateQuota::kMinute].remaining, 8);
  EXPECT_GT(quota.windows[RateQuota::kPluginMinute].retry_us, 0);
  EXPECT_EQ(ask(table, "one", {10, 0}, 0).windows[RateQuota::kMinute].remaining, 7);
}

TEST(RateTable, WhatItLearnsInAnotherOrderIsTheSame) {
  RateTable table{1024};
  const RateDemand demand{"one", minuteWindow({10, 0}), {}};
  RateQuota earlier;
  earlier.windows[RateQuota::kMinute] = {10, 1, 54 * kSecond, 0};
  RateQuota later;
  later.windows[RateQuota::kMinute] = {10, 0, 60 * kSecond, 0};
  table.learn({&demand, 1}, 0, later);
  table.learn({&demand, 1}, 0, earlier);
  EXPECT_EQ(ask(table, "one", {10, 0}, 0).windows[RateQuota::kMinute].retry_us, 6 * kSecond);
  EXPECT_TRUE(ask(table, "one", {10, 0}, 6 * kSecond).allowed);
}

TEST(RateTable, ManyThreadsTakeNoMoreThanThereIs) {
  RateTable table{1024};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 2'000; ++turn) {
        RateQuota quota;
        const std::vector<RateDemand> demands{
            {"one", minuteWindow({1'000, 0}), {}},
            {turn % 2 == 0 ? "one@a" : "one@b", minuteWindow({5'000, 0}), {}}};
        if (table.take(demands, 0, quota)) ++taken;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, 1'000);
}

/// More clients than there is room for, one after the other, again and again: how many requests
/// were taken from one of them beyond its limit.
template <class Ask>
int takenBeyondLimit(const Ask& ask) {
  constexpr RateLimit kLimit{3, 0};
  std::map<int, int> taken;
  int beyond = 0;
  std::int64_t now_us = 0;
  for (int round = 0; round < 8; ++round) {
    for (int client = 0; client < 3'000; ++client) {
      const bool allowed = ask(fmt::format("client {}", client), kLimit, ++now_us);
      if (allowed && ++taken[client] > kLimit.per_minute) ++beyond;
    }
  }
  return beyond;
}

TEST(RateTable, S39_TooManyClientsMakeItStricterAndNeverLooser) {
  RateTable table{1024};  // a third of them
  EXPECT_EQ(
      takenBeyondLimit([&](const std::string& client, const RateLimit& limit, std::int64_t now_us) {
        return ask(table, client, limit, now_us).allowed;
      }),
      0);
}

TEST(RateTable, S39_NegativeControl_ATableThatForgetsIsLooser) {
  std::map<std::string, std::int64_t> tats;
  const std::int64_t beyond =
      takenBeyondLimit([&](const std::string& client, const RateLimit& limit, std::int64_t now_us) {
        if (tats.size() >= 1024 && !tats.contains(client)) tats.erase(tats.begin());
        const GcraStep step{minuteWindow(limit), tats[client], now_us};
        if (step.isAllowed()) tats[client] = step.next();
        return step.isAllowed();
      });
  EXPECT_GT(beyond, 0);
}

TEST(RateTable, StrangersAreLetInAgainWhenTheCrowdHasGone) {
  RateTable table{512};
  for (int i = 0; i < 20'000; ++i) ask(table, fmt::format("crowd {}", i), {60, 0}, 0);
  const auto quota = ask(table, "one", {60, 0}, 70 * kSecond);
  EXPECT_TRUE(quota.allowed);
  EXPECT_EQ(quota.windows[RateQuota::kMinute].remaining, 59);
}

}  // namespace
}  // namespace bulkhead::host
