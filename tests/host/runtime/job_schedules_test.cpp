// Schedules in a store: each time fires once.
#include "host/runtime/job_desk_fixture.hpp"

namespace bulkhead::host {
namespace {

class JobSchedulesTest : public JobDeskTest {};

TEST_F(JobSchedulesTest, ATimeFiresOnceWhoeverLooksAndHoweverOften) {
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

TEST_F(JobSchedulesTest, MissedTimesAreAsThePolicySays) {
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

TEST_F(JobSchedulesTest, AClockThatWasSetForwardAndBackDoesNotStopASchedule) {
  schedule({{"queue", "ticks"}, {"every_s", 60}});
  tend();
  now_us_ += 365 * kDay;
  EXPECT_EQ(tend().at("fired"), 1);
  now_us_ -= 365 * kDay;
  tend();
  EXPECT_EQ(ask({{"verb", "schedules"}}).at("schedules")[0].at("last_us"), 0)
      << "it has not fired by this clock";
  now_us_ += 60 * kSecond;
  EXPECT_EQ(tend().at("fired"), 1);
}

TEST_F(JobSchedulesTest, TwoVersionsBesideEachOtherMissNoTime) {
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

TEST_F(JobSchedulesTest, AScheduleIsRefusedWithItsReason) {
  const Json bad[] = {{{"queue", "q"}},
                      {{"queue", "q"}, {"cron", "* * * * *"}, {"every_s", 5}},
                      {{"queue", "q"}, {"cron", "* * *"}},
                      {{"queue", "q"}, {"every_s", 5}, {"misfire", "never"}},
                      {{"queue", "q"}, {"every_s", 5}, {"catch_up_max", 101}},
                      {{"queue", "q"}, {"every_s", 5}, {"payload", std::string(262'145, 'p')}},
                      {{"every_s", 5}},
                      {{"queue", "q"}, {"every_s", 5}, {"wat", 1}}};
  for (const Json& options : bad) EXPECT_THROW(schedule(options), Error) << options;
}

}  // namespace
}  // namespace bulkhead::host
