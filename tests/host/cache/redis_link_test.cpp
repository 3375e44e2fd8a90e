#include "cache/redis_link.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/cache/redis_server.hpp"
#include "host/cache/tcp_gate.hpp"
#include "host/http/certificates.hpp"

namespace bulkhead::host::cache {
namespace {

using namespace std::chrono_literals;
using test::RedisServer;
using test::TcpGate;
using testing::HasSubstr;

constexpr auto kPatience = 15s;
/// For a machine that does other things, too.
constexpr auto kDeadline = 500ms;

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(5ms);  // allowed: between two looks at another thread
  }
  return true;
}

RedisLinkOptions optionsFor(RedisAddress address) {
  RedisLinkOptions options;
  options.address = std::move(address);
  options.heartbeat_interval = 200ms;
  options.heartbeat_deadline = kDeadline;
  options.retry_min = 20ms;
  options.retry_max = 100ms;
  return options;
}

RedisAddress loopback(std::uint16_t port) {
  RedisAddress address;
  address.host = "127.0.0.1";
  address.port = port;
  return address;
}

std::string said(RedisLink& link, std::initializer_list<std::string_view> words) {
  const auto reply = link.ask(redisRequest(words), kDeadline);
  return reply ? reply->text : "no answer";
}

class Redis : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::isInstalled()) GTEST_SKIP() << "redis-server is not installed";
  }
  /// Why a link does not come up.
  static std::string refusalOf(const RedisAddress& address, std::string_view hint) {
    RedisLink link{optionsFor(address)};
    eventually([&] { return link.isUp() || link.reason().find(hint) != std::string::npos; });
    EXPECT_FALSE(link.isUp());
    EXPECT_FALSE(link.send(redisRequest({"PING"}), kDeadline, {}));
    return link.reason();
  }
};

TEST_F(Redis, LogsInByPasswordAndByAccessListIntoItsDatabase) {
  RedisServer server{{"--requirepass", "secret", "--user", "desk", "on", ">pass", "~*", "+@all",
                      "-@dangerous", "+info"}};
  RedisAddress address = loopback(server.port());
  EXPECT_THAT(refusalOf(address, "NOAUTH"), HasSubstr("NOAUTH"));
  address.password = "wrong";
  EXPECT_THAT(refusalOf(address, "WRONGPASS"), HasSubstr("WRONGPASS"));
  address.password = "secret";
  RedisLink link{optionsFor(address)};
  ASSERT_TRUE(eventually([&] { return link.isUp(); })) << link.reason();
  address.user = "desk";
  address.password = "pass";
  address.database = 3;
  RedisLink other{optionsFor(address)};
  ASSERT_TRUE(eventually([&] { return other.isUp(); })) << other.reason();
  EXPECT_EQ(said(other, {"SET", "key", "three"}), "OK");
  EXPECT_EQ(said(other, {"ACL", "WHOAMI"}), "desk");
  EXPECT_EQ(said(link, {"GET", "key"}), "") << "that is another database";
}

TEST_F(Redis, SpeaksOverAUnixSocket) {
  const TemporaryFolder folder;
  const std::string socket = folder / "redis.sock";
  RedisServer server{{"--unixsocket", socket}};
  RedisAddress address;
  address.unix_socket = socket;
  RedisLink link{optionsFor(address)};
  ASSERT_TRUE(eventually([&] { return link.isUp(); })) << link.reason();
  EXPECT_EQ(said(link, {"ECHO", "hello"}), "hello");
}

