// Jobs of the real program, while it and the plugin's home are killed.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "host_process.hpp"
#include "process_limit.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class JobFaults : public testing::Test {
 protected:
  void install(std::string_view life, std::string_view settings = "") {
    folder_.installHostile("chores", fmt::format("isolation = {}\n{}", life, settings));
  }
  void start() {
    host_ = std::make_unique<HostProcess>(folder_);
    ASSERT_TRUE(host_->awaitReady(seconds{30})) << host_->logText();
  }
  void makeTenant() {
    ASSERT_EQ(host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  }
  std::string enqueue(const json& job) {
    const HttpAnswer answer = host_->keyed("salon").post("/api/chores/v1/work", job.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.status == 200 ? answer.json().value("id", "") : "";
  }
  json effects() const {
    const HttpAnswer answer = host_->keyed("salon").get("/api/chores/v1/effects");
    return answer.status == 200 ? answer.json() : json::object();
  }
  bool awaitEffects(int jobs, seconds patience) const {
    return await([&] { return effects().value("jobs", 0) >= jobs; }, patience);
  }
  json jobs(std::string_view filter) const {
    return host_->keyed()
        .get(fmt::format("/api/admin/jobs?plugin=chores&{}", filter))
        .json()
        .value("data", json::array());
  }
  json job(const std::string& id) const {
    return host_->keyed().get("/api/admin/jobs/chores/" + id).json();
  }
  bool awaitState(const std::string& id, std::string_view state,
                  seconds patience = seconds{30}) const {
    return await([&] { return job(id).value("state", "") == state; }, patience);
  }
  int act(std::string_view path) const {
    return host_->keyed().post(fmt::format("/api/admin/jobs/chores/{}", path), "").status;
  }
  void leave() const {
    EXPECT_EQ(host_->keyed("salon").post("/api/chores/v1/leave", "{}").status, 200);
  }
  /// The plugin's worker among the host's children.
  pid_t worker() const {
    std::error_code gone;
    for (const auto& task :
         std::filesystem::directory_iterator{fmt::format("/proc/{}/task", host_->id()), gone}) {
      std::ifstream children{task.path() / "children"};
      for (pid_t child = 0; children >> child;) {
        std::string comm;
        std::getline(std::ifstream{fmt::format("/proc/{}/comm", child)}, comm);
        if (comm == "chores") return child;
      }
    }
    return 0;
  }
  void killWorker() const {
    pid_t id = 0;
    EXPECT_TRUE(await([&] { return (id = worker()) != 0; }));
    if (id != 0) kill(id, SIGKILL);
  }

  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

// Goal: whoever is killed, no job that was acknowledged is lost and none has its effect twice.
// Method: jobs come all the time while the home, and then the host, is killed hard; in the end each
// has one effect. A run whose host was killed is taken back when its lease is over.
TEST_F(JobFaults, NothingIsLostAndNothingHasItsEffectTwiceWhoeverIsKilled) {
  install("worker");
  start();
  makeTenant();
  constexpr int kTogether = 40;
  int enqueued = 0;
  const auto more = [&] {
    enqueue({{"count", kTogether}});
    enqueued += kTogether;
    EXPECT_TRUE(awaitEffects(enqueued - kTogether + 3, seconds{60})) << effects();
  };
  for (int round = 0; round < 2; ++round) {
    more();
    killWorker();
    more();
    host_->killHard();
    start();
  }
  EXPECT_TRUE(awaitEffects(enqueued, seconds{100})) << effects() << " of " << enqueued;
  const json done = effects();
  EXPECT_EQ(done.value("effects", 0), done.value("jobs", 0)) << "something is there twice";
  EXPECT_EQ(done.value("jobs", 0), enqueued);
  EXPECT_TRUE(jobs("state=dead").empty()) << jobs("state=dead");
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(JobFaults, AJobThatKillsItsHomeTwiceIsDeadAndTheOthersGoOn) {
  install("worker");
  start();
  makeTenant();
  // Due when all of them are there: whoever asks a home that dies is told 502.
  const std::string poison = enqueue({{"then", "die"}, {"in_s", 2}});
  enqueue({{"count", 5}, {"in_s", 2}});
  ASSERT_TRUE(awaitState(poison, "dead")) << job(poison) << host_->logText();
  EXPECT_EQ(job(poison).value("stalls", 0), 2);
  EXPECT_EQ(job(poison).value("error", "").substr(0, 8), "STALLED:");
  EXPECT_TRUE(awaitEffects(5, seconds{30})) << effects();
  EXPECT_EQ(effects().value("effects", 0), 5);
  EXPECT_EQ(host_->plugin("chores").value("restarts", 0), 2);
}

TEST_F(JobFaults, AReloadThatEndsItsHomeIsNoFaultOfAJob) {
  install("worker");
  start();
  makeTenant();
  const std::string errand = enqueue({{"queue", "errands"}});
  for (int reload = 0; reload < 3; ++reload) {
    ASSERT_TRUE(awaitState(errand, "running")) << job(errand);
    const HttpAnswer changed =
        host_->keyed().post("/api/admin/plugins/chores/reload?patience_ms=1", "");
    ASSERT_EQ(changed.status, 200) << changed.body;
  }
  leave();
  EXPECT_TRUE(awaitState(errand, "completed")) << job(errand);
  EXPECT_EQ(job(errand).value("stalls", -1), 0);
  EXPECT_EQ(job(errand).value("attempts", -1), 0) << "none of its ends was its own";
  EXPECT_EQ(effects().value("effects", 0), 1);
}

/// Of a plugin in either life.
class JobsAtStop : public JobFaults, public testing::WithParamInterface<const char*> {};

TEST_P(JobsAtStop, AHostThatStopsGivesItsJobsBack) {
  install(GetParam());
  start();
  makeTenant();
  const std::string errand = enqueue({{"queue", "errands"}});
  ASSERT_TRUE(awaitState(errand, "running")) << job(errand);
  EXPECT_EQ(host_->stop(seconds{30}), 0) << host_->logText();
  start();
  leave();
  EXPECT_TRUE(awaitState(errand, "completed", seconds{20})) << job(errand);
  EXPECT_EQ(job(errand).value("stalls", -1), 0);
  EXPECT_EQ(job(errand).value("attempts", -1), 0);
}

INSTANTIATE_TEST_SUITE_P(Lives, JobsAtStop, testing::Values("worker", "inprocess"));

TEST_F(JobFaults, AnOperatorSeesAndDoesWhatThereIsToDo) {
  install("inprocess");
  start();
  makeTenant();
  EXPECT_EQ(act("queues/sums/pause"), 200);
  const std::string first = enqueue({{"then", "fail"}});
  EXPECT_EQ(act("queues/nowhere/pause"), 404);
  const std::string second = enqueue({{"in_s", 3600}});
  EXPECT_EQ(job(first).value("state", ""), "available");
  EXPECT_EQ(job(second).value("state", ""), "scheduled");
  EXPECT_TRUE(await(
      [&] {
        return host_->keyed()
                   .get("/metrics")
                   .body.find(
                       R"(job_queue_jobs{plugin="chores",queue="sums",state="available"} 1)") !=
               std::string::npos;
      },
      seconds{20}));
  EXPECT_TRUE(await(
      [&] {
        const json queues =
            host_->keyed().get("/api/monitoring/health").json()["dependencies"]["jobQueues"];
        return queues.value("status", "") == "degraded" && !queues["queues"].value("sums", true) &&
               queues["queues"].value("errands", false);
      },
      seconds{20}));
  EXPECT_EQ(act(second + "/cancel"), 200);
  EXPECT_EQ(job(second).value("state", ""), "cancelled");
  EXPECT_EQ(act(second + "/cancel"), 409);
  EXPECT_EQ(act("none/cancel"), 404);
  EXPECT_EQ(act("none/retry"), 404);
  const CommandEnd resumed = folder_.run({"jobs", "resume", "chores", "sums"});
  EXPECT_EQ(resumed.code, 0) << resumed.errors;
  EXPECT_TRUE(awaitState(first, "retryable"));
  EXPECT_EQ(job(first).value("error", ""), "NO_ROOM: The book is full.");
  const CommandEnd listed = folder_.run({"jobs", "list", "--queue", "sums"});
  EXPECT_NE(listed.output.find("NO_ROOM"), std::string::npos) << listed.output << listed.errors;
  EXPECT_EQ(act(second + "/retry"), 200) << "a cancelled one";
  EXPECT_TRUE(awaitState(second, "completed"));
  EXPECT_EQ(act(second + "/retry"), 409);
  const CommandEnd schedules = folder_.run({"jobs", "schedules"});
  EXPECT_NE(schedules.output.find("30 2 * * *"), std::string::npos) << schedules.output;
  EXPECT_NE(host_->keyed().get("/api/admin/audit").body.find("/pause"), std::string::npos);
  const CommandEnd replayed = folder_.run({"jobs", "replay", "chores", "sums", "--json"});
  EXPECT_EQ(replayed.code, 0) << replayed.errors;
}

TEST_F(JobFaults, WhatAClosedPluginHasToDoIsSeenAndCanBeActedOn) {
  for (const char* life : {"worker", "inprocess"}) {
    HostFolder folder;
    folder.installHostile("chores", fmt::format("isolation = {}\n", life));
    HostProcess host{folder};
    ASSERT_TRUE(host.awaitReady(seconds{30})) << host.logText();
    ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
    const HttpAnswer enqueued =
        host.keyed("salon").post("/api/chores/v1/work", R"({"in_s":3600,"count":2})");
    ASSERT_EQ(enqueued.status, 200) << enqueued.body;
    const std::string id = enqueued.json().value("id", "");
    ASSERT_EQ(host.keyed().post("/api/admin/plugins/chores/disable", "").status, 200);
    const json rows =
        host.keyed().get("/api/admin/jobs?plugin=chores").json().value("data", json::array());
    EXPECT_EQ(rows.size(), 2U) << life << rows;
    EXPECT_EQ(host.keyed().post("/api/admin/jobs/chores/" + id + "/cancel", "").status, 200);
    EXPECT_EQ(host.keyed().get("/api/admin/jobs/chores/" + id).json().value("state", ""),
              "cancelled");
    ASSERT_EQ(host.keyed().post("/api/admin/plugins/chores/enable", "").status, 200);
    EXPECT_EQ(host.keyed().get("/api/admin/jobs/chores/" + id).json().value("state", ""),
              "cancelled")
        << "and it was written to its store";
    EXPECT_EQ(host.stop(), 0) << host.logText();
  }
}

// Goal: a disk that is full delays jobs, and neither loses nor doubles nor blames one. Method: no
// file of the worker may grow while one job runs and others become due.
TEST_F(JobFaults, ADiskThatIsFullDelaysJobsAndDoesNothingElseToThem) {
  install("worker");
  start();
  makeTenant();
  const std::string errand = enqueue({{"queue", "errands"}});
  ASSERT_TRUE(await([&] { return job(errand).value("progress", "") == "begun"; }));
  enqueue({{"count", 20}, {"in_s", 1}});
  {
    const faults::ProcessLimit full{worker(), RLIMIT_FSIZE, 4096};
    EXPECT_TRUE(await([&] {
      return host_->keyed("salon").post("/api/chores/v1/work", R"({"in_s":3600})").status == 503;
    }));
    const auto due = std::chrono::steady_clock::now() + seconds{3};
    EXPECT_TRUE(await([&] { return std::chrono::steady_clock::now() > due; }));
    EXPECT_EQ(effects().value("jobs", 0), 0) << "nothing can be written";
  }
  EXPECT_TRUE(
      await([&] { return host_->keyed("salon").post("/api/chores/v1/leave", "{}").status == 200; },
            seconds{20}));
  EXPECT_TRUE(awaitState(errand, "completed")) << job(errand);
  EXPECT_EQ(job(errand).value("stalls", -1), 0);
  EXPECT_TRUE(awaitEffects(21, seconds{60})) << effects();
  EXPECT_EQ(effects().value("effects", 0), 21) << effects();
}

TEST_F(JobFaults, OneThatRunsIsToldThatItIsCancelled) {
  install("worker");
  start();
  makeTenant();
  const std::string errand = enqueue({{"queue", "errands"}});
  ASSERT_TRUE(await([&] { return job(errand).value("progress", "") == "begun"; }));
  EXPECT_EQ(act(errand + "/cancel"), 200);
  EXPECT_TRUE(awaitState(errand, "cancelled")) << job(errand);
  EXPECT_EQ(effects().value("effects", -1), 0);
}

TEST_F(JobFaults, AScheduleFiresOnceForEachTimeThroughRestarts) {
  install("worker", "tick_s = 1\nmisfire = 2\n");
  start();
  makeTenant();
  for (int round = 0; round < 3; ++round) {
    const auto before = effects()["fires"].size();
    ASSERT_TRUE(await([&] { return effects()["fires"].size() > before + 1; }, seconds{40}))
        << effects();
    if (round == 1) {
      killWorker();
    } else {
      EXPECT_EQ(host_->stop(), 0);
      start();
    }
  }
  const json fires = effects()["fires"];
  for (std::size_t i = 1; i < fires.size(); ++i)
    EXPECT_GT(fires[i].get<std::int64_t>(), fires[i - 1].get<std::int64_t>()) << fires;
}

}  // namespace
}  // namespace bulkhead::integration
