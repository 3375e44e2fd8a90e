#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "host/plugins/succession_fixture.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST_F(SuccessionTest, TheNewGenerationAnswersAndTheOldOneIsStopped) {
  const auto report = succeed(new_);
  EXPECT_TRUE(report.succeeded) << report.problem;
  EXPECT_EQ(report.version_before, "1.0.0");
  EXPECT_EQ(report.generation_before, 1U);
  EXPECT_EQ(report.generation, 2U);
  EXPECT_EQ(ask(fresh_), "new");
  EXPECT_TRUE(old_->stopped);
  EXPECT_EQ(compartment_.status().version, "2.0.0");
}

TEST_F(SuccessionTest, ACallThatWasRoutedBeforeTheSwapGoesToTheSameRouteOfTheNewOne) {
  ASSERT_TRUE(succeed(new_).succeeded);
  EXPECT_EQ(ask(same_), "new");
  ASSERT_EQ(new_->routes_called.size(), 1U);
  EXPECT_EQ(new_->routes_called[0], same_again_.get()) << "by its own number and contract";
}

TEST_F(SuccessionTest, ACallToARouteThatIsGoneIsToldToAskAgain) {
  ASSERT_TRUE(succeed(new_).succeeded);
  EXPECT_EQ(ask(gone_), "PLUGIN_UNAVAILABLE");
}

TEST_F(SuccessionTest, WhileRoutesArePublishedBothGenerationsAnswer) {
  std::string old_answer;
  std::string new_answer;
  ASSERT_TRUE(succeed(new_, [&](Home&) {
                old_answer = ask(gone_);
                new_answer = ask(fresh_);
              }).succeeded);
  EXPECT_EQ(old_answer, "old");
  EXPECT_EQ(new_answer, "new");
}

TEST_F(SuccessionTest, RightAfterTheSwapTheOldOneStillTakesWhatOnlyItHas) {
  std::string answer;
  SuccessionOrder order;
  order.home = new_;
  order.swapped = [&] { answer = ask(gone_); };
  ASSERT_TRUE(compartment_.succeed(order).succeeded);
  EXPECT_EQ(answer, "old");
}

// Goal: a thread that has chosen the old generation and is overtaken by the whole succession loses
// nothing. Method: the succession happens inside the old home's submit().
TEST_F(SuccessionTest, ACallThatIsOvertakenByTheSwapGoesToTheNewOne) {
  old_->submit_hook = [&] { ASSERT_TRUE(succeed(new_).succeeded); };
  EXPECT_EQ(ask(same_), "new");
}

TEST_F(SuccessionTest, ARefusedPublicationLeavesTheOldOneAsItWas) {
  const auto report = succeed(
      new_, [](Home&) { throw Error::configuration("ROUTE_CONFLICT", "GET /x is taken."); });
  EXPECT_FALSE(report.succeeded);
  EXPECT_THAT(report.problem, HasSubstr("GET /x is taken"));
  EXPECT_EQ(report.generation, 1U);
  EXPECT_EQ(ask(gone_), "old");
  EXPECT_FALSE(old_->stopped);
  EXPECT_EQ(compartment_.status().state, PluginState::Running);
  EXPECT_EQ(compartment_.status().version, "1.0.0");
}

TEST_F(SuccessionTest, AStartThatThrowsOrHangsLeavesTheOldOneAsItWas) {
  new_->start_hook = [] { throw std::runtime_error{"no"}; };
  EXPECT_THAT(succeed(new_).problem, HasSubstr("start() threw: no"));
  std::promise<void> release;
  const auto hanging = std::make_shared<FakeHome>("hanging", std::vector{same_});
  hanging->start_hook = [done = release.get_future().share()] { done.wait(); };
  EXPECT_THAT(succeed(hanging).problem, HasSubstr("did not return within 300 ms"));
  EXPECT_EQ(ask(same_), "old");
  release.set_value();
}

TEST_F(SuccessionTest, AnIllCandidateLeavesTheOldOneAsItWas) {
  SuccessionOrder order;
  order.home = new_;
  order.judge = [](Home&) { throw Error::businessLogic("PLUGIN_UNWELL", "it is critical"); };
  const auto report = compartment_.succeed(order);
  EXPECT_FALSE(report.succeeded);
  EXPECT_THAT(report.problem, HasSubstr("it is critical"));
  EXPECT_EQ(ask(same_), "old");
}

TEST_F(SuccessionTest, WhatRunsIsWaitedForAndCounted) {
  old_->holds = true;
  ask(same_);
  ask(same_);
  auto done = std::async(std::launch::async, [&] { return succeed(new_); });
  while (ask(fresh_) != "new") std::this_thread::yield();
  while (!old_->isDraining()) std::this_thread::yield();  // it answers before it is in its place
  EXPECT_FALSE(old_->stopped) << "somebody is inside";
  old_->letGo();
  const auto report = done.get();
  EXPECT_EQ(report.drained, 2U);
  EXPECT_EQ(report.aborted, 0U);
  EXPECT_TRUE(old_->stopped);
}

