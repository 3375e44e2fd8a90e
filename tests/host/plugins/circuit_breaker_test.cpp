#include "plugins/circuit_breaker.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <thread>
#include <vector>

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Permits = std::vector<std::unique_ptr<AnswerWatcher>>;

constexpr std::size_t kTrials = 3;

HttpResponse answerOf(int status, std::string code = {}, ErrorKind kind = ErrorKind::App) {
  HttpResponse response;
  response.status = status;
  response.refusal = {kind, std::move(code), {}};
  return response;
}

const HttpResponse kGood = answerOf(200);
const HttpResponse kThrew = answerOf(500, "INTERNAL_ERROR");

class CircuitBreakerTest : public ::testing::Test {
 protected:
  bool ask(const HttpResponse& answer, milliseconds later = {}) {
    const auto permit = enter(later);
    if (permit) permit->answered(answer);
    return permit != nullptr;
  }
  std::unique_ptr<AnswerWatcher> enter(milliseconds later = {}) {
    return breaker_.enter(std::chrono::steady_clock::now() + later);
  }
  CircuitStatus status() const { return breaker_.status(std::chrono::steady_clock::now()); }
  void open() {
    for (int failure = 0; failure < 5; ++failure) ask(kThrew);
    ASSERT_EQ(status().state, CircuitState::Open);
  }
  /// How many calls it lets through at that time, when none comes back.
  std::size_t capacity(milliseconds later) {
    Permits permits;
    while (auto permit = enter(later)) permits.push_back(std::move(permit));
    return permits.size();
  }

  std::vector<CircuitState> told_;
  CircuitBreaker breaker_{{5, seconds{5}},
                          [this](const CircuitStatus& now) { told_.push_back(now.state); }};
};

TEST_F(CircuitBreakerTest, OpensAfterARunOfFailures) {
  for (int failure = 0; failure < 4; ++failure) EXPECT_TRUE(ask(kThrew));
  EXPECT_EQ(status().state, CircuitState::Closed);
  EXPECT_TRUE(ask(kThrew));
  const CircuitStatus now = status();
  EXPECT_EQ(now.state, CircuitState::Open);
  EXPECT_EQ(now.failures, 5U);
  EXPECT_EQ(now.last_failure, "INTERNAL_ERROR");
  EXPECT_GT(now.wait, seconds{4});
  EXPECT_FALSE(ask(kGood));
  EXPECT_EQ(told_, std::vector{CircuitState::Open});
}

TEST_F(CircuitBreakerTest, EachFaultOfThePluginsOwnCounts) {
  for (const auto& [status_code, code] : {std::pair{502, "PLUGIN_CRASHED"},
                                          {502, "POISON_REQUEST"},
                                          {504, "DEADLINE_EXCEEDED"},
                                          {500, "INTERNAL_ERROR"},
                                          {500, ""}})
    ask(answerOf(status_code, code));
  EXPECT_EQ(status().state, CircuitState::Open);
}

TEST_F(CircuitBreakerTest, WhatIsNotThePluginsFaultDoesNotCount) {
  for (int round = 0; round < 20; ++round) {
    ask(answerOf(400, "VALIDATION_ERROR", ErrorKind::Validation));
    ask(answerOf(404, "NOT_FOUND", ErrorKind::NotFound));
    ask(answerOf(409, "SLOT_TAKEN", ErrorKind::Conflict));
    ask(answerOf(422, "NO", ErrorKind::BusinessLogic));
    ask(answerOf(429, "RATE_LIMIT_EXCEEDED", ErrorKind::RateLimit));
    ask(answerOf(502, "VENDOR_FAILED", ErrorKind::ExternalService));
    ask(answerOf(503, "DATABASE_UNAVAILABLE", ErrorKind::Database));
    ask(answerOf(503, "OVERLOADED"));
    ask(answerOf(503, "NOT_CONFIGURED", ErrorKind::Configuration));
    ask(answerOf(500, "DATABASE_ERROR", ErrorKind::Database));
    enter();  // and dropped
  }
  EXPECT_EQ(status().state, CircuitState::Closed);
}

