#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/plugins/idle_home.hpp"
#include "plugins/compartment.hpp"
#include "runtime/error_response.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kKeyed = R"(,"idempotency":"required","transaction":"write")";

std::shared_ptr<const RegisteredRoute> route(std::string_view method, std::string_view more = "") {
  const std::string contract =
      R"({"summary":"Does","access":"public","request":{"type":"object"},"response":{"type":"object"})" +
      std::string{more} + "}";
  return std::make_shared<const RegisteredRoute>(
      RegisteredRoute{1, "/api/x/v1/a", RouteContract{method, "/a", contract}});
}

std::shared_ptr<const RegisteredRoute> reading() {
  return std::make_shared<const RegisteredRoute>(RegisteredRoute{
      1, "/api/x/v1/a",
      RouteContract{"GET", "/a",
                    R"({"summary":"Reads","access":"public","response":{"type":"object"}})"}});
}

class Call final : public HomeCall {
 public:
  Call(std::shared_ptr<const RegisteredRoute> to, std::string_view method, bool keyed = false)
      : HomeCall{std::move(to), std::chrono::steady_clock::now() + std::chrono::seconds{30}} {
    request_.method = method;
    if (keyed) request_.headers.emplace_back("idempotency-key", "k");
  }

  void watch(std::unique_ptr<AnswerWatcher> watcher) override { watcher_ = std::move(watcher); }
  HttpRequest& request() noexcept override { return request_; }
  bool isAnswered() const noexcept override { return status != 0; }
  bool respond(HttpResponse response) override {
    status = response.status;
    if (const auto watcher = std::move(watcher_)) watcher->answered(response);
    return true;
  }
  bool refuse(const Error& error) override {
    code = error.code();
    return respond(errorResponse(error, {}));
  }
  std::shared_ptr<ByteStream> openStream() override { return nullptr; }
  std::size_t heldBytes() const noexcept override { return 0; }
  bool hold(std::size_t) override { return true; }

  int status = 0;
  std::string code;

 private:
  HttpRequest request_;
  std::unique_ptr<AnswerWatcher> watcher_;
};

/// A home that keeps what it is given, until it is told that it has ended.
class FakeHome final : public IdleHome {
 public:
  FakeHome() : IdleHome{{route("POST"), route("POST", kKeyed), reading()}} {}

  void create() override {
    if (refuses) throw Error::configuration("NO", "It does not want to.");
  }
  bool submit(const std::shared_ptr<HomeCall>& call) override {
    if (alive) taken.push_back(call);
    return alive;
  }
  bool isAlive() const noexcept override { return alive; }

  bool refuses = false;
  bool alive = true;
  std::vector<std::shared_ptr<HomeCall>> taken;
  RegisteredRoutes& registered = routes_;
};

class Generations : public ::testing::Test {
 protected:
  Generations() {
    EXPECT_TRUE(compartment_.create(first_));
    EXPECT_TRUE(compartment_.start());
  }

  /// The running home dies with that call.
  void lose(const std::shared_ptr<Call>& call, bool begun, bool blamed = false, bool soon = true) {
    first_->alive = false;
    HeldCall held;
    held.call = call;
    held.begun = begun;
    held.blamed = blamed;
    compartment_.lost(first_.get(), PluginState::Crashed, "It died.", soon, {held});
  }
  bool replace() {
    std::string problem;
    second_ = std::make_shared<FakeHome>();
    return compartment_.replace(second_, compartment_.line(), problem);
  }

  Compartment compartment_{Compartment::Options{.id = "x", .worker = true}};
  const std::shared_ptr<FakeHome> first_ = std::make_shared<FakeHome>();
  std::shared_ptr<FakeHome> second_;
};

TEST_F(Generations, WhatWasNotBegunGoesToTheNext) {
  const auto call = std::make_shared<Call>(route("POST"), "POST");
  lose(call, false);
  EXPECT_EQ(call->status, 0);
  EXPECT_EQ(compartment_.status().parked, 1U);
  ASSERT_TRUE(replace());
  EXPECT_EQ(second_->taken.size(), 1U);
  EXPECT_EQ(compartment_.status().generation, 2U);
  EXPECT_EQ(compartment_.status().restarts, 1U);
  EXPECT_EQ(compartment_.status().state, PluginState::Running);
}

