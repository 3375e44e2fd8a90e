#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
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
using testing::Not;

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

TEST(Drain, HalfARequestMakesTheStopNeitherSlowNorUnclean) {
  const HostFolder folder;
  HostProcess host{folder, {{"SHUTDOWN_DELAY", "0s"}, {"DRAIN_TIMEOUT", "20s"}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  const Poco::Net::SocketAddress address{"127.0.0.1", host.port()};
  constexpr std::string_view kBody =
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc";
  Poco::Net::StreamSocket in_head{address};
  in_head.sendBytes("GET /hea", 8);
  Poco::Net::StreamSocket in_body{address};
  in_body.sendBytes(kBody.data(), static_cast<int>(kBody.size()));
  EXPECT_EQ(host.stop(seconds{9}), 0) << host.logText();
  EXPECT_THAT(host.logText(), HasSubstr("\"message\":\"Stopped\""));
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

/// Each of them takes seconds to be given up; the first is waited for and no more.
TEST(Drain, ItEndsWhilePluginsHangAtTheirStart) {
  const HostFolder folder;
  folder.install("booking");
  for (const char* id : {"constructor-hangs", "create-hangs", "start-hangs"})
    folder.installHostile(id);
  HostProcess host{folder};
  ASSERT_TRUE(await([&] { return host.plugin("booking").value("state", "") == "running"; }));
  EXPECT_EQ(host.client().get("/health/readiness").status, 503);
  EXPECT_EQ(host.stop(), 0) << host.logText();
  EXPECT_THAT(host.logText(), Not(HasSubstr("\"message\":\"Ready\"")));
}

TEST(LogFile, S122_C28_C29_OperatorsGrepItAndRotateIt) {
  const HostFolder folder;
  folder.configure("stripe", "enabled = true\n");
  const auto file = folder.path() / "backend.log";
  const auto rotated = folder.path() / "backend.log.1";
  HostProcess host{folder, {{"LOG_FILE", file.string()}}};
  ASSERT_TRUE(host.awaitReady());
  EXPECT_TRUE(await([&] { return readText(file).find("Ready") != std::string::npos; }));
  EXPECT_THAT(readText(file), HasSubstr("degraded"));
  EXPECT_THAT(readText(file), HasSubstr("\"severity\":\"WARNING\""));
  std::filesystem::rename(file, rotated);
  host.signal(SIGUSR1);
  EXPECT_TRUE(await([&] { return std::filesystem::exists(file); }));
  host.client().get("/health", {{"User-Agent", "after-rotation"}});
  EXPECT_TRUE(await([&] { return readText(file).find("after-rotation") != std::string::npos; }));
  EXPECT_THAT(readText(rotated), Not(HasSubstr("after-rotation")));
  EXPECT_EQ(host.stop(), 0);
  EXPECT_EQ(host.errorText(), "");
}

TEST(SlowRequests, S23_S53_S125_C7_AreWarnedOfAndListedByTheirOwnThresholds) {
  const HostFolder folder;
  folder.installHostile("handler-waits");
  folder.installHostile("harmless");
  HostProcess host{folder, {{"SLOW_REQUEST_MS", "500"}, {"SLOW_API_MS", "5000"}}};
  HostFolder lists;
  lists.installHostile("handler-waits");
  HostProcess listing{lists, {{"SLOW_API_MS", "500"}}};
  ASSERT_TRUE(host.awaitReady() && listing.awaitReady()) << host.logText();
  for (const auto* one : {&host, &listing}) {
    ASSERT_EQ(one->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
    EXPECT_EQ(one->keyed("salon").get("/api/handler-waits/v1/fault").status, 200);
  }
  EXPECT_EQ(host.keyed("salon").get("/api/harmless/v1/fault").status, 200);
  const json line =
      host.awaitLogLine([](const json& one) { return one.value("message", "") == "Slow request"; });
  EXPECT_EQ(line.value("level", ""), "WARN") << line;
  EXPECT_EQ(line.value("route", ""), "/api/handler-waits/v1/fault");
  EXPECT_THAT(host.client().get("/api/monitoring/slow-apis").body, Not(HasSubstr("handler-waits")));
  EXPECT_TRUE(await([&] {
    return listing.client().get("/api/monitoring/slow-apis?limit=3").body.find("handler-waits") !=
           std::string::npos;
  }));
  EXPECT_EQ(host.stop(), 0);
  EXPECT_EQ(listing.stop(), 0);
}

struct Booked {
  std::string tenant;
  std::string start;
  std::string key;
};

/// Books one time after another until the host is gone; what was acknowledged, by id.
std::map<std::string, Booked> bookUntilGone(const BookingBusiness& salon, const std::string& tenant,
                                            const std::vector<std::string>& starts, int round,
                                            std::atomic<std::size_t>& acknowledged) {
  constexpr std::size_t kClients = 6;
  std::map<std::string, Booked> booked;
  std::mutex mutex;
  std::vector<std::thread> clients;
  for (std::size_t client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      for (std::size_t i = client; i < starts.size(); i += kClients) {
        const std::string key = fmt::format("round-{}-{}", round, i);
        const HttpAnswer answer = salon.book(starts[i], key);
        if (answer.status != 201) return;
        const std::lock_guard lock{mutex};
        booked[answer.json().at("id").get<std::string>()] = {tenant, starts[i], key};
        ++acknowledged;
      }
    });
  }
  for (auto& client : clients) client.join();
  return booked;
}

/// A few, or as many as the run of the slow tests wants.
int killRounds() {
  const char* wanted = std::getenv("BULKHEAD_KILL_ROUNDS");
  return wanted == nullptr ? 5 : std::atoi(wanted);
}

/// Each one is there as it was acknowledged, and its repeat is no second one.
void expectAllThere(const HostProcess& host, const std::map<std::string, Booked>& booked) {
  std::map<std::string, BookingBusiness> businesses;
  for (const auto& [id, one] : booked) {
    const auto& salon = businesses.try_emplace(one.tenant, host, one.tenant).first->second;
    EXPECT_EQ(salon.get("/appointments/" + id).json().value("start", ""), one.start);
    const HttpAnswer again = salon.book(one.start, one.key);
    EXPECT_EQ(again.header("idempotent-replayed"), "true");
    EXPECT_EQ(again.json().value("id", ""), id);
  }
}

TEST(Durability, S95_WhatWasAcknowledgedSurvivesTheKillOfTheHost) {
  const int rounds = killRounds();
  constexpr std::size_t kStarts = 400;
  const HostFolder folder;
  folder.install("booking");
  std::map<std::string, Booked> booked;
  for (int round = 0; round < rounds; ++round) {
    HostProcess host{folder};
    ASSERT_TRUE(host.awaitReady()) << host.logText();
    const std::string tenant = fmt::format("salon-{}", round / 5);
    const BookingBusiness salon{host, tenant};
    const auto starts = salon.starts(kStarts);
    for (const auto& [id, one] : booked) {
      if (one.tenant != tenant) continue;
      ASSERT_EQ(std::count(starts.begin(), starts.end(), one.start), 0) << one.start;
    }
    std::atomic<std::size_t> acknowledged{0};
    std::thread killer{[&] {
      await([&] { return acknowledged >= 25; });
      host.killHard();
    }};
    const auto news = bookUntilGone(salon, tenant, starts, round, acknowledged);
    killer.join();
    EXPECT_GE(news.size(), 25U);
    EXPECT_LT(news.size(), kStarts) << "it was killed too late to prove anything";
    booked.insert(news.begin(), news.end());
  }
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  expectAllThere(host, booked);
  fmt::print("{} acknowledged bookings in {} rounds, none lost\n", booked.size(), rounds);
  EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace bulkhead::integration
