// What a test of a plugin sees of its jobs, and that no failure of the host loses or doubles one.
#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

#include <bulkhead/testing/fail_each_call.hpp>
#include <bulkhead/testing/test_host.hpp>

namespace bulkhead::testing {
namespace {

using std::chrono::seconds;

class JobsOfTestHost : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("BULKHEAD_PLUGIN_DIR", BULKHEAD_BUILD_DIR "/hostile", 1); }
  static void TearDownTestSuite() { unsetenv("BULKHEAD_PLUGIN_DIR"); }

  static void enqueue(TestHost& host, std::string_view job) {
    expectStatus(host.post("/api/chores/v1/work", job), 200);
  }
  static std::string effects(TestHost& host) { return host.get("/api/chores/v1/effects").body; }
};

TEST_F(JobsOfTestHost, AJobIsDoneOnceAndWhenTheTestSaysSo) {
  TestHost host{"chores"};
  enqueue(host, R"({"count":3})");
  EXPECT_EQ(effects(host), R"({"effects":0,"jobs":0,"begun":0,"fires":[]})");
  EXPECT_EQ(host.runJobs().completed, 3U);
  EXPECT_EQ(effects(host), R"({"effects":3,"jobs":3,"begun":0,"fires":[]})");
  EXPECT_EQ(host.runJobs().completed, 0U);
  ASSERT_EQ(host.jobs("sums").size(), 3U);
  EXPECT_EQ(host.jobs("sums")[0].state, "completed");
  EXPECT_EQ(host.jobs("sums")[0].tenant, "t1");
}

TEST_F(JobsOfTestHost, OneThatFailsComesAgainAndIsDeadInTheEnd) {
  TestHost host{"chores"};
  enqueue(host, R"({"then":"fail"})");
  EXPECT_EQ(host.runJobs().failed, 1U);
  EXPECT_EQ(host.runJobs().failed, 0U) << "the clock stands still";
  host.advance(seconds{5});
  EXPECT_EQ(host.runJobs().failed, 1U);
  host.advance(seconds{10});
  EXPECT_EQ(host.runJobs().dead, 1U);
  EXPECT_EQ(host.jobs("sums")[0].state, "dead");
  EXPECT_EQ(host.jobs("sums")[0].error, "NO_ROOM: The book is full.");
  EXPECT_EQ(effects(host), R"({"effects":0,"jobs":0,"begun":0,"fires":[]})");
}

TEST_F(JobsOfTestHost, OneOutsideOfATransactionShowsHowFarItIs) {
  TestHost host{"chores"};
  enqueue(host, R"({"queue":"errands"})");
  expectStatus(host.post("/api/chores/v1/leave", "{}"), 200);
  EXPECT_EQ(host.runJobs().completed, 1U);
  EXPECT_EQ(host.jobs("errands")[0].progress, "begun");
  EXPECT_EQ(effects(host), R"({"effects":1,"jobs":1,"begun":1,"fires":[]})");
}

TEST_F(JobsOfTestHost, KeysTimesAndCancelsCount) {
  TestHost host{"chores"};
  enqueue(host, R"({"key":"k","count":2})");
  enqueue(host, R"({"in_s":60})");
  EXPECT_EQ(host.runJobs().completed, 1U);
  host.cancelJob(host.jobs("sums")[0].id);
  host.advance(seconds{61});
  EXPECT_EQ(host.runJobs().completed, 0U);
  EXPECT_EQ(host.jobs("sums")[0].state, "cancelled");
}

// 2026-03-29T02:30 is no time in Berlin, and 2026-10-25T02:30 comes twice.
TEST_F(JobsOfTestHost, AScheduleFiresOnceADayWhateverTheClocksDo) {
  TestHost host{"chores"};
  host.setTime("2026-03-27T12:00:00Z");
  host.runJobs();
  for (int hour = 0; hour < 72; ++hour) {
    host.advance(seconds{3600});
    host.runJobs();
    if (hour % 7 == 0) host.restart();
  }
  EXPECT_EQ(effects(host),
            R"({"effects":3,"jobs":3,"begun":0,"fires":[1774661400,1774746000,1774830600]})");
  TestHost autumn{"chores"};
  autumn.setTime("2026-10-24T12:00:00Z");
  autumn.runJobs();
  for (int hour = 0; hour < 48; ++hour) {
    autumn.advance(seconds{3600});
    autumn.runJobs();
  }
  EXPECT_EQ(effects(autumn), R"({"effects":2,"jobs":2,"begun":0,"fires":[1792888200,1792978200]})");
}

TEST_F(JobsOfTestHost, MissedTimesAreAsTheScheduleSays) {
  const std::pair<int, std::size_t> policies[] = {{0, 0}, {1, 1}, {2, 3}};
  for (const auto& [misfire, fires] : policies) {
    TestHost host{"chores", {{"tick_s", 3600}, {"misfire", misfire}}};
    host.runJobs();
    host.advance(seconds{86'400 + 1800});
    EXPECT_EQ(host.runJobs().completed, fires) << misfire;
  }
}

TEST_F(JobsOfTestHost, NoFailureOfTheHostLosesAJobOrHasItTwice) {
  Scenario jobs;
  jobs.plugin = "chores";
  jobs.run = [](TestHost& host) {
    enqueue(host, R"({"count":2})");
    enqueue(host, R"({"queue":"errands","key":"one"})");
    expectStatus(host.post("/api/chores/v1/leave", "{}"), 200);
    for (int tries = 0; tries < 4; ++tries) {
      host.runJobs();
      host.advance(seconds{3600});
    }
  };
  jobs.verify = [](TestHost& host) {
    const std::string told = effects(host);
    if (told.find(R"("effects":3,"jobs":3)") == std::string::npos)
      throw std::runtime_error{"lost, or there twice: " + told};
  };
  const FailureReport report = failEachCall(jobs);
  EXPECT_GT(report.runs, 20U);
  for (const auto& problem : report.problems) ADD_FAILURE() << problem;
}

}  // namespace
}  // namespace bulkhead::testing
