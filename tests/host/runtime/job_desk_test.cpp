#include "runtime/job_desk.hpp"

#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>

#include "data/sqlite_store.hpp"
#include "runtime/job_rows.hpp"
#include "runtime/job_schema.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;
/// 2027-01-15T08:00:00Z.
constexpr std::int64_t kNow = 1'800'000'000 * kSecond;

std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds{20};
}

/// A desk on a store in memory, at whatever time it is told.
class JobDeskTest : public ::testing::Test {
 protected:
  JobDeskTest() { migrateJobs(*store_, "desk", soon()); }

  Json ask(const Json& request) {
    const DeskStore desk{[&](const data::TransactionClosure& work) { store_->read(work, soon()); },
                         [&](const data::TransactionClosure& work) { store_->write(work, soon()); },
                         now_us_, now_us_};
    const JobDeskHome home{schedules_, [this] { return newId(); },
                           [this](std::int64_t seq) { return held_.contains(seq); }, 0};
    return Json::parse(answerJobDesk(request.dump(), desk, home));
  }
  Json tend() {
    return ask({{"verb", "tend"}, {"limits", {{"sums", 10}, {"errands", 10}, {"ticks", 10}}}});
  }
  std::string newId() { return fmt::format("job-{}", ++ids_); }

  template <class Work>
  auto write(const Work& work) {
    std::optional<std::invoke_result_t<const Work&, data::Transaction&>> result;
    store_->write([&](data::Transaction& transaction) { result = work(transaction); }, soon());
    return *result;
  }
  jobs::Enqueued enqueue(jobs::NewJob job) {
    const std::string id = newId();
    return write([&](data::Transaction& transaction) {
      return jobs::enqueue(transaction, job, id, now_us_);
    });
  }
  std::optional<jobs::Claimed> claim(std::int64_t seq, std::string_view owner = "me") {
    return write([&](data::Transaction& transaction) {
      return jobs::claim(transaction, seq, owner, now_us_);
    });
  }
  std::string_view fail(const jobs::Run& run, std::uint32_t attempts_max = 3) {
    return write([&](data::Transaction& transaction) {
      return jobs::fail(transaction, run, {"NO: it cannot.", attempts_max, now_us_, 0});
    });
  }
  bool complete(const jobs::Run& run) {
    return write(
        [&](data::Transaction& transaction) { return jobs::complete(transaction, run, now_us_); });
  }
  /// The first that is due, claimed.
  jobs::Claimed next(std::string_view owner = "me") {
    const Json due = tend().at("due");
    if (due.empty()) throw std::runtime_error{"nothing is due"};
    return claim(due.front().at("seq").get<std::int64_t>(), owner).value();
  }
  std::string stateOf(const std::string& id) {
    const Json job = ask({{"verb", "inspect"}, {"id", id}}).at("job");
    return job.is_null() ? "none" : job.at("state").get<std::string>();
  }
  void schedule(const Json& options) { schedules_ = {scheduleFrom("tick", options.dump())}; }

  std::unique_ptr<data::Store> store_ = data::openSqliteStore({});
  std::vector<RegisteredSchedule> schedules_;
  std::set<std::int64_t> held_;
  std::int64_t now_us_ = kNow;
  int ids_ = 0;
};

TEST_F(JobDeskTest, TheHighestPriorityIsFirstAndThenTheOldest) {
  enqueue({.queue = "sums", .key = "a"});
  enqueue({.queue = "sums", .key = "b"});
  enqueue({.queue = "sums", .key = "c", .priority = 5});
  std::string order;
  for (int i = 0; i < 3; ++i) order += next().key;
  EXPECT_EQ(order, "cab");
}

TEST_F(JobDeskTest, OneIsNotRunBeforeItsTime) {
  const auto job = enqueue({.queue = "sums", .run_at_us = kNow + 5 * kSecond});
  const Json told = tend();
  EXPECT_TRUE(told.at("due").empty());
  EXPECT_EQ(told.at("next_in_us"), 5 * kSecond);
  EXPECT_EQ(stateOf(job.id), "scheduled");
  now_us_ += 5 * kSecond;
  EXPECT_EQ(tend().at("due").size(), 1U);
  EXPECT_EQ(stateOf(job.id), "available");
}

