// Jobs of a plugin whose home answers as a test says.
#include "capabilities/job_dispatcher.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/capabilities/bank.hpp"
#include "host/plugins/idle_home.hpp"

namespace bulkhead::host {
namespace {

using bank::await;
using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kIdle = R"({"due":[],"stalled":[],"fired":0,"next_in_us":-1})";
constexpr const char* kOneDue =
    R"({"due":[{"seq":7,"queue":"sums","tenant":"","trace":""}],"stalled":[],"next_in_us":-1})";

/// A home with one queue; its desk and its handler are a test's.
class ScriptedHome final : public IdleHome {
 public:
  /// The answer to a verb of the desk, or to "run"; with a status that is not 200 it is one.
  using Script = std::function<std::pair<int, std::string>(const std::string& verb)>;

  explicit ScriptedHome(Script script)
      : IdleHome{{std::make_shared<const RegisteredRoute>(jobDesk()),
                  std::make_shared<const RegisteredRoute>(
                      jobQueue(1, "sums", R"({"at_once":1})"))}},
        script_{std::move(script)} {}

  bool submit(const std::shared_ptr<HomeCall>& call) override {
    const bool desk = call->route().kind == EntryKind::JobDesk;
    const std::string verb =
        desk ? Json::parse(call->request().body).at("verb").get<std::string>() : "run";
    {
      const std::lock_guard lock{mutex_};
      ++asked_[verb];
    }
    const auto [status, body] = script_(verb);
    call->respond(HttpResponse::json(status, body));
    return true;
  }
  int asked(const std::string& verb) const {
    const std::lock_guard lock{mutex_};
    const auto found = asked_.find(verb);
    return found == asked_.end() ? 0 : found->second;
  }

 private:
  const Script script_;
  mutable std::mutex mutex_;
  std::map<std::string, int> asked_;
};

class JobDispatcherTest : public ::testing::Test {
 protected:
  ~JobDispatcherTest() override { dispatcher_.end(); }

  std::shared_ptr<ScriptedHome> serve(ScriptedHome::Script script) {
    auto home = std::make_shared<ScriptedHome>(std::move(script));
    compartment_->describe("1.0.0", "", "", {});
    EXPECT_TRUE(compartment_->create(home));
    dispatcher_.admit(compartment_, *home);
    EXPECT_TRUE(compartment_->start());
    dispatcher_.begin();
    return home;
  }
  std::vector<std::string> outcomes() const {
    const std::lock_guard lock{mutex_};
    return outcomes_;
  }

  mutable std::mutex mutex_;
  std::vector<std::string> outcomes_;
  std::shared_ptr<Compartment> compartment_ =
      std::make_shared<Compartment>(Compartment::Options{.id = "clerk"});
  JobDispatcher dispatcher_{
      {std::chrono::hours{24}, std::chrono::hours{24}}, [this](const JobRecord& record) {
        const std::lock_guard lock{mutex_};
        outcomes_.push_back(std::string{record.queue} + ' ' + std::string{record.outcome});
      }};
};

std::pair<int, std::string> quiet(const std::string& verb) {
  if (verb == "tend") return {200, kIdle};
  if (verb == "sweep") return {200, R"({"more":false})"};
  if (verb == "figures") return {200, R"({"figures":[],"paused":[]})"};
  return {200, "{}"};
}

TEST_F(JobDispatcherTest, WhatIsDueIsRunAndItsEndIsCounted) {
  std::atomic<int> left{1};
  const auto home = serve([&](const std::string& verb) -> std::pair<int, std::string> {
    if (verb == "tend" && left > 0) return {200, kOneDue};
    if (verb != "run") return quiet(verb);
    --left;
    return {200, R"({"outcome":"completed"})"};
  });
  ASSERT_TRUE(await([&] { return !outcomes().empty(); }));
  EXPECT_EQ(outcomes(), std::vector<std::string>{"sums completed"});
  EXPECT_EQ(home->asked("run"), 1);
}

// Goal: a disk that is full costs a look a second, and no more. Method: a claim that cannot be
// written is answered 503, and nobody has a run by that name. Control: what failed in its handler
// is looked at again at once.
TEST_F(JobDispatcherTest, AClaimThatCannotBeWrittenIsTriedOnceASecond) {
  const auto home = serve([](const std::string& verb) -> std::pair<int, std::string> {
    if (verb == "tend") return {200, kOneDue};
    if (verb == "run") return {503, R"({"message":"away","code":"DATABASE_UNAVAILABLE"})"};
    if (verb == "overrun") return {200, R"({"outcome":"lost"})"};
    return quiet(verb);
  });
  ASSERT_TRUE(await([&] { return home->asked("overrun") >= 1; }));
  std::this_thread::sleep_for(seconds{2});  // allowed: how often is what is asked
  EXPECT_GE(home->asked("run"), 2) << "it is not given up";
  EXPECT_LE(home->asked("run"), 5);
  EXPECT_TRUE(outcomes().empty()) << "it was never run";
}

TEST_F(JobDispatcherTest, AJobThatFailedInItsHandlerDoesNotHoldUpTheNext) {
  const auto home = serve([](const std::string& verb) -> std::pair<int, std::string> {
    if (verb == "tend") return {200, kOneDue};
    if (verb == "run") return {200, R"({"outcome":"retry"})"};
    return quiet(verb);
  });
  EXPECT_TRUE(await([&] { return home->asked("run") >= 20; }));
}

TEST_F(JobDispatcherTest, AQueueThatWasNotRegisteredNamesNoMetric) {
  const auto home = serve([](const std::string& verb) -> std::pair<int, std::string> {
    if (verb == "tend")
      return {200, R"({"due":[],"stalled":[{"queue":"x1","state":"dead"},)"
                   R"({"queue":"sums","state":"dead"}],"next_in_us":-1})"};
    if (verb == "figures")
      return {200, R"({"figures":[{"queue":"x2","state":"dead","jobs":1,"oldest_us":0},)"
                   R"({"queue":"sums","state":"dead","jobs":1,"oldest_us":0}],"paused":[]})"};
    return quiet(verb);
  });
  const auto figures = [&] {
    const auto all = dispatcher_.figures();
    return all.empty() ? std::vector<JobFigure>{} : all.front().figures;
  };
  ASSERT_TRUE(await([&] { return !outcomes().empty() && !figures().empty(); }));
  EXPECT_EQ(outcomes().front(), "sums stalled");
  ASSERT_EQ(figures().size(), 1U);
  EXPECT_EQ(figures().front().queue, "sums");
}

TEST_F(JobDispatcherTest, AHomeThatTalksNonsenseIsAskedAgainAfterAWhile) {
  const auto home = serve([](const std::string& verb) -> std::pair<int, std::string> {
    return verb == "tend" ? std::pair{200, std::string{"[]"}} : quiet(verb);
  });
  EXPECT_TRUE(await([&] { return home->asked("tend") >= 2; }));
  EXPECT_LE(home->asked("tend"), 4);
}

}  // namespace
}  // namespace bulkhead::host
