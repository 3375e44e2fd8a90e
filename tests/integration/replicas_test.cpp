#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "host/cache/redis_server.hpp"
#include "host/cache/tcp_gate.hpp"
#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using host::test::RedisServer;
using host::test::TcpGate;
using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kHello = "/api/greeter/v1/hello/Ada";
constexpr std::chrono::seconds kPatience{20};

/// Two installations with the same bootstrap key, which is one client.
class ReplicasOnRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::isInstalled()) GTEST_SKIP() << "redis-server is not installed";
    server_.emplace();
    gate_.emplace(server_->port());
  }
  /// Hosts that may send so much together.
  void start(int hosts, const std::string& per_minute, const Environment& more = {}) {
    for (int i = 0; i < hosts; ++i) {
      const HostFolder& folder = *folders_.emplace_back(std::make_unique<HostFolder>());
      folder.install("greeter");
      Environment variables = more;
      variables.merge(Environment{{"RATE_LIMIT_PER_MINUTE", per_minute},
                                  {"REDIS_HOST", "127.0.0.1"},
                                  {"REDIS_TIMEOUT", "2s"},  // the machine does other things, too
                                  {"REDIS_PORT", std::to_string(gate_->port())}});
      hosts_.push_back(std::make_unique<HostProcess>(folder, variables));
      ASSERT_TRUE(hosts_.back()->awaitReady()) << hosts_.back()->logText();
      ASSERT_EQ(folder.run({"tenant", "create", "acme"}).code, 0);
    }
  }
  bool awaitRedis(bool there) const {
    return await(
        [&] {
          for (const auto& host : hosts_) {
            const auto metrics = host->client().get("/metrics").body;
            if (metrics.find(fmt::format("\naccubooks_redis_available {}\n", there ? 1 : 0)) ==
                std::string::npos)
              return false;
          }
          return true;
        },
        kPatience);
  }
  static int allowedOf(const HostProcess& host, int requests) {
    int allowed = 0;
    for (int i = 0; i < requests; ++i) {
      const int status = host.keyed().get(kHello).status;
      EXPECT_TRUE(status == 200 || status == 429) << status;
      allowed += status == 200 ? 1 : 0;
    }
    return allowed;
  }
  json health() const { return hosts_[0]->client().get("/health?details=true").json(); }
  json monitoring() const { return hosts_[0]->client().get("/api/monitoring/health").json(); }

  std::optional<RedisServer> server_;
  std::optional<TcpGate> gate_;
  std::vector<std::unique_ptr<HostFolder>> folders_;
  std::vector<std::unique_ptr<HostProcess>> hosts_;
};

TEST_F(ReplicasOnRedis, S39_TogetherTheyTakeWhatOneMay) {
  start(2, "6");
  ASSERT_TRUE(awaitRedis(true));
  const auto first = hosts_[0]->keyed().get(kHello);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.header("x-ratelimit-remaining-minute"), "5");
  EXPECT_EQ(hosts_[1]->keyed().get(kHello).header("x-ratelimit-remaining-minute"), "4");
  int allowed = 2;
  for (std::size_t i = 0; i < 5; ++i) allowed += allowedOf(*hosts_[i % 2], 2);
  EXPECT_GE(allowed, 6);
  EXPECT_LE(allowed, 8) << "one more each ten seconds";
  EXPECT_THAT(hosts_[0]->client().get("/metrics").body, HasSubstr("backend=\"redis\""));
}

TEST_F(ReplicasOnRedis, S82_S106_AwayAtTheStartAndLaterEachLimitsByItselfAndSaysSo) {
  gate_->set(TcpGate::Mode::Refuse);
  start(1, "4");
  EXPECT_EQ(allowedOf(*hosts_[0], 7), 4) << "never unlimited";
  EXPECT_EQ(hosts_[0]->client().get("/health/readiness").status, 200);
  ASSERT_TRUE(await([&] { return health().value("status", "") == "degraded"; }, kPatience));
  EXPECT_EQ(monitoring().at("dependencies").at("redis").value("status", ""), "unavailable");
  EXPECT_EQ(monitoring().at("dependencies").at("redis").value("configured", false), true);
  gate_->set(TcpGate::Mode::Open);
  ASSERT_TRUE(awaitRedis(true));
  EXPECT_EQ(monitoring().at("dependencies").at("redis").value("status", ""), "connected");
  EXPECT_TRUE(await([&] { return health().value("status", "") == "healthy"; }, kPatience))
      << health().dump(1);
  EXPECT_GE(allowedOf(*hosts_[0], 7), 4) << "that is another place to count";
  server_->kill();
  ASSERT_TRUE(awaitRedis(false));
  EXPECT_TRUE(await([&] { return health().value("status", "") == "degraded"; }, kPatience));
  server_->start();
  ASSERT_TRUE(awaitRedis(true));
}

TEST_F(ReplicasOnRedis, WhatWasUsedTogetherStaysUsedWhenRedisGoes) {
  start(1, "4");
  ASSERT_TRUE(awaitRedis(true));
  EXPECT_GE(allowedOf(*hosts_[0], 6), 4);
  server_->kill();
  ASSERT_TRUE(awaitRedis(false));
  EXPECT_LE(allowedOf(*hosts_[0], 7), 2) << "one more each quarter of a minute";
}

TEST_F(ReplicasOnRedis, NoRequestFailsWhileRedisComesAndGoes) {
  start(1, "1000000", {{"REDIS_TIMEOUT", "50ms"}});
  ASSERT_TRUE(awaitRedis(true));
  std::atomic<bool> stop{false};
  std::atomic<int> asked{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!stop) {
        ++asked;
        if (hosts_[0]->keyed().get(kHello).status != 200) ++failed;
      }
    });
  }
  for (const auto mode : {TcpGate::Mode::Refuse, TcpGate::Mode::Silent, TcpGate::Mode::Cut,
                          TcpGate::Mode::Corrupt, TcpGate::Mode::Delay}) {
    gate_->set(mode);
    EXPECT_TRUE(awaitRedis(false));
    gate_->set(TcpGate::Mode::Open);
    EXPECT_TRUE(awaitRedis(true));
  }
  stop = true;
  for (auto& client : clients) client.join();
  EXPECT_EQ(failed, 0) << "of " << asked;
  EXPECT_GT(asked, 20);
}

TEST_F(ReplicasOnRedis, AServerInClusterModeIsNamedInHealth) {
  const RedisServer cluster{{"--cluster-enabled", "yes"}};
  start(1, "100", {{"REDIS_PORT", std::to_string(cluster.port())}});
  EXPECT_EQ(hosts_[0]->keyed().get(kHello).status, 200);
  EXPECT_TRUE(
      await([&] { return health().dump().find("cluster mode") != std::string::npos; }, kPatience))
      << health().dump(1);
}

}  // namespace
}  // namespace bulkhead::integration