TEST_F(JobDeskTest, AKeyIsOfOneJobAtATime) {
  const auto first = enqueue({.queue = "sums", .key = "k"});
  EXPECT_TRUE(first.is_new);
  const auto second = enqueue({.queue = "sums", .key = "k"});
  EXPECT_FALSE(second.is_new);
  EXPECT_EQ(second.id, first.id);
  EXPECT_TRUE(enqueue({.queue = "errands", .key = "k"}).is_new) << "of one queue";
  EXPECT_TRUE(enqueue({.queue = "sums"}).is_new && enqueue({.queue = "sums"}).is_new);
  const auto run = claim(1);
  EXPECT_FALSE(enqueue({.queue = "sums", .key = "k"}).is_new) << "it runs";
  EXPECT_TRUE(complete(run->run));
  EXPECT_TRUE(enqueue({.queue = "sums", .key = "k"}).is_new) << "it is finished";
}

TEST_F(JobDeskTest, WhatIsNoJobIsRefused) {
  EXPECT_THROW(enqueue({.queue = "sums", .key = std::string(257, 'k')}), Error);
  EXPECT_THROW(enqueue({.queue = "sums", .payload = std::string(262'145, 'p')}), Error);
  EXPECT_THROW(enqueue({.queue = "sums", .priority = 101}), Error);
}

TEST_F(JobDeskTest, OneThatFailsComesAgainLaterAndLaterAndIsDeadInTheEnd) {
  const auto job = enqueue({.queue = "sums"});
  EXPECT_EQ(fail(next().run), "retry");
  EXPECT_EQ(stateOf(job.id), "retryable");
  EXPECT_TRUE(tend().at("due").empty());
  now_us_ += 5 * kSecond;
  EXPECT_EQ(fail(next().run), "retry");
  now_us_ += 5 * kSecond;
  EXPECT_TRUE(tend().at("due").empty()) << "twice as long";
  now_us_ += 5 * kSecond;
  EXPECT_EQ(fail(next().run), "dead");
  now_us_ += 365 * kDay;
  EXPECT_TRUE(tend().at("due").empty());
  EXPECT_TRUE(ask({{"verb", "retry"}, {"id", job.id}}).at("retried"));
  EXPECT_EQ(next().attempts, 0U) << "as if it had never failed";
}

TEST_F(JobDeskTest, TheDelayGrowsToADayAndIsSpreadFromNearlyNothing) {
  EXPECT_EQ(jobs::delayUs(1, 0), 5 * kSecond);
  EXPECT_EQ(jobs::delayUs(3, 0), 20 * kSecond);
  EXPECT_EQ(jobs::delayUs(30, 0), kDay);
  EXPECT_EQ(jobs::delayUs(3, 0.5), 10 * kSecond);
  EXPECT_EQ(jobs::delayUs(1, 0.999), kSecond / 10);
}

TEST_F(JobDeskTest, AFailedOneIsNotLateWhenTheClockIsSetBack) {
  enqueue({.queue = "sums"});
  EXPECT_EQ(fail(next().run), "retry");
  now_us_ -= kDay;
  EXPECT_EQ(tend().at("due").size(), 1U);
}

// Goal: who lost a job writes nothing any more. Control: the same statements without the token
// would have ended the other one's run, as the row's state says.
TEST_F(JobDeskTest, OnlyTheLastClaimOfAJobCounts) {
  const auto job = enqueue({.queue = "sums"});
  const auto early = next("early");
  now_us_ += jobs::kLeaseUs + 1;
  const auto late = next("late");
  EXPECT_GT(late.run.token, early.run.token);
  const auto asEarly = [&](const auto& work) {
    return write([&](data::Transaction& transaction) { return work(transaction, early.run); });
  };
  EXPECT_FALSE(complete(early.run));
  EXPECT_EQ(fail(early.run), "lost");
  EXPECT_FALSE(asEarly([&](auto& tx, const auto& run) { return jobs::renew(tx, run, now_us_); }));
  EXPECT_FALSE(asEarly([&](auto& tx, const auto& run) { return jobs::isOurs(tx, run); }));
  EXPECT_FALSE(asEarly([&](auto& tx, const auto& run) { return jobs::tell(tx, run, "x"); }));
  EXPECT_FALSE(asEarly([&](auto& tx, const auto& run) { return jobs::release(tx, run, now_us_); }));
  EXPECT_EQ(asEarly([&](auto& tx, const auto& run) { return jobs::stall(tx, run, now_us_); }),
            "lost");
  EXPECT_EQ(stateOf(job.id), "running") << "the state alone would have let all of them through";
  EXPECT_TRUE(complete(late.run));
  EXPECT_EQ(stateOf(job.id), "completed");
}

TEST_F(JobDeskTest, OneIsClaimedByOne) {
  enqueue({.queue = "sums"});
  EXPECT_TRUE(claim(1, "one"));
  EXPECT_FALSE(claim(1, "other"));
}

TEST_F(JobDeskTest, WhoIsSilentLosesItsJobAndTwiceIsTooOften) {
  const auto job = enqueue({.queue = "sums"});
  next();
  now_us_ += jobs::kLeaseUs - kSecond;
  EXPECT_TRUE(tend().at("stalled").empty()) << "its lease is not over";
  now_us_ += 2 * kSecond;
  EXPECT_EQ(tend().at("stalled"), Json::parse(R"([{"queue":"sums","state":"available"}])"));
  next();
  now_us_ += jobs::kLeaseUs + kSecond;
  EXPECT_EQ(tend().at("stalled").front().at("state"), "dead");
  EXPECT_EQ(stateOf(job.id), "dead");
}

TEST_F(JobDeskTest, WhoRenewsItsLeaseKeepsIt) {
  enqueue({.queue = "sums"});
  const auto job = next();
  for (int i = 0; i < 3; ++i) {
    now_us_ += jobs::kLeaseUs - kSecond;
    EXPECT_TRUE(write([&](data::Transaction& transaction) {
      return jobs::renew(transaction, job.run, now_us_);
    }));
  }
  EXPECT_TRUE(tend().at("stalled").empty());
}

TEST_F(JobDeskTest, AJumpOfTheClockTakesNothingFromWhoIsAlive) {
  enqueue({.queue = "sums"});
  const auto job = next();
  held_ = {job.run.seq};
  now_us_ += kDay;
  EXPECT_TRUE(tend().at("stalled").empty()) << "somebody works on it";
  now_us_ -= 2 * kDay;
  EXPECT_TRUE(tend().at("stalled").empty());
  held_ = {};
  EXPECT_EQ(tend().at("stalled").size(), 1U) << "its lease ends after ever so long";
}

TEST_F(JobDeskTest, ARunIsTakenBackByTheNameOfItsOwner) {
  const auto job = enqueue({.queue = "sums"});
  next("run:1");
  EXPECT_EQ(ask({{"verb", "lost"}, {"owner", "run:2"}}).at("state"), "lost");
  EXPECT_EQ(ask({{"verb", "lost"}, {"owner", "run:1"}, {"blamed", false}}).at("state"),
            "available");
  for (int i = 0; i < 2; ++i) {
    next("run:3");
    ask({{"verb", "lost"}, {"owner", "run:3"}, {"blamed", true}});
  }
  EXPECT_EQ(stateOf(job.id), "dead") << "of two ends that it is blamed for";
}

TEST_F(JobDeskTest, OneThatOverranHasFailed) {
  const auto job = enqueue({.queue = "sums"});
  const auto run = next("run:1").run;
  EXPECT_EQ(ask({{"verb", "overrun"}, {"owner", "run:1"}, {"error", "LATE"}, {"attempts_max", 2}})
                .at("outcome"),
            "retry");
  EXPECT_FALSE(complete(run));
  EXPECT_EQ(stateOf(job.id), "retryable");
}

TEST_F(JobDeskTest, ACancelledOneIsNotRunAndOneThatRunsIsTold) {
  const auto waiting = enqueue({.queue = "sums"});
  EXPECT_EQ(ask({{"verb", "cancel"}, {"id", waiting.id}}).at("outcome"), "cancelled");
  EXPECT_TRUE(tend().at("due").empty());
  EXPECT_EQ(ask({{"verb", "cancel"}, {"id", waiting.id}}).at("outcome"), "finished");
  EXPECT_EQ(ask({{"verb", "cancel"}, {"id", "nobody"}}).at("outcome"), "gone");
  const auto running = enqueue({.queue = "sums"});
  const auto run = next().run;
  const auto tell = [&](std::string_view progress) {
    return write(
        [&](data::Transaction& transaction) { return jobs::tell(transaction, run, progress); });
  };
  EXPECT_EQ(tell("half"), std::optional{false});
  EXPECT_EQ(ask({{"verb", "cancel"}, {"id", running.id}}).at("outcome"), "wanted");
  EXPECT_EQ(tell({}), std::optional{true});
  EXPECT_EQ(ask({{"verb", "inspect"}, {"id", running.id}}).at("job").at("progress"), "half");
  EXPECT_EQ(fail(run), "cancelled");
  EXPECT_EQ(stateOf(running.id), "cancelled");
}

TEST_F(JobDeskTest, APausedQueueKeepsItsJobs) {
  enqueue({.queue = "sums"});
  enqueue({.queue = "errands"});
  ask({{"verb", "pause"}, {"queue", "sums"}});
  ask({{"verb", "pause"}, {"queue", "sums"}});
  EXPECT_EQ(tend().at("due").size(), 1U) << "the other queue's";
  EXPECT_FALSE(claim(1)) << "what was due before the pause";
  EXPECT_EQ(ask({{"verb", "figures"}}).at("paused"), Json::array({"sums"}));
  ask({{"verb", "resume"}, {"queue", "sums"}});
  EXPECT_EQ(tend().at("due").size(), 2U);
}

TEST_F(JobDeskTest, AllDeadOnesOfAQueueAreRunAgain) {
  for (int i = 0; i < 450; ++i) enqueue({.queue = "sums"});
  enqueue({.queue = "errands"});
  for (std::int64_t seq = 1; seq <= 451; ++seq) EXPECT_EQ(fail(claim(seq)->run, 1), "dead");
  const Json told = ask({{"verb", "replay"}, {"queue", "sums"}});
  EXPECT_EQ(told, (Json{{"retried", 450}, {"more", false}}));
  const Json figures = ask({{"verb", "figures"}}).at("figures");
  ASSERT_EQ(figures.size(), 2U);
  EXPECT_EQ(figures[0],
            (Json{{"queue", "errands"}, {"state", "dead"}, {"jobs", 1}, {"oldest_us", 0}}));
  EXPECT_EQ(figures[1].at("jobs"), 450);
}

TEST_F(JobDeskTest, ADeadOneWhoseKeyAnotherHasIsNotRunAgain) {
  const auto dead = enqueue({.queue = "sums", .key = "k"});
  EXPECT_EQ(fail(next().run, 1), "dead");
  enqueue({.queue = "sums", .key = "k"});
  EXPECT_FALSE(ask({{"verb", "retry"}, {"id", dead.id}}).at("retried"));
  EXPECT_EQ(ask({{"verb", "replay"}, {"queue", "sums"}}).at("retried"), 0);
}

TEST_F(JobDeskTest, FinishedOnesGoWhenTheyAreOldAndDeadOnesLater) {
  const auto done = enqueue({.queue = "sums"});
  complete(next().run);
  const auto dead = enqueue({.queue = "sums"});
  fail(next().run, 1);
  const auto waiting = enqueue({.queue = "sums"});
  const Json sweep{{"verb", "sweep"}, {"finished_us", 7 * kDay}, {"dead_us", 90 * kDay}};
  ask(sweep);
  EXPECT_EQ(stateOf(done.id), "completed");
  now_us_ += 8 * kDay;
  EXPECT_FALSE(ask(sweep).at("more"));
  EXPECT_EQ(stateOf(done.id), "none");
  EXPECT_EQ(stateOf(dead.id), "dead");
  now_us_ += 90 * kDay;
  ask(sweep);
  EXPECT_EQ(stateOf(dead.id), "none");
  EXPECT_EQ(stateOf(waiting.id), "available");
}

TEST_F(JobDeskTest, ListsShowWhatThereIsAndNeverWhatItCarries) {
  enqueue({.queue = "sums", .tenant = "t1", .payload = "secret"});
  enqueue({.queue = "errands"});
  const Json all = ask({{"verb", "list"}}).at("jobs");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].at("queue"), "errands") << "the newest first";
  EXPECT_EQ(all[1].at("payload_bytes"), 6);
  EXPECT_EQ(all.dump().find("secret"), std::string::npos);
  EXPECT_EQ(ask({{"verb", "list"}, {"queue", "sums"}}).at("jobs").size(), 1U);
  EXPECT_EQ(ask({{"verb", "list"}, {"state", "dead"}}).at("jobs").size(), 0U);
  EXPECT_EQ(ask({{"verb", "list"}, {"before", 2}}).at("jobs").size(), 1U);
  EXPECT_THROW(ask({{"verb", "forget"}}), Error);
}

TEST_F(JobDeskTest, ATimeFiresOnceWhoeverLooksAndHoweverOften) {
  schedule({{"queue", "ticks"}, {"every_s", 60}});
  EXPECT_EQ(tend().at("fired"), 0) << "from now on";
  EXPECT_EQ(tend().at("next_in_us"), 60 * kSecond);
  now_us_ += 60 * kSecond;
  EXPECT_EQ(tend().at("fired"), 1);
  EXPECT_EQ(tend().at("fired"), 0);
  now_us_ -= 30 * kSecond;
  EXPECT_EQ(tend().at("fired"), 0);
  now_us_ += 30 * kSecond;
  EXPECT_EQ(tend().at("fired"), 0) << "again, after the clock was set back";
  now_us_ += 60 * kSecond;
  EXPECT_EQ(tend().at("fired"), 1);
  const Json jobs = ask({{"verb", "list"}}).at("jobs");
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].at("schedule"), "tick");
  EXPECT_EQ(jobs[0].at("fire_us"), kNow + 120 * kSecond);
}

