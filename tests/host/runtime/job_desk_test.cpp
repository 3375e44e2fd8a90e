// Jobs in a store: who has them, and what operators do with them.
#include "host/runtime/job_desk_fixture.hpp"

namespace bulkhead::host {
namespace {

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
  EXPECT_EQ(retry(job.id), "retried");
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
  EXPECT_EQ(told, (Json{{"retried", 450}, {"after", 450}, {"more", false}}));
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
  EXPECT_EQ(retry(dead.id), "refused");
  EXPECT_EQ(retry("nobody"), "gone");
  EXPECT_EQ(ask({{"verb", "replay"}, {"queue", "sums"}}).at("retried"), 0);
}

// Goal: one that is dead again by the next round is not run again and again. Method: the second
// round is told where the first ended.
TEST_F(JobDeskTest, AReplayRunsEachDeadOneOnce) {
  for (int i = 0; i < 2; ++i) {
    enqueue({.queue = "sums"});
    EXPECT_EQ(fail(next().run, 1), "dead");
  }
  const Json first = ask({{"verb", "replay"}, {"queue", "sums"}});
  EXPECT_EQ(first.at("retried"), 2);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(fail(next().run, 1), "dead");
  Json again{{"verb", "replay"}, {"queue", "sums"}, {"after", first.at("after")}};
  EXPECT_EQ(ask(again).at("retried"), 0);
  again["after"] = 0;
  EXPECT_EQ(ask(again).at("retried"), 2) << "the control: from the beginning they are there";
}

TEST_F(JobDeskTest, DeadOnesWhoseKeysOthersHaveHideNoneBehindThem) {
  const auto dieWithKey = [this](int i) {
    enqueue({.queue = "sums", .key = fmt::format("k{}", i)});
    EXPECT_EQ(fail(next().run, 1), "dead");
  };
  for (int i = 0; i < 210; ++i) dieWithKey(i);
  for (int i = 0; i < 205; ++i) enqueue({.queue = "sums", .key = fmt::format("k{}", i)});
  EXPECT_EQ(ask({{"verb", "replay"}, {"queue", "sums"}}).at("retried"), 5);
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

// Goal: what a desk does takes as long with a million jobs as with ten. Method: the engine's own
// plans; figures alone count, in an index.
TEST_F(JobDeskTest, NothingReadsAllJobs) {
  enqueue({.queue = "sums", .run_at_us = kNow - kSecond});
  EXPECT_EQ(fail(next().run), "retry");
  now_us_ += 5 * kSecond;
  tend();
  for (const char* verb : {"sweep", "figures", "list"}) ask({{"verb", verb}});
  ask({{"verb", "list"}, {"state", "dead"}});
  for (const char* verb : {"retry", "cancel", "inspect"}) ask({{"verb", verb}, {"id", "j"}});
  for (const char* verb : {"replay", "pause", "resume"}) ask({{"verb", verb}, {"queue", "sums"}});
  ask({{"verb", "lost"}, {"owner", "me"}});
  ASSERT_GT(plans_.size(), 15U);
  for (const auto& [sql, plan] : plans_) {
    const bool is_short = sql.find("state = 'running'") != std::string::npos;  // a lane's worth
    if (is_short || sql.find("count(*)") != std::string::npos) continue;
    EXPECT_EQ(plan.find("SCAN bulkhead_jobs"), std::string::npos) << sql << '\n' << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << sql << '\n' << plan;
    EXPECT_EQ(plan.find("bulkhead_jobs_listed (state=?)"), std::string::npos) << "all of a state:\n"
                                                                              << sql << '\n'
                                                                              << plan;
    const bool waits = sql.find("FROM bulkhead_jobs WHERE state IN ('scheduled'") != sql.npos;
    if (waits && sql.find("run_at_us <=") != std::string::npos) {
      EXPECT_NE(plan.find("bulkhead_jobs_waiting (run_at_us<?)"), std::string::npos) << plan;
    }
  }
}

TEST_F(JobDeskTest, WhatOneEngineWouldNotTakeNoneTakes) {
  for (const std::string_view bad : {std::string_view{"a\0b", 3}, std::string_view{"\xff"}}) {
    EXPECT_THROW(enqueue({.queue = "sums", .key = std::string{bad}}), Error);
    EXPECT_THROW(enqueue({.queue = "sums", .payload = std::string{bad}}), Error);
  }
  const auto job = enqueue({.queue = "sums", .payload = "\u00e4\u00f6"});
  const auto run = next().run;
  const std::string error = std::string(999, 'x') + "\u00e4" + std::string(1, '\0');
  write([&](data::Transaction& tx) { return jobs::tell(tx, run, std::string_view{"\xff!", 2}); });
  write([&](data::Transaction& tx) { return jobs::fail(tx, run, {error, 3, now_us_, 0}); });
  const Json shown = ask({{"verb", "inspect"}, {"id", job.id}}).at("job");
  EXPECT_EQ(shown.at("progress"), "?!");
  EXPECT_EQ(shown.at("error"), std::string(999, 'x')) << "cut between two characters";
  EXPECT_EQ(shown.at("payload_bytes"), 4);
}

TEST_F(JobDeskTest, ALeaseThatIsOverIsNothingToWaitFor) {
  enqueue({.queue = "sums"});
  const auto run = next().run;
  EXPECT_EQ(tend().at("next_in_us"), jobs::kLeaseUs);
  held_ = {run.seq};
  now_us_ += kDay;
  EXPECT_EQ(tend().at("next_in_us"), -1) << "who has it lives, and will renew it";
}

}  // namespace
}  // namespace bulkhead::host
