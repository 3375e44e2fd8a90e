#include <atomic>
#include <condition_variable>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

#include "plugins/compartment.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

std::shared_ptr<const RegisteredRoute> routeTo(const std::string& path) {
  constexpr const char* kContract =
      R"({"summary":"Answers.","access":"public","response":{"type":"object"}})";
  return std::make_shared<const RegisteredRoute>(
      RegisteredRoute{0, "/api/p/v1" + path, RouteContract{"GET", path, kContract}});
}

class Call final : public HomeCall {
 public:
  explicit Call(std::shared_ptr<const RegisteredRoute> route)
      : HomeCall{std::move(route), std::chrono::steady_clock::now() + std::chrono::minutes{1}} {}

  void watch(std::unique_ptr<AnswerWatcher> watcher) override { watcher_ = std::move(watcher); }
  HttpRequest& request() noexcept override { return request_; }
  bool isAnswered() const noexcept override { return !answer_.empty(); }
  bool respond(HttpResponse response) override {
    answer_ = response.body;
    return true;
  }
  bool refuse(const Error& error) override {
    answer_ = error.code();
    return true;
  }
  std::shared_ptr<ByteStream> openStream() override { return nullptr; }
  std::size_t heldBytes() const noexcept override { return 0; }
  bool hold(std::size_t) override { return true; }

  const std::string& answer() const { return answer_; }

 private:
  HttpRequest request_;
  std::unique_ptr<AnswerWatcher> watcher_;
  std::string answer_;
};

/// Answers with its name, or holds its calls until it is told to let go.
class FakeHome final : public Home {
 public:
  FakeHome(std::string name, std::vector<std::shared_ptr<const RegisteredRoute>> routes)
      : name_{std::move(name)}, routes_{std::move(routes)} {}

  void create() override {}
  void start() override {
    if (start_hook) start_hook();
  }
  bool drain(Time until) override {
    std::unique_lock lock{mutex_};
    closed_ = true;
    return changed_.wait_until(lock, until, [&] { return held_.empty(); });
  }
  void stop() noexcept override { stopped = true; }
  bool abandon() noexcept override {
    abandoned = true;
    return true;
  }
  bool submit(const std::shared_ptr<HomeCall>& call) override {
    if (submit_hook) std::exchange(submit_hook, nullptr)();
    const std::lock_guard lock{mutex_};
    if (closed_ || !alive) return false;
    routes_called.push_back(&call->route());
    if (holds) {
      held_.push_back(call);
    } else {
      HttpResponse response;
      response.body = name_;
      call->respond(std::move(response));
    }
    return true;
  }
  void letGo() {
    const std::lock_guard lock{mutex_};
    held_.clear();
    changed_.notify_all();
  }
  std::string checkHealth(const RegisteredContributor&, Time) override { return "{}"; }
  void setLimits(const HomeLimits&) override {}
  HomeLoad load() const override {
    const std::lock_guard lock{mutex_};
    HomeLoad load;
    load.lane.running = held_.size();
    load.threads = 8;
    return load;
  }
  bool isAlive() const noexcept override { return alive; }
  const std::vector<std::shared_ptr<const RegisteredRoute>>& routes() const override {
    return routes_;
  }
  const std::vector<RegisteredContributor>& contributors() const override { return contributors_; }
  bool hasStore() const override { return false; }
  bool pingStore(Time) override { return false; }
  void shareLease(bool, Time) override {}
  std::vector<TableRows> countRows(Time) override { return {}; }

  std::function<void()> start_hook;
  std::function<void()> submit_hook;
  std::atomic<bool> holds{false};
  std::atomic<bool> alive{true};
  std::atomic<bool> stopped{false};
  std::atomic<bool> abandoned{false};
  std::vector<const RegisteredRoute*> routes_called;

 private:
  const std::string name_;
  const std::vector<std::shared_ptr<const RegisteredRoute>> routes_;
  const std::vector<RegisteredContributor> contributors_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<HomeCall>> held_;
  bool closed_ = false;
};

class SuccessionTest : public testing::Test {
 protected:
  SuccessionTest() {
    EXPECT_TRUE(compartment_.create(old_));
    EXPECT_TRUE(compartment_.start());
    compartment_.describe("1.0.0", "", "p.so");
  }

  SuccessionReport succeed(const std::shared_ptr<Home>& home,
                           std::function<void(Home&)> publish = nullptr) {
    SuccessionOrder order;
    order.home = home;
    order.version = "2.0.0";
    order.publish = std::move(publish);
    order.patience = patience_;
    return compartment_.succeed(order);
  }

  std::string ask(const std::shared_ptr<const RegisteredRoute>& route) {
    const auto call = std::make_shared<Call>(route);
    return compartment_.submit(call) ? call->answer() : "not taken";
  }

  const std::shared_ptr<const RegisteredRoute> same_{routeTo("/same")};
  const std::shared_ptr<const RegisteredRoute> gone_{routeTo("/gone")};
  const std::shared_ptr<const RegisteredRoute> same_again_{routeTo("/same")};
  const std::shared_ptr<const RegisteredRoute> fresh_{routeTo("/fresh")};
  const std::shared_ptr<FakeHome> old_{
      std::make_shared<FakeHome>("old", std::vector{same_, gone_})};
  const std::shared_ptr<FakeHome> new_{
      std::make_shared<FakeHome>("new", std::vector{same_again_, fresh_})};
  milliseconds patience_{5000};
  Compartment compartment_{Compartment::Options{
      .id = "p", .start_timeout = milliseconds{300}, .deadline = std::chrono::seconds{30}}};
};

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
