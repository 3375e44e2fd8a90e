// Events between two plugins of the real program, while it and they are killed.
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

class MessageFaults : public testing::Test {
 protected:
  void install(std::string_view life) {
    const std::string settings = fmt::format("isolation = {}\n", life);
    folder_.installHostile("teller", settings);
    folder_.installHostile("clerk", settings);
  }
  void start() {
    auto host = std::make_shared<HostProcess>(folder_);
    ASSERT_TRUE(host->awaitReady(seconds{30}));
    const std::lock_guard lock{mutex_};
    host_ = std::move(host);
  }
  void makeTenant() {
    ASSERT_EQ(host()->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  }
  std::shared_ptr<HostProcess> host() const {
    const std::lock_guard lock{mutex_};
    return host_;
  }
  int deposit(int from, int count, std::string_view then = "",
              std::string_view subject = "") const {
    return host()
        ->keyed("salon")
        .post("/api/teller/v1/deposits",
              json{{"from", from}, {"count", count}, {"then", then}, {"subject", subject}}.dump())
        .status;
  }
  json entries() const {
    const HttpAnswer answer = host()->keyed("salon").get("/api/clerk/v1/entries");
    return answer.status == 200 ? answer.json() : json::object();
  }
  json messages(std::string_view state) const {
    return host()
        ->keyed()
        .get(fmt::format("/api/admin/plugins/clerk/messages?state={}", state))
        .json()
        .value("data", json::array());
  }
  /// The worker of a plugin, by its name among the host's children.
  pid_t worker(std::string_view name) const {
    const auto tasks = fmt::format("/proc/{}/task", host()->id());
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator{tasks, gone}) {
      std::ifstream children{task.path() / "children"};
      for (pid_t child = 0; children >> child;) {
        std::string comm;
        std::getline(std::ifstream{fmt::format("/proc/{}/comm", child)}, comm);
        if (comm == name) return child;
      }
    }
    return 0;
  }
  void killWorker(std::string_view name) const {
    pid_t id = 0;
    EXPECT_TRUE(await([&] { return (id = worker(name)) != 0; }));
    if (id != 0) kill(id, SIGKILL);
  }

  HostFolder folder_;
  mutable std::mutex mutex_;
  std::shared_ptr<HostProcess> host_;
};

/// Publishes until it is told to stop; what is not answered with 200 is sent again.
class Depositor {
 public:
  explicit Depositor(std::function<int(int from, int count)> deposit)
      : thread_{[this, deposit = std::move(deposit)] {
          while (!stop_) {
            if (deposit(published_, kTogether) == 200) {
              published_ += kTogether;
            } else {
              // allowed: between two tries
              std::this_thread::sleep_for(milliseconds{20});
            }
          }
        }} {}
  ~Depositor() { stop(); }
  Depositor(const Depositor&) = delete;
  Depositor& operator=(const Depositor&) = delete;

  int published() const { return published_; }
  int stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return published_;
  }

 private:
  static constexpr int kTogether = 5;
  std::atomic<bool> stop_{false};
  std::atomic<int> published_{0};
  std::thread thread_;
};

TEST_F(MessageFaults, NothingIsLostAndNothingHasItsEffectTwiceWhoeverIsKilled) {
  install("worker");
  start();
  makeTenant();
  Depositor depositor{[this](int from, int count) { return deposit(from, count); }};
  const auto more = [&] {
    const int before = depositor.published();
    EXPECT_TRUE(await([&] { return depositor.published() > before + 10; }, seconds{30}));
  };
  for (int round = 0; round < 2; ++round) {
    more();
    killWorker("clerk");
    more();
    killWorker("teller");
    more();
    host()->killHard();
    start();
  }
  more();
  const int published = depositor.stop();
  EXPECT_TRUE(await([&] { return entries().value("events", 0) >= published; }, seconds{60}))
      << entries() << " of " << published;
  const json written = entries();
  EXPECT_EQ(written.value("events", 0), written.value("effects", 0)) << "something is there twice";
  // one that was committed and not answered was sent again with the same key
  EXPECT_EQ(written.value("events", 0), published);
  EXPECT_EQ(host()->stop(), 0);
}

