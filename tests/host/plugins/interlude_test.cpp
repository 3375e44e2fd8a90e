#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/plugins/succession_fixture.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A succession between whose generations nothing runs; it writes down what was done, in order.
class InterludeTest : public SuccessionTest {
 protected:
  SuccessionReport succeedAfterPause() {
    Interlude interlude;
    interlude.keep = [this] { act("keep"); };
    interlude.next = [this] {
      act("next");
      return new_;
    };
    interlude.put_back = [this] { act(new_->fenced ? "put_back behind the fence" : "put_back"); };
    interlude.previous = [this] {
      act("previous");
      return again_;
    };
    interlude.resumed = [this] { act("resumed"); };
    SuccessionOrder order;
    order.version = "2.0.0";
    order.patience = patience_;
    order.swapped = [this] { act("swapped"); };
    order.interlude = std::move(interlude);
    return compartment_.succeed(order);
  }
  void act(const std::string& what) {
    acts_.push_back(what);
    if (what == "keep") old_ended_before_the_copy_ = old_->stopped;
    if (what == hook_at_ && hook_) hook_();
  }
  void at(std::string what, std::function<void()> hook) {
    hook_at_ = std::move(what);
    hook_ = std::move(hook);
  }
  /// Asked for while nothing runs.
  std::shared_ptr<Call> askAt(std::string what) {
    auto call = std::make_shared<Call>(same_);
    at(std::move(what), [this, call] { EXPECT_TRUE(compartment_.submit(call)); });
    return call;
  }

  const std::shared_ptr<FakeHome> again_{
      std::make_shared<FakeHome>("again", std::vector{routeTo("/same"), routeTo("/gone")})};
  std::vector<std::string> acts_;
  bool old_ended_before_the_copy_ = false;

 private:
  std::string hook_at_;
  std::function<void()> hook_;
};

TEST_F(InterludeTest, TheOldOneEndsTheStoreIsKeptTheNextOneRunsAndWhoAskedHasWaited) {
  const auto call = askAt("keep");
  const auto report = succeedAfterPause();
  EXPECT_TRUE(report.succeeded) << report.problem;
  EXPECT_THAT(acts_, ElementsAre("keep", "next", "swapped"));
  EXPECT_TRUE(old_ended_before_the_copy_);
  EXPECT_EQ(report.version_before, "1.0.0");
  EXPECT_EQ(report.generation_before, 1U);
  EXPECT_EQ(report.generation, 2U);
  EXPECT_EQ(call->answer(), "new");
  EXPECT_EQ(compartment_.status().version, "2.0.0");
}

TEST_F(InterludeTest, WithoutACopyTheOldOneComesBackAndNothingIsPutBack) {
  at("keep", [] { throw std::runtime_error{"the disk is full"}; });
  const auto report = succeedAfterPause();
  EXPECT_FALSE(report.succeeded);
  EXPECT_THAT(report.problem, HasSubstr("could not be copied: the disk is full"));
  EXPECT_THAT(acts_, ElementsAre("keep", "previous", "resumed"));
  EXPECT_EQ(ask(same_), "again");
  EXPECT_EQ(report.generation, 2U);
  EXPECT_EQ(compartment_.status().version, "1.0.0");
  EXPECT_EQ(compartment_.status().restarts, 0U) << "it did not end by itself";
}

TEST_F(InterludeTest, WhenTheNextOneFailsTheStoreIsPutBackBeforeTheOldOneRuns) {
  const auto call = askAt("next");
  new_->start_hook = [] { throw std::runtime_error{"no"}; };
  const auto report = succeedAfterPause();
  EXPECT_THAT(report.problem, HasSubstr("start() threw: no"));
  EXPECT_THAT(acts_, ElementsAre("keep", "next", "put_back", "previous", "resumed"));
  EXPECT_TRUE(new_->stopped) << "it is gone before";
  EXPECT_EQ(call->answer(), "again");
  EXPECT_FALSE(report.lost);
}

TEST_F(InterludeTest, OneThatHangsLosesItsStoreBeforeThatIsPutBack) {
  std::promise<void> release;
  new_->start_hook = [done = release.get_future().share()] { done.wait(); };
  EXPECT_THAT(succeedAfterPause().problem, HasSubstr("did not return"));
  EXPECT_THAT(acts_,
              ElementsAre("keep", "next", "put_back behind the fence", "previous", "resumed"));
  EXPECT_EQ(ask(same_), "again");
  release.set_value();
}

