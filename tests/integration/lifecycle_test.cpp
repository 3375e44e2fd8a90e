#include <algorithm>
#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <thread>

#include "booking_business.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

TEST(Drain, C36_ReadinessEndsAtOnceAndWhatIsInFlightFinishes) {
  const HostFolder folder;
  folder.installHostile("handler-waits");
  HostProcess host{folder, {{"SHUTDOWN_DELAY", "2s"}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  HttpAnswer slow;
  std::thread caller{[&] { slow = host.keyed("salon").get("/api/handler-waits/v1/fault"); }};
  EXPECT_TRUE(await([&] { return host.plugin("handler-waits").value("running", 0) == 1; }));
  host.signal(SIGTERM);
  EXPECT_TRUE(await([&] { return host.client().get("/health/readiness").status == 503; },
                    milliseconds{1500}));
  EXPECT_EQ(host.client().get("/health/liveness").status, 200);
  EXPECT_EQ(host.client().get("/health/quick").status, 200);
  EXPECT_EQ(host.client().get("/openapi.json").header("connection"), "close");
  caller.join();
  EXPECT_EQ(slow.status, 200) << slow.body << slow.fault;
  EXPECT_EQ(host.awaitEnd(seconds{9}), 0) << host.logText();
  EXPECT_THAT(host.logText(), HasSubstr("\"message\":\"Draining"));
  EXPECT_THAT(host.logText(), HasSubstr("\"message\":\"Stopped\""));
  EXPECT_EQ(host.client().get("/health").status, 0) << "nobody listens any more";
}

TEST(Drain, ASlowRequestOutlivesTheDelay) {
  const HostFolder folder;
  folder.installHostile("handler-waits");
  HostProcess host{folder, {{"SHUTDOWN_DELAY", "0s"}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  HttpAnswer slow;
  std::thread caller{[&] { slow = host.keyed("salon").get("/api/handler-waits/v1/fault"); }};
  EXPECT_TRUE(await([&] { return host.plugin("handler-waits").value("running", 0) == 1; }));
  EXPECT_EQ(host.stop(), 0) << host.logText();
  caller.join();
  EXPECT_EQ(slow.status, 200) << slow.body << slow.fault;
}

TEST(Drain, ASecondSignalEndsAtOnce) {
  const HostFolder folder;
  HostProcess host{folder, {{"SHUTDOWN_DELAY", "60s"}}};
  ASSERT_TRUE(host.awaitReady());
  host.signal(SIGTERM);
  EXPECT_TRUE(await([&] { return host.client().get("/health/readiness").status == 503; }));
  EXPECT_TRUE(host.isRunning()) << "the first one waits for balancers";
  host.signal(SIGTERM);
  EXPECT_NE(host.awaitEnd(seconds{5}), -1);
}

TEST(Drain, ItEndsWhileAPluginHangsAtItsStart) {
  const HostFolder folder;
  folder.installHostile("create-hangs");
  HostProcess host{folder};
  EXPECT_EQ(host.client().get("/health/readiness").status, 503);
  EXPECT_EQ(host.stop(), 0) << host.logText();
}

/// Books one time after another until the host is gone; what was acknowledged, start by id.
std::map<std::string, std::string> bookUntilGone(const BookingBusiness& salon,
                                                 const std::vector<std::string>& starts, int round,
                                                 std::atomic<std::size_t>& acknowledged) {
  constexpr std::size_t kClients = 6;
  std::map<std::string, std::string> booked;
  std::mutex mutex;
  std::vector<std::thread> clients;
  for (std::size_t client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      for (std::size_t i = client; i < starts.size(); i += kClients) {
        const HttpAnswer answer = salon.book(starts[i], fmt::format("round-{}-{}", round, i));
        if (answer.status != 201) return;
        const std::lock_guard lock{mutex};
        booked[answer.json().at("id").get<std::string>()] = starts[i];
        ++acknowledged;
      }
    });
  }
  for (auto& client : clients) client.join();
  return booked;
}

TEST(Durability, S95_WhatWasAcknowledgedSurvivesTheKillOfTheHost) {
  constexpr int kRounds = 5;
  constexpr std::size_t kStarts = 400;
  const HostFolder folder;
  folder.install("booking");
  std::map<std::string, std::string> booked;
  for (int round = 0; round < kRounds; ++round) {
    HostProcess host{folder};
    ASSERT_TRUE(host.awaitReady()) << host.logText();
    const BookingBusiness salon{host};
    const auto starts = salon.starts(kStarts);
    for (const auto& [id, start] : booked)
      ASSERT_EQ(std::count(starts.begin(), starts.end(), start), 0) << start << " is free again";
    std::atomic<std::size_t> acknowledged{0};
    std::thread killer{[&] {
      await([&] { return acknowledged >= 25; });
      host.killHard();
    }};
    const auto news = bookUntilGone(salon, starts, round, acknowledged);
    killer.join();
    EXPECT_GE(news.size(), 25U);
    EXPECT_LT(news.size(), kStarts) << "it was killed too late to prove anything";
    booked.insert(news.begin(), news.end());
  }
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  const BookingBusiness salon{host};
  for (const auto& [id, start] : booked)
    EXPECT_EQ(salon.get("/appointments/" + id).json().value("start", ""), start);
  fmt::print("{} acknowledged bookings in {} rounds, none lost\n", booked.size(), kRounds);
  EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace bulkhead::integration
