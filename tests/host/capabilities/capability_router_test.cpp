#include "capabilities/capability_router.hpp"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include <bulkhead/error.hpp>

#include "runtime/error_response.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr const char* kContracts = R"([{"capability":"loans/1","summary":"Lends.","calls":{
  "lend":{"summary":"Lends.","request":{"type":"object","required":["amount"]},
          "response":{"type":"object","required":["lent"]},"errors":["NO_MONEY"],"deadline_ms":60},
  "tell":{"summary":"Tells.","request":{"type":"object"},"response":{"type":"object"}}},
  "asks":{"may":{"summary":"May I?","request":{"type":"object","required":["amount"]},
          "response":{"type":"object","required":["may"]},"errors":["NOT_NOW"],"deadline_ms":60,
          "fallback":{"may":false}}}}])";

/// A home whose plugin answers as it is told, at once or never.
class FakeHome final : public Home {
 public:
  explicit FakeHome(std::vector<std::string> calls, const char* contracts = kContracts) {
    said_.provides = {"loans/1"};
    said_.contracts = contracts;
    std::uint32_t number = 0;
    for (const auto& call : calls) {
      routes_.push_back(std::make_shared<const RegisteredRoute>(
          insideEntry(EntryKind::Call, number++, "loans/1", call, {})));
    }
  }

  /// One that wants loans, and answers what is asked of them.
  static std::shared_ptr<FakeHome> answering(const std::vector<std::string>& asks) {
    auto home = std::make_shared<FakeHome>(std::vector<std::string>{}, "");
    home->said_ = {};
    home->said_.wants = {{"loans/1", false}};
    for (const auto& ask : asks) {
      home->routes_.push_back(std::make_shared<const RegisteredRoute>(
          insideEntry(EntryKind::Ask, 0, "loans/1", ask, {})));
    }
    home->answer = HttpResponse::json(200, R"({"may":true})");
    return home;
  }

  void create() override {}
  void start() override {}
  bool drain(Time) override { return true; }
  void stop() noexcept override {}
  bool abandon() noexcept override { return true; }
  bool submit(const std::shared_ptr<HomeCall>& call) override {
    if (!takes) return false;
    ++asked;
    if (refusal) {
      call->refuse(*refusal);
    } else if (answer) {
      call->respond(*answer);
    }
    return true;
  }
  std::string checkHealth(const RegisteredContributor&, Time) override { return {}; }
  void setLimits(const HomeLimits&) override {}
  HomeLoad load() const override { return {}; }
  const std::vector<std::shared_ptr<const RegisteredRoute>>& routes() const override {
    return routes_;
  }
  const std::vector<RegisteredContributor>& contributors() const override { return none_; }
  const PluginCapabilities& capabilities() const override { return said_; }
  bool hasStore() const override { return false; }
  bool pingStore(Time) override { return false; }
  void shareLease(bool, Time) override {}
  std::vector<TableRows> countRows(Time) override { return {}; }

  bool takes = true;
  std::optional<Error> refusal;
  std::atomic<int> asked{0};
  std::optional<HttpResponse> answer = HttpResponse::json(200, R"({"lent":1})");

 private:
  PluginCapabilities said_;
  std::vector<std::shared_ptr<const RegisteredRoute>> routes_;
  std::vector<RegisteredContributor> none_;
};