TEST_F(Redis, SpeaksTlsToWhomTheAuthorityKnowsAndToNobodyElse) {
  const test::CertificateFolder certificates;
  const auto identity = certificates.make("redis");
  const std::uint16_t port = test::freePort();
  RedisServer server{{"--tls-port", std::to_string(port), "--tls-cert-file",
                      identity.certificate.string(), "--tls-key-file", identity.key.string(),
                      "--tls-ca-cert-file", identity.certificate.string(), "--tls-auth-clients",
                      "no"}};
  RedisAddress address;
  address.port = port;
  address.tls = true;
  EXPECT_THAT(refusalOf(address, "certificate"), HasSubstr("certificate")) << "of nobody known";
  address.ca_file = identity.certificate.string();
  RedisLink link{optionsFor(address)};
  ASSERT_TRUE(eventually([&] { return link.isUp(); })) << link.reason();
  const std::string large(300'000, 'x');
  EXPECT_EQ(said(link, {"ECHO", large}), large);
  RedisAddress elsewhere = address;
  elsewhere.host = "0.0.0.0";  // the same place by a name that the certificate does not have
  EXPECT_THAT(refusalOf(elsewhere, "0.0.0.0"), HasSubstr("Unacceptable certificate"));
  RedisAddress plain = address;
  plain.tls = false;
  EXPECT_THAT(refusalOf(plain, "Redis"), HasSubstr("Redis")) << "TLS alone is spoken there";
}

TEST_F(Redis, AServerInClusterModeIsRefusedWithASentence) {
  RedisServer server{{"--cluster-enabled", "yes"}};
  EXPECT_THAT(refusalOf(loopback(server.port()), "cluster"), HasSubstr("cluster mode"));
}

TEST_F(Redis, AReadOnlyReplicaIsRefused) {
  RedisServer server{{"--replicaof", "127.0.0.1", std::to_string(test::freePort())}};
  RedisLinkOptions options = optionsFor(loopback(server.port()));
  options.heartbeat = redisRequest({"SET", "beat", "1"});
  RedisLink link{options};
  ASSERT_TRUE(eventually([&] { return link.reason().find("READONLY") != std::string::npos; }))
      << link.reason();
  EXPECT_FALSE(link.isUp());
}

TEST_F(Redis, ManyThreadsShareOneConnectionAndEachGetsItsOwnAnswer) {
  RedisServer server;
  RedisLink link{optionsFor(loopback(server.port()))};
  ASSERT_TRUE(eventually([&] { return link.isUp(); }));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 200; ++turn) {
        const std::string word = fmt::format("{} {}", i, turn);
        const auto reply = link.ask(redisRequest({"ECHO", word}), 10s);
        if (!reply || reply->text != word) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Redis, S106_ComesBackByItselfWhenTheServerDoes) {
  RedisServer server;
  RedisLink link{optionsFor(loopback(server.port()))};
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_TRUE(eventually([&] { return link.isUp(); })) << link.reason();
    server.kill();
    ASSERT_TRUE(eventually([&] { return !link.isUp(); }));
    EXPECT_FALSE(link.ask(redisRequest({"PING"}), kDeadline));
    server.start();
  }
  EXPECT_TRUE(eventually([&] { return link.isUp(); }));
}

TEST_F(Redis, AServerThatStandsStillCostsOneDeadlineAndThenNothing) {
  RedisServer server;
  RedisLinkOptions options = optionsFor(loopback(server.port()));
  options.heartbeat_interval = 1h;  // it hears of it from a request
  options.patience = 20s;
  RedisLink link{options};
  ASSERT_TRUE(eventually([&] { return link.isUp(); }));
  server.signal(SIGSTOP);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(link.ask(redisRequest({"PING"}), 50ms));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  EXPECT_FALSE(link.isUp());
  EXPECT_FALSE(link.send(redisRequest({"PING"}), 50ms, {})) << "nobody else waits for it";
  server.signal(SIGCONT);
}

TEST_F(Redis, IsUpAgainAfterItStoodStill) {
  RedisServer server;
  RedisLink link{optionsFor(loopback(server.port()))};
  ASSERT_TRUE(eventually([&] { return link.isUp(); }));
  server.signal(SIGSTOP);
  ASSERT_TRUE(eventually([&] { return !link.isUp(); }));
  server.signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return link.isUp(); })) << link.reason();
}

TEST_F(Redis, OneThatStandsStillAgainAndAgainIsLeftAloneForLongerEachTime) {
  RedisServer server;
  RedisLinkOptions options = optionsFor(loopback(server.port()));
  options.retry_max = 5s;
  RedisLink link{options};
  std::chrono::steady_clock::duration away{};
  for (int turn = 0; turn < 5; ++turn) {
    ASSERT_TRUE(eventually([&] { return link.isUp(); })) << link.reason();
    server.signal(SIGSTOP);
    EXPECT_FALSE(link.ask(redisRequest({"PING"}), 20ms));
    server.signal(SIGCONT);
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(eventually([&] { return link.isUp(); })) << link.reason();
    away = std::chrono::steady_clock::now() - begin;
  }
  EXPECT_GE(away, 1s) << "0, 200, 400, 800 and 1600 ms";
}

