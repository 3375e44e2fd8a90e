#include "runtime/lane.hpp"

#include <atomic>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <latch>
#include <pthread.h>
#include <thread>
#include <vector>

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Lane::Time in(milliseconds delay) {
  return steady_clock::now() + delay;
}

TEST(Lane, RunsWhatItTakes) {
  Lane lane{"test", {2, 100}};
  std::latch done{50};
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(lane.submit([&](bool) { done.count_down(); }, in(milliseconds{5000})));
  done.wait();
  EXPECT_TRUE(lane.drain(milliseconds{1000}));
  EXPECT_FALSE(lane.submit([](bool) {}, in(milliseconds{5000})));
}

TEST(Lane, IsBoundedInThreadsAndQueue) {
  Lane lane{"test", {2, 3}};
  std::promise<void> release;
  const auto released = release.get_future().share();
  std::latch busy{2};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(lane.submit(
        [&, released](bool) {
          busy.count_down();
          released.wait();
        },
        in(milliseconds{60'000})));
  }
  busy.wait();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(lane.submit([](bool) {}, in(milliseconds{60'000})));
  EXPECT_FALSE(lane.submit([](bool) {}, in(milliseconds{60'000})));
  EXPECT_EQ(lane.state().refused, 1U);
  release.set_value();
  EXPECT_TRUE(lane.drain(milliseconds{5000}));
}

TEST(Lane, WhatWaitsCanBeTakenOutAgain) {
  Lane lane{"test", {1, 10}};
  std::promise<void> release;
  ASSERT_TRUE(lane.submit([&](bool) { release.get_future().wait(); }, in(milliseconds{60'000})));
  while (lane.state().running == 0) std::this_thread::yield();
  std::vector<int> done;
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(lane.submit([&, i](bool) { done.push_back(i); }, in(milliseconds{60'000})));
  const auto tasks = lane.takeWaiting();
  EXPECT_EQ(lane.state().queued, 0U);
  for (const auto& task : tasks) task(false);
  EXPECT_EQ(done, (std::vector{0, 1, 2}));
  EXPECT_FALSE(lane.drain(milliseconds{1})) << "negative control: what runs is still there";
  release.set_value();
  EXPECT_TRUE(lane.drain(milliseconds{5000}));
}

// Goal: limits change while the lane works. Method: a task that waits for its thread gets one
// when there may be more; threads above a smaller number end.
TEST(Lane, Ops518_LimitsChangeWhileItWorks) {
  Lane lane{"test", {1, 1}};
  std::promise<void> release;
  const auto released = release.get_future().share();
  const auto hold = [&, released](bool) { released.wait(); };
  ASSERT_TRUE(lane.submit(hold, in(milliseconds{60'000})));
  while (lane.state().running == 0) std::this_thread::yield();
  std::latch second{1};
  ASSERT_TRUE(lane.submit([&](bool) { second.count_down(); }, in(milliseconds{60'000})));
  EXPECT_FALSE(lane.submit(hold, in(milliseconds{60'000}))) << "negative control: it is full";
  lane.setLimits({2, 5});
  second.wait();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(lane.submit(hold, in(milliseconds{60'000})));
  while (lane.state().running < 2) std::this_thread::yield();
  lane.setLimits({1, 5});
  release.set_value();
  std::latch last{1};
  ASSERT_TRUE(lane.submit([&](bool) { last.count_down(); }, in(milliseconds{60'000})));
  last.wait();
  EXPECT_EQ(lane.limits().threads, 1U);
  EXPECT_TRUE(lane.drain(milliseconds{5000}));
}

/// Runs one task and waits until it has ended.
void runOne(Lane& lane) {
  std::latch done{1};
  ASSERT_TRUE(lane.submit([&](bool) { done.count_down(); }, in(milliseconds{60'000})));
  done.wait();
  while (lane.state().running > 0) std::this_thread::yield();
}

// Goal: a thread that hands out work in a row is not interrupted by the first of it. Method: the
// lane's one thread sleeps; meanwhile another lane works a hundred times.
TEST(LaneWakes, NobodyIsWokenBeforeTheFlush) {
  Lane lane{"test", {1, 100}};
  Lane other{"other", {1, 100}};
  runOne(lane);
  std::latch done{3};
  {
    LaneWakes wakes;
    for (int i = 0; i < 3; ++i)
      ASSERT_TRUE(lane.submit([&](bool) { done.count_down(); }, in(milliseconds{60'000})));
    std::thread{[&] {
      for (int i = 0; i < 100; ++i) runOne(other);
    }}.join();
    EXPECT_EQ(lane.state().queued, 3U);
    wakes.flush();
    done.wait();
  }
  runOne(lane);  // negative control: without a collector nobody has to flush
}

TEST(LaneWakes, ItsEndIsAFlush) {
  Lane lane{"test", {1, 100}};
  runOne(lane);
  std::latch done{1};
  {
    const LaneWakes wakes;
    ASSERT_TRUE(lane.submit([&](bool) { done.count_down(); }, in(milliseconds{60'000})));
  }
  done.wait();
}

TEST(LaneWakes, NotManyTasksWaitForIt) {
  Lane lane{"test", {1, 1000}};
  runOne(lane);
  std::latch done{static_cast<std::ptrdiff_t>(LaneWakes::kTasksMax)};
  const LaneWakes wakes;
  for (std::size_t i = 0; i < LaneWakes::kTasksMax; ++i)
    ASSERT_TRUE(lane.submit([&](bool) { done.count_down(); }, in(milliseconds{60'000})));
  done.wait();
}

// Goal: one wake is enough for many tasks that take long. Method: eight tasks that end when all of
// them run.
TEST(LaneWakes, TasksThatWaitForEachOtherAllRun) {
  Lane lane{"test", {8, 100}};
  for (int round = 0; round < 20; ++round) {
    std::latch all{8};
    std::latch done{8};
    LaneWakes wakes;
    for (int i = 0; i < 8; ++i) {
      const auto task = [&](bool) {
        all.arrive_and_wait();
        done.count_down();
      };
      ASSERT_TRUE(lane.submit(task, in(milliseconds{60'000})));
    }
    wakes.flush();
    done.wait();
    while (lane.state().running > 0) std::this_thread::yield();
  }
}

/// While it lives no thread can be made: each would need more stack than there are addresses.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, std::size_t{1} << 47U);
    pthread_setattr_default_np(&huge);
    pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_{};
};

/// A lane's two threads, which sleep soon.
void warm(Lane& lane) {
  std::latch both{2};
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(lane.submit([&](bool) { both.arrive_and_wait(); }, in(milliseconds{5000})));
  both.wait();
  while (lane.state().running > 0) std::this_thread::yield();
}

/// Submits a task that waits until it is released, and does it on a thread of the test's own.
class WorkOfAGuest {
 public:
  explicit WorkOfAGuest(Lane& lane)
      : guest_{[this, &lane] {
          LaneWakes wakes;
          lane.submit(
              [this](bool) {
                busy_.count_down();
                release_.get_future().wait();
              },
              in(milliseconds{10'000}));
          did_ = wakes.workHere(lane);
        }} {
    busy_.wait();
  }
  ~WorkOfAGuest() {
    release();
    EXPECT_TRUE(did_);
  }
  void release() {
    if (!guest_.joinable()) return;
    release_.set_value();
    guest_.join();
  }

 private:
  std::latch busy_{1};
  std::promise<void> release_;
  bool did_ = false;
  std::thread guest_;
};

TEST(Lane, AGuestWorksAsOneOfItsThreads) {
  Lane lane{"test", {1, 8}};
  std::latch warm{1};
  ASSERT_TRUE(lane.submit([&](bool) { warm.count_down(); }, in(milliseconds{5000})));
  warm.wait();  // and there is a thread that sleeps
  while (lane.state().running > 0) std::this_thread::yield();
  WorkOfAGuest guest{lane};
  EXPECT_EQ(lane.state().running, 1U);
  std::promise<void> next;
  ASSERT_TRUE(lane.submit([&](bool) { next.set_value(); }, in(milliseconds{10'000})));
  auto done = next.get_future();
  EXPECT_EQ(done.wait_for(milliseconds{50}), std::future_status::timeout) << "one at a time";
  EXPECT_EQ(lane.state().queued, 1U);
  guest.release();
  EXPECT_EQ(done.wait_for(milliseconds{5000}), std::future_status::ready);
}

TEST(Lane, WhatComesBesideAGuestIsNotHeldUp) {
  Lane lane{"test", {2, 8}};
  const WorkOfAGuest guest{lane};
  std::latch others{3};
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(lane.submit([&](bool) { others.count_down(); }, in(milliseconds{5000})));
  others.wait();
  EXPECT_FALSE(lane.drain(milliseconds{10})) << "its guest's task is one of its own";
}

TEST(Lane, ItsEndWakesThoseThatSleepBesideGuests) {
  auto lane = std::make_unique<Lane>("test", LaneLimits{2, 8});
  warm(*lane);
  auto first = std::make_unique<WorkOfAGuest>(*lane);
  auto second = std::make_unique<WorkOfAGuest>(*lane);
  std::promise<void> third;
  ASSERT_TRUE(lane->submit([&](bool) { third.set_value(); }, in(milliseconds{10'000})));
  auto gone = std::async(std::launch::async, [&] { lane.reset(); });
  first.reset();
  third.get_future().wait();
  second.reset();
  EXPECT_EQ(gone.wait_for(std::chrono::seconds{5}), std::future_status::ready);
}

TEST(LaneWakes, AGuestDoesNothingForALaneOfOthers) {
  Lane lane{"test", {1, 8}};
  Lane other{"other", {1, 8}};
  std::latch done{2};
  LaneWakes wakes;
  EXPECT_FALSE(wakes.workHere(lane));
  for (Lane* one : {&lane, &other})
    ASSERT_TRUE(one->submit([&](bool) { done.count_down(); }, in(milliseconds{5000})));
  EXPECT_FALSE(wakes.workHere(lane));
  wakes.flush();
  done.wait();
}

/// A guest's task behind which another one waits, beside threads that sleep: what becomes of the
/// other one once the first has done `then`.
std::future_status behindAGuest(const Lane::InAMoment& in_a_moment,
                                const std::function<void(Lane&)>& then) {
  Lane lane{"test", {2, 8}};
  Lane other{"other", {1, 8}};
  warm(lane);
  std::promise<void> second;
  auto done = second.get_future();
  auto status = std::future_status::deferred;
  LaneWakes wakes;
  EXPECT_TRUE(lane.submit(
      [&](bool) {
        std::thread{[&] {
          for (int i = 0; i < 100; ++i) runOne(other);
        }}.join();
        then(lane);
        status = done.wait_for(milliseconds{200});
      },
      in(milliseconds{60'000})));
  EXPECT_TRUE(lane.submit([&](bool) { second.set_value(); }, in(milliseconds{60'000})));
  EXPECT_TRUE(wakes.workHere(lane, in_a_moment));
  return status;
}

// Goal: no thread is woken for what a guest does in a moment itself, and none waits for a guest
// that takes longer.
TEST(LaneWakes, WhomSomebodyLooksAfterAGuestWakesNobodyFor) {
  int asked = 0;
  const auto in_a_moment = [&] { return ++asked > 0; };
  EXPECT_EQ(behindAGuest(in_a_moment, [](Lane&) {}), std::future_status::timeout);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(behindAGuest(in_a_moment, [](Lane& lane) { lane.wakeOne(); }),
            std::future_status::ready);
  EXPECT_EQ(behindAGuest(in_a_moment, [](Lane&) { Lane::beforeWait(); }),
            std::future_status::ready);
  EXPECT_EQ(behindAGuest([] { return false; }, [](Lane&) {}), std::future_status::ready)
      << "the control: nobody looks after them";
}

TEST(Lane, WhatItRefusesForWantOfAThreadNeverRuns) {
  Lane lane{"test", {2, 10}};
  std::atomic<int> ran{0};
  {
    const NoThreads none;
    EXPECT_FALSE(lane.submit([&](bool) { ran += 100; }, in(milliseconds{5000})));
  }
  EXPECT_EQ(lane.state().queued, 0U);
  std::latch done{1};
  ASSERT_TRUE(lane.submit(
      [&](bool) {
        ++ran;
        done.count_down();
      },
      in(milliseconds{5000})));
  done.wait();
  const NoThreads none;
  EXPECT_TRUE(lane.submit([&](bool) { ++ran; }, in(milliseconds{5000}))) << "one thread is enough";
  EXPECT_TRUE(lane.drain(milliseconds{5000}));
  EXPECT_EQ(ran, 2);
}

// Goal: tasks that never return cost their lane, and destroying the lane does not wait for them.
TEST(Lane, HangsAreCountedAndLeftBehind) {
  auto release = std::make_shared<std::promise<void>>();
  const auto released = release->get_future().share();
  const auto gone = std::make_shared<std::latch>(2);
  {
    Lane lane{"test", {2, 10}};
    const auto busy = std::make_shared<std::latch>(2);
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(lane.submit(
          [busy, released, gone](bool) {
            busy->count_down();
            released.wait();
            gone->count_down();
          },
          in(milliseconds{20})));
    }
    busy->wait();
    while (!lane.isHung()) std::this_thread::yield();
    EXPECT_EQ(lane.state().stuck, 2U);
    EXPECT_FALSE(lane.submit([](bool) {}, in(milliseconds{1000})));
    EXPECT_FALSE(lane.drain(milliseconds{10}));
  }
  release->set_value();
  gone->wait();
}

TEST(Lane, WhatWaitedTooLongIsToldSo) {
  Lane lane{"test", {1, 10}};
  std::promise<void> release;
  std::promise<bool> late;
  ASSERT_TRUE(lane.submit([&](bool) { release.get_future().wait(); }, in(milliseconds{60'000})));
  const auto deadline = in(milliseconds{5});
  ASSERT_TRUE(lane.submit([&](bool expired) { late.set_value(expired); }, deadline));
  while (steady_clock::now() <= deadline) std::this_thread::yield();
  release.set_value();
  EXPECT_TRUE(late.get_future().get());
  EXPECT_EQ(lane.state().expired, 1U);
}

TEST(Lane, ItsEndDoesNotWaitForATaskWhoseTimeIsOver) {
  std::promise<void> released;
  const auto stays = released.get_future().share();
  std::atomic<bool> begun{false};
  {
    Lane lane{"test", {1, 1}};
    lane.submit(
        [&begun, stays](bool) {
          begun = true;
          stays.wait();
        },
        in(milliseconds{30}));
    while (!begun) std::this_thread::yield();
  }  // its deadline passes while this waits
  released.set_value();
}

}  // namespace
}  // namespace bulkhead::host