TEST_F(Generations, WhatWasBegunIsRepeatedOnlyWhereThatCannotBeSeen) {
  const auto safe = std::make_shared<Call>(reading(), "GET");
  const auto keyed = std::make_shared<Call>(route("POST", kKeyed), "POST", true);
  const auto unkeyed = std::make_shared<Call>(route("POST"), "POST");
  const auto key_without_contract = std::make_shared<Call>(route("POST"), "POST", true);
  lose(safe, true);
  for (const auto& call : {keyed, unkeyed, key_without_contract}) {
    HeldCall held;
    held.call = call;
    held.begun = true;
    compartment_.lost(first_.get(), PluginState::Crashed, "It died.", true, {held});
  }
  EXPECT_EQ(safe->status, 0);
  EXPECT_EQ(keyed->status, 0);
  EXPECT_EQ(unkeyed->code, "PLUGIN_CRASHED");
  EXPECT_EQ(unkeyed->status, 502);
  EXPECT_EQ(key_without_contract->code, "PLUGIN_CRASHED");
  ASSERT_TRUE(replace());
  EXPECT_EQ(second_->taken.size(), 2U);
}

TEST_F(Generations, TheEndOfAnotherHomeClosesNothing) {
  lose(std::make_shared<Call>(reading(), "GET"), false);
  ASSERT_TRUE(replace());
  EXPECT_FALSE(compartment_.lost(first_.get(), PluginState::Crashed, "Again.", true, {}));
  EXPECT_EQ(compartment_.status().state, PluginState::Running);
}

TEST_F(Generations, OneThatHasEndedAgainIsNotTaken) {
  lose(std::make_shared<Call>(reading(), "GET"), false);
  std::string problem;
  const auto dead = std::make_shared<FakeHome>();
  dead->alive = false;
  EXPECT_FALSE(compartment_.replace(dead, compartment_.line(), problem));
  EXPECT_EQ(compartment_.status().state, PluginState::Crashed);
}

TEST_F(Generations, OneWithOtherRoutesIsRefused) {
  lose(std::make_shared<Call>(reading(), "GET"), false);
  std::string problem;
  const auto other = std::make_shared<FakeHome>();
  other->registered.push_back(reading());
  EXPECT_FALSE(compartment_.replace(other, compartment_.line(), problem));
  EXPECT_NE(problem.find("other routes"), std::string::npos);
}

TEST_F(Generations, NobodyWaitsForAPluginThatIsClosed) {
  const auto call = std::make_shared<Call>(route("POST"), "POST");
  lose(call, false);
  compartment_.close(milliseconds{0});
  EXPECT_EQ(call->status, 503);
}

TEST_F(Generations, WhatKilledTwiceIsPoison) {
  const auto call = std::make_shared<Call>(reading(), "GET");
  lose(call, true, true);
  EXPECT_EQ(call->status, 0) << "once may be chance";
  lose(call, true, true);
  EXPECT_EQ(call->code, "POISON_REQUEST");
}

TEST_F(Generations, WhoIsNotBlamedMayBeThereAnyNumberOfTimes) {
  const auto call = std::make_shared<Call>(reading(), "GET");
  for (int death = 0; death < 10; ++death) lose(call, true, false);
  EXPECT_EQ(call->status, 0);
}

TEST_F(Generations, WhatComesMeanwhileWaits) {
  const auto call = std::make_shared<Call>(route("POST"), "POST");
  lose(std::make_shared<Call>(reading(), "GET"), false);
  EXPECT_TRUE(compartment_.submit(call));
  EXPECT_TRUE(first_->taken.empty());
  ASSERT_TRUE(replace());
  EXPECT_EQ(second_->taken.size(), 2U);
}

TEST_F(Generations, BetweenDeathAndItsNoticeCallsWaitToo) {
  first_->alive = false;
  const auto call = std::make_shared<Call>(route("POST"), "POST");
  EXPECT_TRUE(compartment_.submit(call));
  ASSERT_TRUE(replace());
  EXPECT_EQ(second_->taken.size(), 1U);
}

TEST_F(Generations, NobodyWaitsForOneThatComesLateOrNever) {
  const auto call = std::make_shared<Call>(route("POST"), "POST");
  lose(call, false, false, false);
  EXPECT_EQ(call->code, "PLUGIN_UNAVAILABLE");
  EXPECT_EQ(call->status, 503);
  EXPECT_FALSE(compartment_.submit(std::make_shared<Call>(reading(), "GET")));
  EXPECT_EQ(compartment_.status().state, PluginState::Crashed);
}

