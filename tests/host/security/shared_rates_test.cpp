#include "security/shared_rates.hpp"

#include <array>
#include <chrono>
#include <fmt/format.h>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "host/cache/redis_server.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;
using test::RedisServer;

constexpr std::int64_t kSecond = 1'000'000;
using Clock = std::chrono::steady_clock;
/// For a machine that does other things, too.
constexpr std::chrono::milliseconds kDeadline = 5s;

bool awaitUp(const cache::RedisLink& link) {
  const auto end = Clock::now() + 20s;
  while (!link.isUp() && Clock::now() < end)
    std::this_thread::sleep_for(5ms);  // allowed: between two looks at another thread
  return link.isUp();
}

cache::RedisLinkOptions optionsFor(const RedisServer& server) {
  cache::RedisLinkOptions options;
  options.address.host = "127.0.0.1";
  options.address.port = server.port();
  options.heartbeat_deadline = kDeadline;
  options.patience = 2 * kDeadline;
  return options;
}

/// The verdict, waited for.
std::optional<RateQuota> ask(SharedRates& rates, const std::vector<RateDemand>& demands,
                             std::int64_t now_us = 0) {
  std::promise<std::optional<RateQuota>> promise;
  auto verdict = promise.get_future();
  const bool asked = rates.take(
      demands,
      [&](const RateQuota* quota) {
        promise.set_value(quota == nullptr ? std::nullopt : std::optional{*quota});
      },
      now_us);
  return asked ? verdict.get() : std::nullopt;
}

class SharedLimits : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::isInstalled()) GTEST_SKIP() << "redis-server is not installed";
    server.emplace();
    link.emplace(optionsFor(*server));
    ASSERT_TRUE(awaitUp(*link)) << link->reason();
  }

  std::optional<RedisServer> server;
  std::optional<cache::RedisLink> link;
};

std::string textOf(const RateQuota& quota) {
  std::string text = quota.allowed ? "allowed" : "limited";
  for (const QuotaWindow& window : quota.windows) {
    text += fmt::format(" {}/{} {} {}", window.remaining, window.limit, window.reset_us,
                        window.retry_us);
  }
  return text;
}

TEST_F(SharedLimits, S39_TheScriptIsTheTableToTheMicrosecond) {
  SharedRates rates{*link, "test", kDeadline};
  RateTable table{1024};
  std::mt19937 random{11};
  std::int64_t now_us = 1'800'000'000 * kSecond;
  int late = 0;
  for (int i = 0; i < 400; ++i) {
    const std::int64_t steps[] = {0, 1, 10 * kSecond - 1, 10 * kSecond,
                                  static_cast<std::int64_t>(random() % 40'000'000)};
    now_us += steps[random() % std::size(steps)];
    if (i == 200) now_us -= 5'000 * kSecond;  // somebody sets the clock
    const std::string client = fmt::format("client{}", random() % 3);
    std::vector<RateDemand> demands{{client, minuteWindow({6, 0}), hourWindow({0, 60})}};
    if (random() % 2 == 0) demands.push_back({client + "@p", minuteWindow({4, 0}), {}});
    RateQuota here;
    table.take(demands, now_us, here);
    const auto there = ask(rates, demands, now_us);
    if (!there) {  // the busy machine, not the script; the two have parted
      ++late;
      break;
    }
    ASSERT_EQ(textOf(*there), textOf(here)) << "step " << i;
  }
  EXPECT_EQ(late, 0);
}

TEST_F(SharedLimits, AServerWhoseClockIsSetBackRefusesForOneWindowAndNoLonger) {
  SharedRates rates{*link, "test", kDeadline};
  const std::vector<RateDemand> demands{{"one", minuteWindow({6, 0}), {}}};
  constexpr std::int64_t kBefore = 1'800'000'000 * kSecond;
  constexpr std::int64_t kAfter = kBefore - 5'000 * kSecond;
  ASSERT_TRUE(ask(rates, demands, kBefore));
  const auto refused = ask(rates, demands, kAfter);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->windows[RateQuota::kMinute].retry_us, 10 * kSecond);
  const auto taken = ask(rates, demands, kAfter + 10 * kSecond);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->allowed);
}

TEST_F(SharedLimits, AServerThatForgotTheScriptGetsItAgain) {
  SharedRates rates{*link, "test", kDeadline};
  const std::vector<RateDemand> demands{{"one", minuteWindow({5, 0}), {}}};
  ASSERT_TRUE(ask(rates, demands));
  ASSERT_TRUE(link->ask(cache::redisRequest({"SCRIPT", "FLUSH"}), 5s));
  const auto quota = ask(rates, demands);
  ASSERT_TRUE(quota);
  EXPECT_EQ(quota->windows[RateQuota::kMinute].remaining, 3);
}

