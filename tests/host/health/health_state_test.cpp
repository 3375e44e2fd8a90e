#include "health/health_state.hpp"

#include <gtest/gtest.h>
#include <string>
#include <thread>

#include <bulkhead/error.hpp>

#include "host/health/wait_for.hpp"

namespace bulkhead::host::health {
namespace {

using namespace std::chrono_literals;

TEST(HealthState, C4_StartingReadyDraining) {
  HealthState state;
  EXPECT_EQ(state.phase(), Phase::Starting);
  state.markReady();
  EXPECT_EQ(state.phase(), Phase::Ready);
  state.markDraining();
  EXPECT_EQ(state.phase(), Phase::Draining);
  state.markReady();
  EXPECT_EQ(state.phase(), Phase::Draining) << "there is no way back";
  EXPECT_TRUE(state.hasStarted());
}

TEST(HealthState, ADrainBeforeTheStartEndedIsNoStart) {
  HealthState state;
  state.markDraining();
  EXPECT_FALSE(state.hasStarted());
}

TEST(HealthState, S88_PendingListsWhatTheStartWaitsFor) {
  HealthState state;
  state.addPending("plugin stripe");
  state.addPending("plugin booking");
  EXPECT_EQ(state.pending(), (std::vector<std::string>{"plugin booking", "plugin stripe"}));
  state.removePending("plugin stripe");
  state.removePending("never added");
  EXPECT_EQ(state.pending(), std::vector<std::string>{"plugin booking"});
}

TEST(Watchdog, C5_AThreadThatDoesNotBeatIsNoticedAndABeatRevivesIt) {
  Watchdog watchdog{20ms};
  Heartbeat& loop = watchdog.heartbeat("loop");
  EXPECT_TRUE(watchdog.isAlive());
  EXPECT_TRUE(waitFor([&] { return !watchdog.isAlive(); }));
  loop.beat();
  EXPECT_TRUE(watchdog.isAlive());
}

TEST(Watchdog, ABeatOfOneDoesNotHideTheSilenceOfAnother) {
  Watchdog watchdog{20ms};
  Heartbeat& loop = watchdog.heartbeat("loop");
  watchdog.heartbeat("scheduler");
  EXPECT_TRUE(waitFor([&] {
    loop.beat();
    return !watchdog.isAlive();
  }));
}

TEST(Watchdog, ARetiredThreadIsNotMissed) {
  Watchdog watchdog{-1ms};
  Heartbeat& loop = watchdog.heartbeat("loop");
  EXPECT_FALSE(watchdog.isAlive());
  loop.retire();
  EXPECT_TRUE(watchdog.isAlive());
  EXPECT_TRUE(watchdog.ages().empty());
}

TEST(Watchdog, OneHeartbeatPerNameAndABoundOnNames) {
  Watchdog watchdog;
  EXPECT_EQ(&watchdog.heartbeat("loop"), &watchdog.heartbeat("loop"));
  for (std::size_t i = 1; i < Watchdog::kHeartbeatsMax; ++i)
    watchdog.heartbeat("thread " + std::to_string(i));
  EXPECT_THROW(watchdog.heartbeat("one too many"), Error);
  EXPECT_NO_THROW(watchdog.heartbeat("loop"));
}

}  // namespace
}  // namespace bulkhead::host::health