TEST_F(MessageFaults, AMessageThatKillsTwiceIsPoisonAndIsNotTriedAgain) {
  install("worker");
  start();
  makeTenant();
  ASSERT_EQ(deposit(0, 1, "die", "account"), 200);
  ASSERT_EQ(deposit(1, 1, "", "account"), 200);
  ASSERT_TRUE(await([&] { return messages("dead").size() == 1; }, seconds{30}));
  const json dead = messages("dead")[0];
  EXPECT_EQ(dead.value("error", "").substr(0, 7), "POISON:") << dead;
  EXPECT_EQ(dead.value("id", ""), "deposited:0");
  EXPECT_TRUE(await([&] { return entries().value("events", 0) == 1; })) << "the next one goes on";
  EXPECT_EQ(host()->plugin("clerk").value("restarts", 0), 2);
  EXPECT_TRUE(await(
      [&] {
        return host()
                   ->keyed()
                   .get("/health?details=true")
                   .body.find("1 messages of bank/1 are dead") != std::string::npos;
      },
      seconds{20}));
  const std::string metrics = host()->keyed().get("/metrics").body;
  EXPECT_NE(metrics.find(R"(bulkhead_inbox_dead{plugin="clerk",source="bank/1"} 1)"),
            std::string::npos);
}

// Goal: a message is poison by the deaths that it brings about, and not by those that the host
// wants. Method: reloads that do not wait end the worker that handles it, more often than it may
// die.
TEST_F(MessageFaults, AReloadThatEndsItsWorkerIsNoFaultOfAMessage) {
  install("worker");
  start();
  makeTenant();
  const auto post = [&](const std::string& path, const json& body) {
    return host()->keyed("salon").post(path, body.dump()).status;
  };
  ASSERT_EQ(post("/api/teller/v1/deposits", {{"from", 0}, {"count", 1}, {"event", "closed"}}), 200);
  for (int begun = 1; begun <= 3; ++begun) {
    ASSERT_TRUE(await([&] { return entries().value("effects", 0) >= begun; }, seconds{20}))
        << begun << entries() << messages("dead");
    const HttpAnswer changed =
        host()->keyed().post("/api/admin/plugins/clerk/reload?patience_ms=1", "");
    ASSERT_EQ(changed.status, 200) << changed.body;
  }
  ASSERT_TRUE(await([&] { return entries().value("effects", 0) >= 4; }, seconds{20}));
  ASSERT_EQ(post("/api/clerk/v1/leave", json::object()), 200);
  EXPECT_TRUE(await([&] { return messages("done").size() == 1; }, seconds{20}));
  EXPECT_TRUE(messages("dead").empty()) << messages("dead");
}

TEST_F(MessageFaults, WhatIsDeadIsShownAndReplayed) {
  install("inprocess");
  start();
  makeTenant();
  ASSERT_EQ(deposit(0, 1, "fail"), 200);
  ASSERT_TRUE(await([&] { return messages("dead").size() == 1; }, seconds{30}));
  const auto seq = messages("dead")[0].value("seq", 0);
  const CommandEnd listed = folder_.run({"plugin", "messages", "clerk", "--state", "dead"});
  EXPECT_EQ(listed.code, 0) << listed.errors;
  EXPECT_NE(listed.output.find("NO_ROOM: The book is full."), std::string::npos) << listed.output;
  const CommandEnd replayed =
      folder_.run({"plugin", "messages", "clerk", "--replay", std::to_string(seq)});
  EXPECT_EQ(replayed.code, 0) << replayed.errors;
  EXPECT_NE(host()->keyed().get("/api/admin/audit").body.find("/replay"), std::string::npos);
  EXPECT_EQ(host()
                ->keyed()
                .post(fmt::format("/api/admin/plugins/clerk/messages/{}/replay", seq), "")
                .status,
            409)
      << "it is not dead any more";
  const CommandEnd capabilities = folder_.run({"capabilities"});
  EXPECT_NE(capabilities.output.find("deposited"), std::string::npos) << capabilities.output;
}

}  // namespace
}  // namespace bulkhead::integration