TEST_F(SuccessionTest, WhatDoesNotEndIsAbortedAfterThePatience) {
  patience_ = milliseconds{100};
  old_->holds = true;
  ask(same_);
  const auto report = succeed(new_);
  EXPECT_TRUE(report.succeeded);
  EXPECT_EQ(report.drained, 0U);
  EXPECT_EQ(report.aborted, 1U);
  EXPECT_TRUE(report.left_behind);
  EXPECT_TRUE(old_->abandoned);
  EXPECT_FALSE(old_->stopped);
  EXPECT_EQ(ask(fresh_), "new");
}

// Goal: what nobody has begun does not wait for its 504 behind threads that hang.
TEST_F(SuccessionTest, WhatWaitsBehindWhatDoesNotEndGoesToTheNextOne) {
  patience_ = milliseconds{100};
  old_->holds = true;
  old_->threads = 1;
  const auto hung = std::make_shared<Call>(same_);
  const auto waiting = std::make_shared<Call>(same_);
  ASSERT_TRUE(compartment_.submit(hung));
  ASSERT_TRUE(compartment_.submit(waiting));
  const auto report = succeed(new_);
  EXPECT_EQ(waiting->answer(), "new");
  EXPECT_FALSE(hung->isAnswered()) << "it was begun";
  EXPECT_EQ(report.aborted, 1U);
  EXPECT_EQ(report.passed_on, 1U);
  EXPECT_EQ(report.drained, 0U);
}

TEST_F(SuccessionTest, WithNobodyAfterItWhatWaitsIsToldSo) {
  old_->holds = true;
  old_->threads = 0;
  const auto waiting = std::make_shared<Call>(same_);
  ASSERT_TRUE(compartment_.submit(waiting));
  compartment_.leave(PluginState::Disabled, "off", milliseconds{100});
  EXPECT_EQ(waiting->answer(), "PLUGIN_UNAVAILABLE");
}

TEST_F(SuccessionTest, AHostThatStopsDoesNotWaitForThePatience) {
  patience_ = std::chrono::minutes{5};
  old_->holds = true;
  ask(same_);
  auto done = std::async(std::launch::async, [&] { return succeed(new_); });
  while (ask(fresh_) != "new") std::this_thread::yield();
  compartment_.hurry();
  EXPECT_EQ(done.get().aborted, 1U);
}

TEST_F(SuccessionTest, AnOldGenerationThatDiesWhileItDrainsClosesNothing) {
  old_->holds = true;
  const auto call = std::make_shared<Call>(same_);
  ASSERT_TRUE(compartment_.submit(call));
  auto done = std::async(std::launch::async, [&] { return succeed(new_); });
  while (ask(fresh_) != "new") std::this_thread::yield();
  HeldCall held;
  held.call = call;
  compartment_.lost(old_.get(), PluginState::Crashed, "died", true, {held});
  EXPECT_EQ(call->answer(), "new") << "it had not begun: the new one takes it";
  old_->letGo();
  EXPECT_TRUE(done.get().succeeded);
  EXPECT_EQ(compartment_.status().state, PluginState::Running);
}

TEST_F(SuccessionTest, ARestartOfTheOldLineIsNotWantedAnyMore) {
  const std::uint64_t line = compartment_.line();
  ASSERT_TRUE(succeed(new_).succeeded);
  std::string problem;
  EXPECT_FALSE(
      compartment_.replace(std::make_shared<FakeHome>("old", std::vector{same_}), line, problem));
  compartment_.giveUpWaiting(line, PluginState::Failed, "no");
  EXPECT_EQ(ask(fresh_), "new");
}

TEST_F(SuccessionTest, ARestartedGenerationTakesCallsByTheRoutesThatAreKnown) {
  old_->alive = false;
  compartment_.lost(old_.get(), PluginState::Crashed, "died", true, {});
  const auto again =
      std::make_shared<FakeHome>("again", std::vector{routeTo("/same"), routeTo("/gone")});
  std::string problem;
  ASSERT_TRUE(compartment_.replace(again, compartment_.line(), problem)) << problem;
  EXPECT_EQ(ask(same_), "again");
  EXPECT_EQ(again->routes_called.at(0), same_.get()) << "equal routes need no second look";
}

TEST_F(SuccessionTest, AClosedPluginIsStartedByOneAndSaysWhyItWasNot) {
  const auto left = compartment_.leave(PluginState::Disabled, "off", milliseconds{1000});
  EXPECT_TRUE(left.succeeded);
  EXPECT_EQ(compartment_.status().state, PluginState::Disabled);
  EXPECT_EQ(ask(same_), "not taken");
  compartment_.refuseNext(PluginState::Missing, "there is no file");
  EXPECT_EQ(compartment_.status().state, PluginState::Missing);
  const auto report = succeed(new_);
  EXPECT_TRUE(report.succeeded);
  EXPECT_EQ(report.generation_before, 0U);
  EXPECT_EQ(ask(fresh_), "new");
}

TEST_F(SuccessionTest, CallsThatWaitedForARestartAreAnsweredByTheNewOne) {
  compartment_.lost(old_.get(), PluginState::Crashed, "died", true, {});
  const auto call = std::make_shared<Call>(same_);
  ASSERT_TRUE(compartment_.submit(call));
  EXPECT_FALSE(call->isAnswered());
  ASSERT_TRUE(succeed(new_).succeeded);
  EXPECT_EQ(call->answer(), "new");
}

}  // namespace
}  // namespace bulkhead::host