TEST_F(SharedLimits, KeysOfAClientAreInOneSlotAndGoByThemselves) {
  SharedRates rates{*link, "test", kDeadline};
  ASSERT_TRUE(ask(rates, {{"k}1", minuteWindow({600, 0}), hourWindow({0, 3600})},
                          {"k}1@p", minuteWindow({600, 0}), {}}}));
  const auto keys = link->ask(cache::redisRequest({"KEYS", "*"}), 5s);
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->items.size(), 3U);
  for (const auto& key : keys->items) {
    EXPECT_TRUE(key.text.starts_with("test:rate:{k_7d1}")) << key.text;
    const auto left = link->ask(cache::redisRequest({"PTTL", key.text}), 5s);
    ASSERT_TRUE(left);
    EXPECT_LE(left->integer, 1000);
  }
}

TEST_F(SharedLimits, WhatIsInTheWayOfItsKeysIsNoVerdict) {
  SharedRates rates{*link, "test", kDeadline};
  ASSERT_TRUE(link->ask(cache::redisRequest({"LPUSH", "test:rate:{one}:m", "x"}), 5s));
  EXPECT_FALSE(ask(rates, {{"one", minuteWindow({5, 0}), {}}}));
  EXPECT_TRUE(link->isUp());
}

TEST_F(SharedLimits, HostsAreCountedByTheirHeartbeatsWhateverTheClockDoes) {
  const auto beat = [&](std::string_view replica) {
    const auto reply = link->ask(replicaHeartbeat("test", replica), kDeadline);
    return reply ? reply->integer : -1;
  };
  EXPECT_EQ(beat("one"), 1);
  EXPECT_EQ(beat("two"), 2);
  EXPECT_EQ(beat("one"), 2);
  ASSERT_TRUE(link->ask(cache::redisRequest({"ZADD", "test:replicas", "1", "dead"}), kDeadline));
  ASSERT_TRUE(link->ask(
      cache::redisRequest({"ZADD", "test:replicas", "9000000000000", "of the future"}), kDeadline));
  EXPECT_EQ(beat("two"), 2);
}

/// How many requests so many processes got through in their time, each with what it made itself.
using Taker = std::function<bool()>;
std::int64_t takenByProcesses(int processes, const std::function<Taker()>& make) {
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe(pipe.data()), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    std::int64_t taken = 0;
    {
      const Taker take = make();
      const auto end = Clock::now() + 2s;
      while (Clock::now() < end) taken += take() ? 1 : 0;
    }
    const bool written = ::write(pipe[1], &taken, sizeof(taken)) == sizeof(taken);
    ::_exit(written ? 0 : 1);
  }
  ::close(pipe[1]);
  std::int64_t all = 0;
  for (std::int64_t taken = 0; ::read(pipe[0], &taken, sizeof(taken)) == sizeof(taken);)
    all += taken;
  ::close(pipe[0]);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  return all;
}

constexpr std::int64_t kLimit = 600;  // ten a second
const std::vector<RateDemand> kDemands{{"one", minuteWindow({kLimit, 0}), hourWindow({0, 90'000})}};

std::int64_t mostSince(Clock::time_point begin) {
  return kLimit +
         std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count() / 100;
}

TEST(SharedLimitsOfProcesses, S39_EightOnOneRedisAreNeverOverTheLimit) {
  if (!RedisServer::isInstalled()) GTEST_SKIP() << "redis-server is not installed";
  const auto server = std::make_unique<RedisServer>();
  const auto begin = Clock::now();
  const std::int64_t taken = takenByProcesses(8, [&]() -> Taker {
    const auto link = std::make_shared<cache::RedisLink>(optionsFor(*server));
    const auto rates = std::make_shared<SharedRates>(*link, "test", kDeadline);
    if (!awaitUp(*link)) return [] { return false; };
    return [link, rates] {
      const auto quota = ask(*rates, kDemands);
      return quota && quota->allowed;
    };
  });
  EXPECT_LE(taken, mostSince(begin));
  EXPECT_GE(taken, kLimit) << "and all of it was to be had";
}

TEST(SharedLimitsOfProcesses, S39_NegativeControl_EightThatCountForThemselvesAreOverIt) {
  const auto begin = Clock::now();
  const std::int64_t taken = takenByProcesses(8, []() -> Taker {
    const auto table = std::make_shared<RateTable>(1024);
    return [table] {
      RateQuota quota;
      const auto now = Clock::now().time_since_epoch();
      return table->take(kDemands,
                         std::chrono::duration_cast<std::chrono::microseconds>(now).count(), quota);
    };
  });
  EXPECT_GT(taken, mostSince(begin));
}

}  // namespace
}  // namespace bulkhead::host