TEST_F(JobDeskTest, MissedTimesAreAsThePolicySays) {
  const std::pair<const char*, int> policies[] = {{"skip", 0}, {"fire_once", 1}, {"catch_up", 3}};
  for (const auto& [policy, fires] : policies) {
    schedule({{"queue", "ticks"}, {"every_s", 3600}, {"misfire", policy}, {"catch_up_max", 3}});
    tend();
    now_us_ += kDay + 1800 * kSecond;
    EXPECT_EQ(tend().at("fired"), fires) << policy;
    EXPECT_EQ(tend().at("fired"), 0);
    now_us_ += 1800 * kSecond;
    EXPECT_EQ(tend().at("fired"), 1) << "and on from there";
  }
}

TEST_F(JobDeskTest, AClockThatWasSetForwardAndBackDoesNotStopASchedule) {
  schedule({{"queue", "ticks"}, {"every_s", 60}});
  tend();
  now_us_ += 365 * kDay;
  EXPECT_EQ(tend().at("fired"), 1);
  now_us_ -= 365 * kDay;
  tend();
  now_us_ += 60 * kSecond;
  EXPECT_EQ(tend().at("fired"), 1);
}

TEST_F(JobDeskTest, TwoVersionsBesideEachOtherMissNoTime) {
  const Json older{{"queue", "ticks"}, {"every_s", 60}};
  Json newer = older;
  newer["payload"] = "new";
  std::int64_t fired = 0;
  for (int i = 0; i < 60; ++i) {  // ten minutes
    schedule(i % 2 == 0 ? older : newer);
    fired += tend().at("fired").get<std::int64_t>();
    now_us_ += 10 * kSecond;
  }
  EXPECT_EQ(fired, 9);
}

TEST_F(JobDeskTest, AScheduleIsRefusedWithItsReason) {
  const Json bad[] = {{{"queue", "q"}},
                      {{"queue", "q"}, {"cron", "* * * * *"}, {"every_s", 5}},
                      {{"queue", "q"}, {"cron", "* * *"}},
                      {{"queue", "q"}, {"every_s", 5}, {"misfire", "never"}},
                      {{"queue", "q"}, {"every_s", 5}, {"catch_up_max", 101}},
                      {{"every_s", 5}},
                      {{"queue", "q"}, {"every_s", 5}, {"wat", 1}}};
  for (const Json& options : bad) EXPECT_THROW(schedule(options), Error) << options;
}

}  // namespace
}  // namespace bulkhead::host