struct Plugin {
  explicit Plugin(const std::string& id, std::vector<std::string> calls = {"lend"},
                  const char* contracts = kContracts)
      : Plugin{std::make_shared<FakeHome>(std::move(calls), contracts), id} {}
  Plugin(std::shared_ptr<FakeHome> given, const std::string& id)
      : compartment{std::make_shared<Compartment>(Compartment::Options{
            .id = id, .circuit = {.failures = 3, .pause = milliseconds{60'000}}})},
        home{std::move(given)} {
    EXPECT_TRUE(compartment->create(home));
    EXPECT_TRUE(compartment->start());
  }

  std::shared_ptr<Compartment> compartment;
  std::shared_ptr<FakeHome> home;
};

class CapabilityRouterTest : public ::testing::Test {
 protected:
  CapabilityRouterTest() { admit(lender_); }

  void admit(const Plugin& plugin) {
    router_.admit(plugin.compartment, *plugin.home, [] {});
  }
  std::string refusalOf(const Plugin& plugin) {
    try {
      admit(plugin);
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  }

  CapabilityCall calling(std::string_view request = R"({"amount":1})") const {
    CapabilityCall call;
    call.caller = "borrower";
    call.capability = "loans/1";
    call.name = "lend";
    call.request = request;
    call.deadline = Steady::now() + std::chrono::seconds{20};
    return call;
  }
  CapabilityCall asking(std::string_view request = R"({"amount":1})") const {
    CapabilityCall ask = calling(request);
    ask.caller = "lender";
    ask.name = "may";
    return ask;
  }
  /// The answer, the code of a refusal, or why nobody could answer.
  std::string endOf(const CapabilityCall& call) {
    return endOf([&] { return router_.call(call); });
  }
  std::string endOfAsk(const CapabilityCall& ask) {
    return endOf([&] { return router_.ask(ask); });
  }
  template <class Work>
  static std::string endOf(const Work& work) {
    try {
      return work();
    } catch (const Error& error) {
      if (error.code() != kCapabilityUnavailable) return error.code();
      const Json details = Json::parse(error.details());
      return details.value("reason", "") + (details.value("begun", false) ? ", begun" : "");
    }
  }

  std::vector<std::string> outcomes_;
  bool configured_ = true;
  CapabilityRouter router_{
      [this](const std::string&) { return configured_; },
      [this](const CapabilityRecord& record) { outcomes_.emplace_back(record.outcome); }};
  Plugin lender_{"lender"};
};

// Goal: a refusal costs the host no stack and no memory. Method: details that are nested a million
// times, as a process that is not ours may write them.
TEST_F(CapabilityRouterTest, ARefusalThatNobodyShouldReadHasNoDetails) {
  const auto detailsOf = [&](const std::string& details) {
    HttpResponse answer = errorResponse(Error::conflict("NO_MONEY", "None."), {});
    answer.body = R"({"error":{"details":)" + details + "}}";
    lender_.home->answer = std::move(answer);
    try {
      router_.call(calling());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "NO_MONEY");
      return error.details();
    }
    return std::string{"no refusal"};
  };
  EXPECT_EQ(detailsOf(R"({"left":3})"), R"({"left":3})") << "the control";
  EXPECT_EQ(detailsOf(std::string(1'000, '[') + std::string(1'000, ']')), "");
  EXPECT_EQ(detailsOf(std::string(1'000'000, '[')), "");
  EXPECT_EQ(detailsOf("\"" + std::string(70'000, 'x') + "\""), "");
}

TEST_F(CapabilityRouterTest, EachEndIsCounted) {
  EXPECT_EQ(endOf(calling()), R"({"lent":1})");
  EXPECT_EQ(endOf(calling("{}")), "CAPABILITY_REQUEST_REFUSED");
  const std::string much = R"({"amount":")" + std::string(kCallBytesMax, '1') + "\"}";
  EXPECT_EQ(endOf(calling(much)), "CAPABILITY_REQUEST_REFUSED");
  lender_.home->answer = errorResponse(Error::conflict("NO_MONEY", "None."), {});
  EXPECT_EQ(endOf(calling()), "NO_MONEY");
  lender_.home->takes = false;
  EXPECT_EQ(endOf(calling()), "overloaded");
  EXPECT_EQ(outcomes_, (std::vector<std::string>{"answered", "mistaken", "mistaken", "refused",
                                                 "overloaded"}));
}

TEST_F(CapabilityRouterTest, EachClosedStateIsUnavailableAtOnce) {
  constexpr PluginState kClosed[] = {
      PluginState::Missing,     PluginState::Refused,  PluginState::Failed,  PluginState::Crashed,
      PluginState::Quarantined, PluginState::Disabled, PluginState::Stopped, PluginState::Draining};
  for (const PluginState state : kClosed) {
    lender_.compartment->enter(state, "Why.");
    EXPECT_EQ(endOf(calling()), "closed") << nameOf(state);
  }
  EXPECT_EQ(lender_.home->asked, 0);
  lender_.compartment->enter(PluginState::Running);
  EXPECT_EQ(endOf(calling()), R"({"lent":1})") << "the control";
}

TEST_F(CapabilityRouterTest, WithoutCredentialsItIsNotCalled) {
  configured_ = false;
  EXPECT_EQ(endOf(calling()), "not_configured");
  EXPECT_EQ(lender_.home->asked, 0);
}

TEST_F(CapabilityRouterTest, OnlyEqualMajorsAreJoined) {
  CapabilityCall call = calling();
  call.capability = "loans/2";
  EXPECT_EQ(endOf(call), "other_major");
  call.capability = "gifts/1";
  EXPECT_EQ(endOf(call), "missing");
}

TEST_F(CapabilityRouterTest, NobodyCallsTooDeep) {
  CapabilityCall call = calling();
  call.depth = kCallDepthMax;
  EXPECT_EQ(endOf(call), R"({"lent":1})");
  call.depth = kCallDepthMax + 1;
  EXPECT_EQ(endOf(call), "CALL_TOO_DEEP");
}

// Goal: answers against the contract are the provider's failures. Control: what its contract allows
// it to refuse opens nothing.
TEST_F(CapabilityRouterTest, AProviderThatBreaksItsContractIsLeftAlone) {
  lender_.home->answer = errorResponse(Error::conflict("NO_MONEY", "None."), {});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(endOf(calling()), "NO_MONEY");
  lender_.home->answer = HttpResponse::json(200, R"({"lent_not":1})");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(endOf(calling()), "mistaken_answer, begun");
  EXPECT_EQ(endOf(calling()), "circuit_open");
}

// The same for one that does not answer in the time of its contract. Control: a caller who gives
// less is not its fault.
TEST_F(CapabilityRouterTest, OnlyTheContractsWholeTimeIsTheProvidersFault) {
  lender_.home->answer.reset();
  for (int i = 0; i < 5; ++i) {
    CapabilityCall call = calling();
    call.deadline = Steady::now() + milliseconds{5};
    EXPECT_EQ(endOf(call), "deadline, begun");
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(endOf(calling()), "deadline, begun");
  EXPECT_EQ(endOf(calling()), "circuit_open");
}

TEST_F(CapabilityRouterTest, WhoWaitsNoLongerIsNotHeld) {
  Plugin patient{"patient", {"tell"}};
  lender_.compartment->enter(PluginState::Disabled);
  admit(patient);
  patient.home->answer.reset();
  std::stop_source source;
  CapabilityCall call = calling();
  call.name = "tell";
  call.given_up = source.get_token();
  auto end = std::async(std::launch::async, [&] { return endOf(call); });
  while (patient.home->asked == 0) std::this_thread::yield();
  source.request_stop();
  EXPECT_EQ(end.get(), "deadline, begun");
  EXPECT_EQ(patient.compartment->status().circuit.permits, 0U);
}

TEST_F(CapabilityRouterTest, OneProvidesACapabilityAndTheOtherIsRefused) {
  const Plugin other{"other"};
  EXPECT_EQ(refusalOf(other), "CAPABILITY_CONFLICT");
  EXPECT_EQ(endOf(calling()), R"({"lent":1})");
  EXPECT_EQ(lender_.home->asked, 1);
  lender_.compartment->enter(PluginState::Disabled);
  EXPECT_EQ(refusalOf(other), "none");
  endOf(calling());
  EXPECT_EQ(other.home->asked, 1);
}

TEST_F(CapabilityRouterTest, WhatIsNotAdmittedChangesNothing) {
  const Plugin next{"lender", {}};
  EXPECT_THROW(router_.admit(next.compartment, *next.home,
                             [] { throw Error::configuration("ROUTE_CONFLICT", "No."); }),
               Error);
  EXPECT_EQ(endOf(calling()), R"({"lent":1})");
  admit(next);
  EXPECT_EQ(endOf(calling()), "not_answered") << "the control";
}

TEST_F(CapabilityRouterTest, WhatNoContractKnowsIsRefused) {
  lender_.compartment->enter(PluginState::Disabled);
  EXPECT_EQ(refusalOf(Plugin{"a", {"borrow"}}), "CAPABILITY_REFUSED");
  EXPECT_EQ(refusalOf(Plugin{"b", {"lend"}, ""}), "CAPABILITY_REFUSED");
  EXPECT_EQ(refusalOf(Plugin{"c", {"lend"}, "{}"}), "CAPABILITY_REFUSED");
  EXPECT_EQ(
      refusalOf(Plugin{"d", {}, R"([{"capability":"payments/1","summary":"M.","calls":{}}])"}),
      "CAPABILITY_REFUSED");
  const std::string deep = std::string(400'000, '[') + std::string(400'000, ']');
  EXPECT_EQ(refusalOf(Plugin{"f", {}, deep.c_str()}), "CAPABILITY_REFUSED") << "and nothing ends";
  EXPECT_EQ(refusalOf(Plugin{"e", {}, ""}), "none") << "nobody can call it, and nobody is harmed";
}

TEST_F(CapabilityRouterTest, OperatorsSeeWhoProvidesAndWhatIsLost) {
  const auto borrower = std::make_shared<Compartment>(Compartment::Options{.id = "borrower"});
  PluginCapabilities wants;
  wants.wants = {{"loans/1", true}, {"gifts/1", false}};
  borrower->describe("1.0.0", "", "b.so", wants);
  PluginCapabilities provides;
  provides.provides = {"loans/1"};
  lender_.compartment->describe("1.0.0", "", "l.so", provides);
  const auto of = [&](std::string_view name) {
    for (auto& one : router_.facts({borrower, lender_.compartment})) {
      if (one.capability == name) return one;
    }
    return CapabilityFacts{};
  };
  EXPECT_FALSE(of("loans/1").lost);
  EXPECT_EQ(of("loans/1").unanswered, (std::vector<std::string>{"tell"}));
  EXPECT_TRUE(of("loans/1").consumers.at(0).required);
  EXPECT_TRUE(of("gifts/1").lost);
  EXPECT_FALSE(of("payments/1").lost) << "nobody wants it";
  lender_.compartment->enter(PluginState::Crashed, "It died.");
  EXPECT_EQ(of("loans/1").reason, "'lender' is crashed.");
}

TEST_F(CapabilityRouterTest, AnAskIsAnsweredByTheOneThatSaidSo) {
  EXPECT_EQ(endOfAsk(asking()), "missing");
  const Plugin clerk{FakeHome::answering({"may"}), "clerk"};
  admit(clerk);
  EXPECT_EQ(endOfAsk(asking()), R"({"may":true})");
  EXPECT_EQ(clerk.home->asked, 1);
  EXPECT_EQ(lender_.home->asked, 0) << "it asks, and is not called";
  clerk.home->answer = errorResponse(Error::conflict("NOT_NOW", "Later."), {});
  EXPECT_EQ(endOfAsk(asking()), "NOT_NOW");
  EXPECT_EQ(outcomes_, (std::vector<std::string>{"missing", "answered", "refused"}));
}

TEST_F(CapabilityRouterTest, BothSidesOfAnAskAreHeldToTheContract) {
  const Plugin clerk{FakeHome::answering({"may"}), "clerk"};
  admit(clerk);
  EXPECT_EQ(endOfAsk(asking("{}")), "CAPABILITY_REQUEST_REFUSED");
  CapabilityCall ask = asking();
  ask.name = "must";
  EXPECT_EQ(endOfAsk(ask), "NO_SUCH_ASK");
  ask = asking();
  ask.depth = kCallDepthMax + 1;
  EXPECT_EQ(endOfAsk(ask), "CALL_TOO_DEEP");
  EXPECT_EQ(clerk.home->asked, 0);
  clerk.home->answer = HttpResponse::json(200, R"({"may_not":true})");
  EXPECT_EQ(endOfAsk(asking()), "mistaken_answer, begun");
  clerk.home->answer = errorResponse(Error::conflict("UNHEARD_OF", "What?"), {});
  EXPECT_EQ(endOfAsk(asking()), "mistaken_answer, begun");
}

TEST_F(CapabilityRouterTest, AnAskThatNobodyAnswersIsSaidWithItsReason) {
  const Plugin clerk{FakeHome::answering({"may"}), "clerk"};
  admit(clerk);
  CapabilityCall stranger = asking();
  stranger.caller = "stranger";
  EXPECT_EQ(endOfAsk(stranger), "closed") << "only who provides it asks";
  clerk.home->takes = false;
  EXPECT_EQ(endOfAsk(asking()), "overloaded");
  clerk.home->takes = true;
  clerk.home->answer.reset();
  const auto begin = Steady::now();
  EXPECT_EQ(endOfAsk(asking()), "deadline, begun") << "that of the contract";
  EXPECT_LT(Steady::now() - begin, milliseconds{2000});
  clerk.compartment->enter(PluginState::Disabled);
  EXPECT_EQ(endOfAsk(asking()), "closed");
}

// Goal: what closes the way of a plugin's requests does not close that of what it is asked, nor the
// other way round. Method: as many failures as its breaker takes, of each.
TEST_F(CapabilityRouterTest, AsksHaveABreakerOfTheirOwn) {
  const Plugin clerk{FakeHome::answering({"may"}), "clerk"};
  admit(clerk);
  clerk.home->answer = errorResponse(Error::app("BROKEN", "Broken."), {});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(endOfAsk(asking()), "failed, begun");
  EXPECT_EQ(endOfAsk(asking()), "circuit_open");
  const PluginStatus status = clerk.compartment->status();
  EXPECT_EQ(status.circuit.state, CircuitState::Closed);
  EXPECT_EQ(status.asides_circuit.state, CircuitState::Open);
  EXPECT_EQ(status.impairment, "circuit_open") << "and it can be seen";
  lender_.home->answer = errorResponse(Error::app("BROKEN", "Broken."), {});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(endOf(calling()), "failed, begun");
  EXPECT_EQ(endOf(calling()), "circuit_open");
  EXPECT_EQ(lender_.compartment->status().asides_circuit.state, CircuitState::Closed);
}

TEST_F(CapabilityRouterTest, OneAnswersAnAskAndTheOtherIsRefused) {
  const Plugin clerk{FakeHome::answering({"may"}), "clerk"};
  const Plugin other{FakeHome::answering({"may"}), "other"};
  admit(clerk);
  EXPECT_EQ(refusalOf(other), "CAPABILITY_CONFLICT");
  endOfAsk(asking());
  EXPECT_EQ(clerk.home->asked, 1);
  clerk.compartment->enter(PluginState::Disabled);
  EXPECT_EQ(refusalOf(other), "none");
  endOfAsk(asking());
  EXPECT_EQ(other.home->asked, 1);
}

// Goal: what was admitted and never came to run is in nobody's way. Control: what crashed comes
// back, and stays.
TEST_F(CapabilityRouterTest, WhatWasRefusedAfterItsAdmissionKeepsNothing) {
  const Plugin other{"other"};
  lender_.compartment->enter(PluginState::Crashed, "It died.");
  EXPECT_EQ(refusalOf(other), "CAPABILITY_CONFLICT");
  lender_.compartment->enter(PluginState::Failed, "start() refused.");
  EXPECT_EQ(refusalOf(other), "none");
  EXPECT_EQ(endOf(calling()), R"({"lent":1})");
  EXPECT_EQ(other.home->asked, 1);
}

// Goal: a caller learns whether its call may have had its effect although the provider was being
// closed. Control: one that was not begun.
TEST_F(CapabilityRouterTest, WhatAClosingProviderHadBegunMayHaveHadItsEffect) {
  lender_.home->refusal = Error::app("DRAINING", "It is being closed.");
  EXPECT_EQ(endOf(calling()), "closed, begun");
  lender_.home->refusal = Error::app("PLUGIN_UNAVAILABLE", "It has ended.");
  EXPECT_EQ(endOf(calling()), "closed");
}

TEST_F(CapabilityRouterTest, OperatorsSeeWhoAnswersWhichAsk) {
  const auto asks = [&] {
    for (auto& one : router_.facts({lender_.compartment})) {
      if (one.capability == "loans/1") return one.asks;
    }
    return std::vector<CapabilityFacts::Asked>{};
  };
  PluginCapabilities provides;
  provides.provides = {"loans/1"};
  lender_.compartment->describe("1.0.0", "", "l.so", provides);
  ASSERT_EQ(asks().size(), 1U);
  EXPECT_EQ(asks()[0].name, "may");
  EXPECT_FALSE(asks()[0].answerer.has_value());
  const Plugin clerk{FakeHome::answering({"may"}), "clerk"};
  admit(clerk);
  EXPECT_EQ(asks()[0].answerer.value().plugin, "clerk");
}

TEST(AskFallBack, OnlyWhatMeansThatNobodyAnsweredLeavesIt) {
  EXPECT_EQ(whyUnanswered(Error::app("OVERLOADED", "")), "overloaded");
  EXPECT_EQ(whyUnanswered(Error::app("DEADLINE_EXCEEDED", "")), "deadline");
  EXPECT_EQ(whyUnanswered(Error::app("DRAINING", "")), "closed");
  EXPECT_EQ(whyUnanswered(noCapabilities()), "missing");
  EXPECT_EQ(whyUnanswered(Error::conflict("NOT_NOW", "")), "");
  EXPECT_EQ(whyUnanswered(callTooDeep()), "");
}

}  // namespace
}  // namespace bulkhead::host
