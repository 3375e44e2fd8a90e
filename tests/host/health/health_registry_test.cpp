#include "health/health_registry.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <stdexcept>

#include <bulkhead/error.hpp>

#include "host/health/wait_for.hpp"

namespace bulkhead::host::health {
namespace {

using namespace std::chrono_literals;

/// A door that checks wait behind; opened at the latest when the test ends.
class Gate {
 public:
  void wait() {
    std::unique_lock lock{mutex_};
    opened_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    opened_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

struct OpenedGate {
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  ~OpenedGate() { gate->open(); }
};

CheckSpec spec(std::string name, std::function<CheckResult(std::chrono::milliseconds)> check) {
  CheckSpec made;
  made.owner = "host";
  made.name = std::move(name);
  made.interval = 20ms;
  made.timeout = 30ms;
  made.check = std::move(check);
  return made;
}

CheckSpec hanging(std::string name, const std::shared_ptr<Gate>& gate) {
  return spec(std::move(name), [gate](std::chrono::milliseconds) {
    gate->wait();
    return CheckResult{};
  });
}

CheckSpec counting(std::string name, std::shared_ptr<std::atomic<int>> runs) {
  return spec(std::move(name), [runs = std::move(runs)](std::chrono::milliseconds) {
    ++*runs;
    return CheckResult{};
  });
}

CheckReport reportOf(const HealthRegistry& registry, std::string_view name) {
  const auto snapshot = registry.snapshot();
  const CheckReport* found = snapshot->find(name);
  return found == nullptr ? CheckReport{} : *found;
}

TEST(HealthRegistry, RunsChecksAgainAndAgainWithoutBeingAsked) {
  HealthRegistry registry;
  const auto runs = std::make_shared<std::atomic<int>>(0);
  registry.add(counting("a", runs));
  EXPECT_TRUE(waitFor([&] { return *runs >= 3; }));
  EXPECT_TRUE(reportOf(registry, "a").isKnown());
}

TEST(HealthRegistry, ChecksRunInParallel) {
  HealthRegistry registry;
  const auto inside = std::make_shared<std::atomic<int>>(0);
  const auto met = std::make_shared<std::atomic<bool>>(false);
  for (const std::string name : {"a", "b"}) {
    CheckSpec made = spec(name, [inside, met](std::chrono::milliseconds) {
      ++*inside;
      const bool together = waitFor([&] { return *inside >= 2 || *met; });
      if (together) *met = true;
      return CheckResult{};
    });
    made.timeout = 20s;
    registry.add(std::move(made));
  }
  EXPECT_TRUE(waitFor([&] { return met->load(); })) << "one after the other they would never meet";
}

TEST(HealthRegistry, ACheckThatNeverReturnsIsTimeoutAndTheOthersGoOn) {
  const OpenedGate held;
  HealthRegistry registry{{1, 1, 10ms, {}, {}}};
  const auto runs = std::make_shared<std::atomic<int>>(0);
  registry.add(hanging("hung", held.gate));
  ASSERT_TRUE(waitFor([&] { return reportOf(registry, "hung").last.code == "timeout"; }));
  EXPECT_TRUE(waitFor([&] { return reportOf(registry, "hung").status == Status::Critical; }));
  registry.add(counting("other", runs));
  EXPECT_TRUE(waitFor([&] { return *runs >= 3; })) << "its thread was replaced";
}

// A plugin may have 32 contributors; that they all hang is its own fault alone.
TEST(HealthRegistry, AllChecksOfOneOwnerMayHangAndTheOthersGoOn) {
  const OpenedGate held;
  HealthRegistry registry{{1, 4, 10ms, {}, {}}};
  for (int i = 0; i < 12; ++i) {
    CheckSpec each = hanging("bad." + std::to_string(i), held.gate);
    each.owner = "bad";
    registry.add(std::move(each));
  }
  const auto count = [&](const std::string& code) {
    int found = 0;
    const auto snapshot = registry.snapshot();
    for (const auto& report : snapshot->checks) found += report.last.code == code;
    return found;
  };
  ASSERT_TRUE(waitFor([&] { return count("timeout") == 2; }));
  const auto runs = std::make_shared<std::atomic<int>>(0);
  CheckSpec other = counting("other", runs);
  other.owner = "good";
  registry.add(std::move(other));
  EXPECT_TRUE(waitFor([&] { return *runs >= 3; }));
  EXPECT_EQ(count("timeout"), 2) << "no more than two of them hold a thread";
}

TEST(HealthRegistry, WhatWaitedForItsOwnersTurnRunsInTheEnd) {
  HealthRegistry registry{{4, 0, 10ms, {}, {}}};
  std::vector<std::shared_ptr<std::atomic<int>>> runs;
  for (int i = 0; i < 8; ++i) {
    runs.push_back(std::make_shared<std::atomic<int>>(0));
    CheckSpec each = counting("c" + std::to_string(i), runs.back());
    each.owner = "busy";
    registry.add(std::move(each));
  }
  EXPECT_TRUE(waitFor([&] {
    return std::all_of(runs.begin(), runs.end(), [](auto& each) { return *each >= 2; });
  }));
}

// Control of ACheckThatNeverReturns...: without replacements the same hang blocks every other
// check.
TEST(HealthRegistry, WithoutReplacementAHungCheckBlocksAndItShowsAsStale) {
  const OpenedGate held;
  HealthRegistry registry{{1, 0, 10ms, {}, {}}};
  const auto runs = std::make_shared<std::atomic<int>>(0);
  registry.add(hanging("hung", held.gate));
  ASSERT_TRUE(waitFor([&] { return reportOf(registry, "hung").last.code == "timeout"; }));
  registry.add(counting("other", runs));
  EXPECT_TRUE(waitFor(
      [&] { return reportOf(registry, "other").isStale(std::chrono::steady_clock::now()); }));
  EXPECT_EQ(*runs, 0);
}

TEST(HealthRegistry, ReplacementsAreBounded) {
  const OpenedGate held;
  HealthRegistry registry{{1, 2, 10ms, {}, {}}};
  const auto entered = std::make_shared<std::atomic<int>>(0);
  for (int i = 0; i < 6; ++i) {
    registry.add(
        spec("hung" + std::to_string(i), [entered, gate = held.gate](std::chrono::milliseconds) {
          ++*entered;
          gate->wait();
          return CheckResult{};
        }));
  }
  ASSERT_TRUE(waitFor([&] { return *entered == 3; }));
  const auto snapshot = registry.snapshot();
  ASSERT_TRUE(waitFor([&] { return registry.snapshot()->id > snapshot->id + 6; }));
  EXPECT_EQ(*entered, 3) << "one thread and two replacements";
}

TEST(HealthRegistry, AHungCheckIsNotRunAgainUntilItCameBack) {
  OpenedGate held;
  HealthRegistry registry;
  const auto runs = std::make_shared<std::atomic<int>>(0);
  registry.add(spec("hung", [runs, gate = held.gate](std::chrono::milliseconds) {
    ++*runs;
    gate->wait();
    return CheckResult{};
  }));
  ASSERT_TRUE(waitFor([&] { return reportOf(registry, "hung").failures_in_a_row >= 3; }));
  EXPECT_EQ(*runs, 1) << "single flight";
  held.gate->open();
  EXPECT_TRUE(waitFor([&] { return reportOf(registry, "hung").status == Status::Healthy; }));
  EXPECT_GT(*runs, 1);
  EXPECT_FALSE(reportOf(registry, "hung").hung);
}

TEST(HealthRegistry, ExceptionsAreCriticalResultsWithoutTheirText) {
  RegistryOptions options;
  std::mutex mutex;
  std::string logged;
  options.on_exception = [&](std::string_view, std::string_view text) {
    const std::lock_guard lock{mutex};
    logged = text;
  };
  HealthRegistry registry{options};
  registry.add(spec("std", [](std::chrono::milliseconds) -> CheckResult {
    throw std::runtime_error{"connect to db.internal as app"};
  }));
  registry.add(spec("refusal", [](std::chrono::milliseconds) -> CheckResult {
    throw Error::database("DATABASE_ERROR", "The store is away.");
  }));
  registry.add(spec("odd", [](std::chrono::milliseconds) -> CheckResult { throw 42; }));
  for (const std::string name : {"std", "refusal", "odd"}) {
    ASSERT_TRUE(waitFor([&] { return reportOf(registry, name).isKnown(); }));
    EXPECT_EQ(reportOf(registry, name).status, Status::Critical) << name;
    EXPECT_EQ(reportOf(registry, name).last.code, "exception") << name;
  }
  EXPECT_EQ(reportOf(registry, "std").last.message, "The check failed unexpectedly.");
  EXPECT_EQ(reportOf(registry, "refusal").last.message, "The store is away.");
  EXPECT_TRUE(waitFor([&] {
    const std::lock_guard lock{mutex};
    return !logged.empty();
  }));
}

TEST(HealthRegistry, ADuplicateNameIsRefusedNamingBothOwners) {
  HealthRegistry registry;
  registry.add(counting("database", std::make_shared<std::atomic<int>>(0)));
  CheckSpec second = counting("database", std::make_shared<std::atomic<int>>(0));
  second.owner = "booking";
  try {
    registry.add(std::move(second));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "HEALTH_CHECK_EXISTS");
    EXPECT_NE(error.message().find("host"), std::string::npos);
    EXPECT_NE(error.message().find("booking"), std::string::npos);
  }
}

TEST(HealthRegistry, ASpecWithoutAFunctionOrIntervalIsRefused) {
  HealthRegistry registry;
  EXPECT_THROW(registry.add(spec("a", nullptr)), Error);
  CheckSpec no_interval = counting("b", std::make_shared<std::atomic<int>>(0));
  no_interval.interval = 0ms;
  EXPECT_THROW(registry.add(no_interval), Error);
}

TEST(HealthRegistry, RemoveTakesBackByOwnerAndSaysWhetherAFunctionIsStillInside) {
  OpenedGate held;
  HealthRegistry registry;
  CheckSpec theirs = hanging("stripe.api", held.gate);
  theirs.owner = "stripe";
  registry.add(std::move(theirs));
  registry.add(counting("mine", std::make_shared<std::atomic<int>>(0)));
  ASSERT_TRUE(waitFor([&] { return reportOf(registry, "stripe.api").hung; }));

  EXPECT_FALSE(registry.remove("stripe", 10ms));
  EXPECT_EQ(registry.snapshot()->find("stripe.api"), nullptr);
  EXPECT_NE(registry.snapshot()->find("mine"), nullptr);
  held.gate->open();
  EXPECT_TRUE(registry.remove("stripe", 5s));
}

TEST(HealthRegistry, AnOwnersChecksRunAgainThoughTheyHaveJustRun) {
  HealthRegistry registry;
  const auto theirs = std::make_shared<std::atomic<int>>(0);
  const auto others = std::make_shared<std::atomic<int>>(0);
  CheckSpec api = counting("shop.api", theirs);
  api.owner = "shop";
  api.interval = 1h;
  CheckSpec mine = counting("mine", others);
  mine.interval = 1h;
  registry.add(std::move(api));
  registry.add(std::move(mine));
  ASSERT_TRUE(waitFor([&] {
    return reportOf(registry, "shop.api").isKnown() && reportOf(registry, "mine").isKnown();
  }));
  registry.runAgain("shop");
  EXPECT_TRUE(waitFor([&] { return *theirs == 2; }));
  EXPECT_EQ(*others, 1);
}

TEST(HealthRegistry, C21_AnAttemptAtOnceWhenTheLastIsASecondOld) {
  HealthRegistry registry;
  const auto runs = std::make_shared<std::atomic<int>>(0);
  const auto fails = std::make_shared<std::atomic<bool>>(true);
  CheckSpec slow = spec("database", [runs, fails](std::chrono::milliseconds) {
    ++*runs;
    return CheckResult{*fails ? Status::Critical : Status::Healthy, "x", "", {}, {}, {}};
  });
  slow.interval = 1h;
  registry.add(std::move(slow));
  ASSERT_TRUE(waitFor([&] { return reportOf(registry, "database").isKnown(); }));
  EXPECT_FALSE(registry.requestImmediate("database")) << "too soon";
  EXPECT_FALSE(registry.requestImmediate("nobody"));
  *fails = false;
  EXPECT_TRUE(waitFor([&] {
    registry.requestImmediateOfFailing();
    return reportOf(registry, "database").status == Status::Healthy;
  })) << "without the request it would be an hour";
  EXPECT_EQ(*runs, 2);
}

TEST(HealthRegistry, ASnapshotNeverChangesAndTheNextHasAGreaterId) {
  HealthRegistry registry;
  const auto before = registry.snapshot();
  registry.add(counting("a", std::make_shared<std::atomic<int>>(0)));
  ASSERT_TRUE(waitFor([&] { return reportOf(registry, "a").isKnown(); }));
  EXPECT_TRUE(before->checks.empty());
  EXPECT_GT(registry.snapshot()->id, before->id);
}

TEST(HealthRegistry, TransitionsAreToldOnce) {
  std::mutex mutex;
  std::vector<CheckTransition> seen;
  RegistryOptions options;
  options.on_transition = [&](const CheckTransition& transition) {
    const std::lock_guard lock{mutex};
    seen.push_back(transition);
  };
  HealthRegistry registry{options};
  const auto runs = std::make_shared<std::atomic<int>>(0);
  registry.add(spec("a", [runs](std::chrono::milliseconds) {
    ++*runs;
    return CheckResult{Status::Degraded, "slow", "slow", {}, {}, {}};
  }));
  ASSERT_TRUE(waitFor([&] { return *runs >= 4; }));
  const std::lock_guard lock{mutex};
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Status::Degraded);
  EXPECT_EQ(seen[0].code, "slow");
}

TEST(HealthRegistry, EndsWithinItsPatienceThoughACheckHangs) {
  const OpenedGate held;
  const auto begin = std::chrono::steady_clock::now();
  {
    HealthRegistry registry{{1, 1, 20ms, {}, {}}};
    registry.add(hanging("hung", held.gate));
    ASSERT_TRUE(waitFor([&] { return reportOf(registry, "hung").hung; }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

}  // namespace
}  // namespace bulkhead::host::health