TEST_F(CircuitBreakerTest, OneSuccessEndsARunAndARefusalDoesNot) {
  for (int failure = 0; failure < 4; ++failure) ask(kThrew);
  ask(kGood);
  for (int failure = 0; failure < 4; ++failure) ask(kThrew);
  EXPECT_EQ(status().state, CircuitState::Closed);
  ask(answerOf(404, "NOT_FOUND", ErrorKind::NotFound));
  ask(kThrew);
  EXPECT_EQ(status().state, CircuitState::Open);
}

TEST_F(CircuitBreakerTest, HalfOpenAFewAreTriedAndTheirSuccessCloses) {
  open();
  Permits trials;
  while (auto permit = enter(seconds{6})) trials.push_back(std::move(permit));
  ASSERT_EQ(trials.size(), kTrials);
  EXPECT_EQ(status().state, CircuitState::HalfOpen);
  for (const auto& trial : trials) trial->answered(kGood);
  EXPECT_EQ(status().state, CircuitState::Closed);
  EXPECT_EQ(told_, (std::vector{CircuitState::Open, CircuitState::Closed}));
}

TEST_F(CircuitBreakerTest, ATrialThatFailsOpensItForTwiceAsLong) {
  open();
  EXPECT_TRUE(ask(kThrew, seconds{6}));
  EXPECT_GT(status().wait, seconds{9});
  EXPECT_LE(status().wait, seconds{10});
  EXPECT_EQ(status().opens, 2U);
  for (int round = 0; round < 9; ++round) EXPECT_TRUE(ask(kThrew, seconds{61}));
  EXPECT_LE(status().wait, seconds{60});
}

TEST_F(CircuitBreakerTest, ATrialThatIsDroppedOrRefusedGivesItsPlaceBack) {
  open();
  for (int round = 0; round < 50; ++round) {
    EXPECT_NE(enter(seconds{6}), nullptr) << round;
    EXPECT_TRUE(ask(answerOf(503, "OVERLOADED"), seconds{6})) << round;
  }
  EXPECT_EQ(status().state, CircuitState::HalfOpen);
  EXPECT_EQ(capacity(seconds{6}), kTrials);
}

TEST_F(CircuitBreakerTest, ATrialThatNeverComesBackGivesItsPlaceToAnotherOne) {
  open();
  Permits hanging;
  while (auto permit = enter(seconds{6})) hanging.push_back(std::move(permit));
  EXPECT_FALSE(ask(kGood, seconds{15}));
  EXPECT_TRUE(ask(kGood, seconds{17}));
  EXPECT_EQ(capacity(seconds{17}), kTrials);
  hanging.clear();  // they come back late, and are nobody's trials any more
  EXPECT_EQ(capacity(seconds{17}), kTrials);
}

TEST_F(CircuitBreakerTest, APermitOfAStateThatHasPassedChangesNothing) {
  auto slow = enter();
  open();
  slow->answered(kGood);
  EXPECT_EQ(status().state, CircuitState::Open);
  auto trial = enter(seconds{6});
  ASSERT_NE(trial, nullptr);
  breaker_.reset();
  trial->answered(kThrew);
  EXPECT_EQ(status().state, CircuitState::Closed);
  for (int failure = 0; failure < 4; ++failure) ask(kThrew);
  EXPECT_EQ(status().state, CircuitState::Closed) << "the one before the reset is not among them";
}

TEST_F(CircuitBreakerTest, ZeroFailuresIsNoBreaker) {
  breaker_.setLimits({0, seconds{5}});
  for (int failure = 0; failure < 100; ++failure) EXPECT_TRUE(ask(kThrew));
}

TEST_F(CircuitBreakerTest, APermitMayOutliveTheBreaker) {
  std::unique_ptr<AnswerWatcher> permit;
  {
    CircuitBreaker gone{{1, seconds{1}}, {}};
    permit = gone.enter(std::chrono::steady_clock::now());
  }
  permit->answered(kThrew);
}

/// A call's end, whoever makes it.
enum class End { Answered, Threw, Deadline, Crashed, Refused, Overloaded, Dropped, kCount };