TEST_F(InterludeTest, AStoreThatCannotBePutBackClosesThePluginAndTellsWhoWaited) {
  new_->start_hook = [] { throw std::runtime_error{"no"}; };
  const auto call = askAt("put_back");
  at("put_back", [this, call] {
    EXPECT_TRUE(compartment_.submit(call));
    throw std::runtime_error{"the disk is gone"};
  });
  const auto report = succeedAfterPause();
  EXPECT_TRUE(report.lost);
  EXPECT_THAT(report.problem, HasSubstr("the disk is gone"));
  EXPECT_THAT(acts_, ElementsAre("keep", "next", "put_back"));
  EXPECT_EQ(compartment_.status().state, PluginState::Failed);
  EXPECT_EQ(call->answer(), "PLUGIN_UNAVAILABLE");
  EXPECT_EQ(ask(same_), "not taken");
}

TEST_F(InterludeTest, AnOldOneThatDoesNotComeBackClosesThePlugin) {
  new_->start_hook = again_->start_hook = [] { throw std::runtime_error{"no"}; };
  const auto report = succeedAfterPause();
  EXPECT_TRUE(report.lost);
  EXPECT_THAT(report.problem, HasSubstr("could not come back: start() threw: no"));
  EXPECT_EQ(compartment_.status().state, PluginState::Failed);
}

// Goal: a pause that is refused leaves all as it was, who looks after the plugin's process
// included. Method: a call stays inside; afterwards the home dies, and is replaced as it would have
// been before.
TEST_F(InterludeTest, ACallThatDoesNotEndIsNotCutOffAndTheLineGoesOn) {
  patience_ = milliseconds{60};
  old_->holds = true;
  const auto call = std::make_shared<Call>(same_);
  ASSERT_TRUE(compartment_.submit(call));
  const std::uint64_t line = compartment_.line();
  const auto report = succeedAfterPause();
  EXPECT_THAT(report.problem, HasSubstr("did not end within 60 ms"));
  EXPECT_THAT(acts_, IsEmpty());
  EXPECT_FALSE(old_->stopped);
  EXPECT_EQ(compartment_.status().state, PluginState::Running);
  EXPECT_EQ(compartment_.line(), line);
  old_->alive = false;
  EXPECT_TRUE(compartment_.lost(old_.get(), PluginState::Crashed, "died", true, {}));
  std::string problem;
  EXPECT_TRUE(compartment_.replace(again_, line, problem)) << problem;
  EXPECT_EQ(ask(same_), "again");
}

TEST_F(InterludeTest, AHostThatStopsDoesNotWaitForThePatience) {
  patience_ = std::chrono::minutes{5};
  old_->holds = true;
  ASSERT_TRUE(compartment_.submit(std::make_shared<Call>(same_)));
  auto done = std::async(std::launch::async, [&] { return succeedAfterPause(); });
  while (compartment_.status().state != PluginState::Draining) std::this_thread::yield();
  compartment_.hurry();
  EXPECT_FALSE(done.get().succeeded);
  EXPECT_THAT(acts_, IsEmpty());
}

TEST_F(InterludeTest, ClosedMeanwhileItStaysClosed) {
  at("next", [this] { compartment_.close(milliseconds{100}); });
  const auto report = succeedAfterPause();
  EXPECT_FALSE(report.succeeded);
  EXPECT_THAT(report.problem, HasSubstr("closed meanwhile"));
  EXPECT_EQ(compartment_.home(), nullptr);
  EXPECT_TRUE(new_->stopped);
  EXPECT_EQ(ask(same_), "not taken");
}

TEST_F(InterludeTest, WhatDoesNotRunIsNotPaused) {
  compartment_.lost(old_.get(), PluginState::Quarantined, "died too often", false, {});
  const auto report = succeedAfterPause();
  EXPECT_THAT(report.problem, HasSubstr("did not run"));
  EXPECT_THAT(acts_, IsEmpty());
  EXPECT_EQ(compartment_.status().state, PluginState::Quarantined) << "and stays what it is";
}

}  // namespace
}  // namespace bulkhead::host