TEST_F(Redis, AServersWordsAreToldInShort) {
  RedisServer server;
  RedisLinkOptions options = optionsFor(loopback(server.port()));
  options.heartbeat =
      redisRequest({"EVAL", "return redis.error_reply('ERR ' .. string.rep('x', 5000))", "0"});
  RedisLink link{options};
  ASSERT_TRUE(eventually([&] { return link.reason().find("the heartbeat") != std::string::npos; }))
      << link.reason();
  EXPECT_LT(link.reason().size(), 300U);
}

TEST_F(Redis, WhatIsOnItsWayIsBounded) {
  RedisServer server;
  RedisLinkOptions options = optionsFor(loopback(server.port()));
  options.requests_max = 10;
  RedisLink link{options};
  ASSERT_TRUE(eventually([&] { return link.isUp(); }));
  server.signal(SIGSTOP);
  int taken = 0;
  std::atomic<int> told{0};
  for (int i = 0; i < 100; ++i)
    taken +=
        link.send(redisRequest({"PING"}), kDeadline, [&](const RedisReply*) { ++told; }) ? 1 : 0;
  EXPECT_GT(taken, 0);
  EXPECT_LE(taken, 10);
  server.signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return told == taken; })) << "each is told once";
}

class AnyFault : public Redis, public testing::WithParamInterface<TcpGate::Mode> {};

TEST_P(AnyFault, IsToldInTimeAndGoneWhenTheNetworkIsWell) {
  RedisServer server;
  TcpGate gate{server.port()};
  RedisLinkOptions options = optionsFor(loopback(gate.port()));
  options.patience = 3s;
  RedisLink link{options};
  ASSERT_TRUE(eventually([&] { return link.isUp(); })) << link.reason();
  gate.set(GetParam());
  const auto end = std::chrono::steady_clock::now() + 1500ms;
  auto longest = 0ms;
  while (std::chrono::steady_clock::now() < end) {
    const auto begin = std::chrono::steady_clock::now();
    const auto reply = link.ask(redisRequest({"ECHO", "word"}), 100ms);
    longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                    std::chrono::steady_clock::now() - begin));
    EXPECT_TRUE(!reply || reply->text == "word") << reply->text;
  }
  EXPECT_LT(longest, 2000ms) << "nobody waits for the connection to be given up";
  EXPECT_FALSE(link.isUp());
  gate.set(TcpGate::Mode::Open);
  ASSERT_TRUE(eventually([&] { return link.isUp(); })) << link.reason();
  EXPECT_EQ(said(link, {"ECHO", "word"}), "word");
}

INSTANTIATE_TEST_SUITE_P(Network, AnyFault,
                         testing::Values(TcpGate::Mode::Refuse, TcpGate::Mode::CloseAtOnce,
                                         TcpGate::Mode::Silent, TcpGate::Mode::Deaf,
                                         TcpGate::Mode::Cut, TcpGate::Mode::Corrupt,
                                         TcpGate::Mode::Lie, TcpGate::Mode::Drip,
                                         TcpGate::Mode::HalfClose));

TEST_F(Redis, ASlowNetworkIsSlowAndWell) {
  RedisServer server;
  TcpGate gate{server.port()};
  RedisLinkOptions options = optionsFor(loopback(gate.port()));
  options.heartbeat_deadline = 5s;
  RedisLink link{options};
  ASSERT_TRUE(eventually([&] { return link.isUp(); }));
  gate.set(TcpGate::Mode::Delay);
  const auto reply = link.ask(redisRequest({"ECHO", "word"}), 10s);
  EXPECT_TRUE(reply && reply->text == "word");
  EXPECT_FALSE(link.ask(redisRequest({"ECHO", "word"}), 50ms));
  EXPECT_FALSE(link.isUp());
}

}  // namespace
}  // namespace bulkhead::host::cache