HttpResponse answerFor(End end) {
  switch (end) {
    case End::Threw:
      return kThrew;
    case End::Deadline:
      return answerOf(504, "DEADLINE_EXCEEDED");
    case End::Crashed:
      return answerOf(502, "PLUGIN_CRASHED");
    case End::Refused:
      return answerOf(404, "NOT_FOUND", ErrorKind::NotFound);
    case End::Overloaded:
      return answerOf(503, "OVERLOADED");
    default:
      return kGood;
  }
}

/// Calls that come, wait and end at random, some long after the states that they began in.
template <class Enter, class Finish>
void liveAtRandom(std::uint32_t seed, int steps, const Enter& enter, const Finish& finish) {
  std::mt19937 random{seed};
  using Permit = decltype(enter(milliseconds{}));
  std::vector<Permit> out;
  milliseconds later{0};
  const auto below = [&](std::size_t most) { return random() % most; };
  for (int step = 0; step < steps; ++step) {
    if (below(8) == 0) later += milliseconds{below(4000)};
    if (below(2) == 0) {
      if (auto permit = enter(later)) out.push_back(std::move(permit));
    } else if (!out.empty()) {
      const std::size_t which = below(out.size());
      Permit permit = std::move(out[which]);
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(which));
      finish(std::move(permit), static_cast<End>(below(static_cast<std::size_t>(End::kCount))));
    }
  }
  for (auto& permit : out) finish(std::move(permit), End::Dropped);
}

// Goal: whatever becomes of calls, every permit comes back once, and none is missing when it is
// half open. Method: thousands of lives of calls at random, from fixed seeds; the control has
// permits that somebody has to give back, and finds the leak.
TEST(CircuitBreakerPermits, NoneIsEverLostHoweverCallsEnd) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    CircuitBreaker breaker{{4, milliseconds{500}}, {}};
    const auto begin = std::chrono::steady_clock::now();
    liveAtRandom(
        seed, 400, [&](milliseconds later) { return breaker.enter(begin + later); },
        [](std::unique_ptr<AnswerWatcher> permit, End end) {
          if (end != End::Dropped) permit->answered(answerFor(end));
        });
    ASSERT_EQ(breaker.status(begin).permits, 0U) << "seed " << seed;
    breaker.reset();
    const auto after = begin + std::chrono::hours{24};
    for (int failure = 0; failure < 4; ++failure) breaker.enter(after)->answered(kThrew);
    Permits trials;
    while (auto permit = breaker.enter(after)) trials.push_back(std::move(permit));
    ASSERT_EQ(trials.size(), kTrials) << "seed " << seed;
  }
}

/// Permits as a number, which whoever ends a call has to remember.
class CountedBreaker {
 public:
  std::optional<int> enter() {
    if (trials_ >= kTrials) return std::nullopt;
    ++trials_;
    return 1;
  }
  void comeBack() { --trials_; }
  std::size_t capacity() const { return kTrials - trials_; }

 private:
  std::size_t trials_ = 0;
};

TEST(CircuitBreakerPermits, NegativeControl_PermitsThatAreNoObjectsAreLost) {
  std::size_t leaked = 0;
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    CountedBreaker breaker;
    liveAtRandom(
        seed, 400, [&](milliseconds) { return breaker.enter(); },
        [&](std::optional<int>, End end) {
          if (end != End::Dropped) breaker.comeBack();  // nobody is there to do it
        });
    leaked += kTrials - breaker.capacity();
  }
  EXPECT_EQ(leaked, 300 * kTrials) << "each of them ends with none left, and stays so";
}

TEST(CircuitBreakerPermits, ManyThreadsLoseNoneEither) {
  CircuitBreaker breaker{{3, milliseconds{1}}, {}};
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      liveAtRandom(
          seed, 20'000, [&](milliseconds later) { return breaker.enter(begin + later); },
          [](std::unique_ptr<AnswerWatcher> permit, End end) {
            if (end != End::Dropped) permit->answered(answerFor(end));
          });
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(breaker.status(begin).permits, 0U);
}

}  // namespace
}  // namespace bulkhead::host