TEST_F(Generations, OneThatCannotBeStartedLeavesTheStateAsItWas) {
  lose(std::make_shared<Call>(reading(), "GET"), false);
  std::string problem;
  const auto refusing = std::make_shared<FakeHome>();
  refusing->refuses = true;
  EXPECT_FALSE(compartment_.replace(refusing, compartment_.line(), problem));
  EXPECT_NE(problem.find("It does not want to."), std::string::npos);
  EXPECT_EQ(compartment_.status().state, PluginState::Crashed);
  compartment_.giveUpWaiting(compartment_.line(), PluginState::Quarantined, "Enough.");
  EXPECT_EQ(compartment_.status().parked, 0U);
  EXPECT_EQ(compartment_.status().state, PluginState::Quarantined);
}

// Goal: the breaker's permits come back whoever ends a call, and however. Method: one call for each
// way out of a compartment.
TEST_F(Generations, APermitComesBackWhateverEndsItsCall) {
  const auto make = [] { return std::make_shared<Call>(route("POST"), "POST"); };
  std::vector<std::shared_ptr<Call>> calls;
  for (int call = 0; call < 6; ++call) {
    calls.push_back(make());
    ASSERT_TRUE(compartment_.submit(calls.back()));
  }
  EXPECT_EQ(compartment_.status().circuit.permits, 6U);
  calls[0]->respond(HttpResponse::json(200, "{}"));
  calls[1]->refuse(Error::notFound("NOT_FOUND", "None."));
  std::vector<HeldCall> held(3);
  held[0].call = calls[2];
  held[0].begun = true;     // crashed with it
  held[1].call = calls[3];  // goes to the next one
  held[2].call = calls[4];  // dropped while it waits
  calls[5].reset();         // dropped while it is held
  first_->taken.clear();
  first_->alive = false;
  compartment_.lost(first_.get(), PluginState::Crashed, "It died.", true, held);
  EXPECT_EQ(calls[2]->code, "PLUGIN_CRASHED");
  ASSERT_TRUE(compartment_.submit(make())) << "it waits, too";
  EXPECT_EQ(compartment_.status().circuit.permits, 3U) << "those of the three that wait";
  ASSERT_TRUE(replace());
  ASSERT_EQ(second_->taken.size(), 3U);
  for (const auto& call : second_->taken) call->respond(HttpResponse::json(200, "{}"));
  EXPECT_EQ(compartment_.status().circuit.permits, 0U);
}

TEST_F(Generations, WhatIsRefusedHoldsNoPermit) {
  compartment_.close(milliseconds{0});
  EXPECT_FALSE(compartment_.submit(std::make_shared<Call>(reading(), "GET")));
  EXPECT_EQ(compartment_.status().circuit.permits, 0U);
}

TEST_F(Generations, OneThatFailsAllItsCallsGetsNoneUntilOtherCodeIsThere) {
  for (int failure = 0; failure < 20; ++failure) {
    const auto call = std::make_shared<Call>(reading(), "GET");
    ASSERT_TRUE(compartment_.submit(call));
    call->refuse(Error::app("INTERNAL_ERROR", "It threw."));
  }
  const auto kept_away = std::make_shared<Call>(reading(), "GET");
  EXPECT_TRUE(compartment_.submit(kept_away));
  EXPECT_EQ(kept_away->code, "CIRCUIT_OPEN");
  EXPECT_EQ(kept_away->status, 503);
  EXPECT_EQ(first_->taken.size(), 20U);
  const PluginStatus status = compartment_.status();
  EXPECT_EQ(status.state, PluginState::Running);
  EXPECT_EQ(status.impairment, "circuit_open");
  EXPECT_NE(status.reason.find("INTERNAL_ERROR"), std::string::npos) << status.reason;
  SuccessionOrder order;
  order.home = std::make_shared<FakeHome>();
  order.patience = milliseconds{0};
  ASSERT_TRUE(compartment_.succeed(order).succeeded);
  EXPECT_EQ(compartment_.status().impairment, "");
  const auto next = std::make_shared<Call>(reading(), "GET");
  EXPECT_TRUE(compartment_.submit(next));
  EXPECT_EQ(next->status, 0) << "it has it";
}

TEST_F(Generations, AnImpairmentGoesWithItsGeneration) {
  compartment_.setImpairment("over_soft_limit", "It holds much.");
  EXPECT_EQ(compartment_.status().impairment, "over_soft_limit");
  EXPECT_EQ(compartment_.status().reason, "It holds much.");
  first_->alive = false;
  compartment_.lost(first_.get(), PluginState::Crashed, "It died.", true, {});
  EXPECT_EQ(compartment_.status().impairment, "");
  EXPECT_EQ(compartment_.status().reason, "It died.");
  ASSERT_TRUE(replace());
  EXPECT_EQ(compartment_.status().reason, "");
}

}  // namespace
}  // namespace bulkhead::host
