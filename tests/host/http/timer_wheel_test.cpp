#include "http/timer_wheel.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace bulkhead::host {
namespace {

constexpr std::int64_t kTick = TimerWheel::kTickMicroseconds;

struct Fired {
  TimerWheel& wheel;
  std::vector<TimerNode*> nodes;
  void advance(std::int64_t now_us) {
    nodes.clear();
    wheel.advance(now_us, [this](TimerNode& node) { nodes.push_back(&node); });
  }
};

TEST(TimerWheel, FiresWithinATickAndNotBefore) {
  TimerWheel wheel{0};
  Fired fired{wheel, {}};
  TimerNode node;
  wheel.schedule(node, 10 * kTick);
  fired.advance(9 * kTick);
  EXPECT_TRUE(fired.nodes.empty());
  fired.advance(11 * kTick);
  EXPECT_EQ(fired.nodes, std::vector<TimerNode*>{&node});
  fired.advance(2000 * kTick);
  EXPECT_TRUE(fired.nodes.empty()) << "once";
}

TEST(TimerWheel, AnEarlierTimeMovesTheNodeALaterOneDoesNot) {
  TimerWheel wheel{0};
  Fired fired{wheel, {}};
  TimerNode node;
  wheel.schedule(node, 100 * kTick);
  wheel.schedule(node, 10 * kTick);
  wheel.schedule(node, 200 * kTick);
  fired.advance(11 * kTick);
  EXPECT_EQ(fired.nodes.size(), 1U);
}

TEST(TimerWheel, BeyondTheHorizonItFiresEarlySoThatItIsLookedAtAgain) {
  TimerWheel wheel{0};
  Fired fired{wheel, {}};
  TimerNode node;
  wheel.schedule(node, INT64_MAX / 2);
  fired.advance(600 * kTick);
  EXPECT_EQ(fired.nodes.size(), 1U);
}

TEST(TimerWheel, SaysHowLongToWait) {
  TimerWheel wheel{0};
  EXPECT_EQ(wheel.timeoutMilliseconds(0), -1);
  TimerNode node;
  wheel.schedule(node, 10 * kTick);
  const int wait_ms = wheel.timeoutMilliseconds(0);
  EXPECT_GE(wait_ms, 10 * kTick / 1000);
  EXPECT_LE(wait_ms, 11 * kTick / 1000 + 1);
  EXPECT_EQ(wheel.timeoutMilliseconds(60 * kTick), 0);
}

TEST(TimerWheel, TheNextNodeIsFoundWhereverItIsAndWhoeverLeft) {
  for (const std::int64_t start : {0, 63, 64, 500, 511, 1000}) {
    for (std::int64_t ahead = 1; ahead < 500; ahead += 7) {
      TimerWheel wheel{start * kTick};
      TimerNode node;
      wheel.schedule(node, (start + ahead) * kTick);
      {
        TimerNode gone;
        wheel.schedule(gone, (start + 1) * kTick);
      }
      const auto expected_ms = static_cast<int>((ahead + 1) * kTick / 1000);
      EXPECT_LE(std::abs(wheel.timeoutMilliseconds(start * kTick) - expected_ms), 1)
          << start << " " << ahead;
    }
  }
}

TEST(TimerWheel, ASoonerNodeIsFoundAfterALaterOneWas) {
  TimerWheel wheel{0};
  const auto waits = [&](std::int64_t now) {
    return wheel.timeoutMilliseconds(now * kTick) * 1000 / kTick;
  };
  TimerNode late;
  wheel.schedule(late, 300 * kTick);
  EXPECT_EQ(waits(0), 301);
  auto soon = std::make_unique<TimerNode>();
  wheel.schedule(*soon, 20 * kTick);
  EXPECT_EQ(waits(0), 21);
  soon.reset();
  EXPECT_EQ(waits(0), 301);
  wheel.advance(400 * kTick, [](TimerNode&) {});
  EXPECT_EQ(wheel.timeoutMilliseconds(400 * kTick), -1);
  wheel.schedule(late, 410 * kTick);
  EXPECT_EQ(waits(400), 11);
}

TEST(TimerWheel, ANodeLeavesWhenItIsDestroyedEvenWhileOthersFire) {
  TimerWheel wheel{0};
  auto first = std::make_unique<TimerNode>();
  auto second = std::make_unique<TimerNode>();
  wheel.schedule(*first, 5 * kTick);
  wheel.schedule(*second, 5 * kTick);
  int count = 0;
  wheel.advance(10 * kTick, [&](TimerNode& node) {
    ++count;
    if (&node == first.get()) second.reset();
  });
  EXPECT_EQ(count, 1);
}

TEST(TimerWheel, ALongPauseLosesNothing) {
  TimerWheel wheel{0};
  Fired fired{wheel, {}};
  std::vector<std::unique_ptr<TimerNode>> nodes;
  for (int i = 1; i < 500; ++i) {
    nodes.push_back(std::make_unique<TimerNode>());
    wheel.schedule(*nodes.back(), i * kTick);
  }
  fired.advance(1'000'000 * kTick);
  EXPECT_EQ(fired.nodes.size(), nodes.size());
}

}  // namespace
}  // namespace bulkhead::host
