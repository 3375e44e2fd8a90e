#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <array>
#include <atomic>
#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr int kExitUsage = 64;

Environment onPort(std::uint16_t port) {
  return {{"PORT", std::to_string(port)}};
}

TEST(ProbeCommand, S87_AsksByEachWay) {
  const std::uint16_t management = [] { return TakenPort{}.number(); }();
  const HostFolder folder;
  HostProcess host{folder, {{"MANAGEMENT_PORT", std::to_string(management)}}};
  ASSERT_TRUE(host.awaitReady()) << host.errorText();
  Environment environment = onPort(host.port());
  environment["MANAGEMENT_PORT"] = std::to_string(management);
  for (const char* way : {"port", "management", "socket"}) {
    for (const char* what : {"live", "ready", "startup", "health"}) {
      const CommandEnd end = folder.run({"probe", what, "--via", way}, environment);
      EXPECT_EQ(end.code, 0) << way << " " << what << ": " << end.errors;
      EXPECT_THAT(end.output, testing::StartsWith("200 ")) << way;
      EXPECT_EQ(end.errors, "");
    }
  }
  EXPECT_EQ(folder.run({"probe"}, environment).output, "200 alive\n") << "live unless said";
  EXPECT_EQ(folder.run({"probe", "ready"}).output, "200 ready\n")
      << "PORT is 0: its number is not known here, the socket's name is";
  const json answer =
      json::parse(folder.run({"probe", "ready", "--json"}, environment).output, nullptr, false);
  EXPECT_EQ(answer.value("code", 0), 200);
  EXPECT_EQ(answer["body"].value("status", ""), "ready");
  EXPECT_EQ(host.stop(), 0);
}

TEST(ProbeCommand, S87_EndsWith1WhereTheHostIsNotWellOrNotThere) {
  const HostFolder folder;
  folder.configure("booking", "enabled = true\nrequired = true\n");
  HostProcess host{folder};
  ASSERT_TRUE(await([&] { return host.plugin("booking").value("state", "") == "missing"; }));
  const CommandEnd ready = folder.run({"probe", "ready"}, onPort(host.port()));
  EXPECT_EQ(ready.code, 1);
  EXPECT_THAT(ready.output, testing::AnyOf("503 not_ready\n", "503 starting\n"));
  EXPECT_EQ(folder.run({"probe", "live"}, onPort(host.port())).code, 0);
  EXPECT_EQ(host.stop(), 0);
  for (const char* way : {"port", "socket"}) {
    const CommandEnd gone = folder.run({"probe", "--via", way}, onPort(host.port()));
    EXPECT_EQ(gone.code, 1) << way;
    EXPECT_THAT(gone.errors, HasSubstr("bulkhead probe: ")) << way;
  }
}

TEST(ProbeCommand, WrongWordsAreTheUsersMistake) {
  const HostFolder folder;
  EXPECT_EQ(folder.run({"probe", "alive"}).code, kExitUsage);
  EXPECT_EQ(folder.run({"probe", "live", "--via", "pigeon"}).code, kExitUsage);
  EXPECT_EQ(folder.run({"probe", "live", "--via", "management"}).code, kExitUsage);
  EXPECT_EQ(folder.run({"probe", "live", "--timeout", "soon"}).code, kExitUsage);
  EXPECT_EQ(folder.run({"probe", "live", "--timeout", "2h"}).code, kExitUsage);
  const CommandEnd help = folder.run({"probe", "--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* word : {"live|ready|startup|health", "--timeout", "--via", "socket"})
    EXPECT_THAT(help.output, HasSubstr(word));
}

TEST(ProbeCommand, S87_Ipv6) {
  const HostFolder folder;
  HostProcess host{folder, {{"BIND_ADDRESS", "::1"}}};
  if (host.port() == 0) {
    EXPECT_THAT(host.errorText(), HasSubstr("::1")) << "this machine has no IPv6";
    return;
  }
  Environment environment = onPort(host.port());
  environment["BIND_ADDRESS"] = "::1";
  EXPECT_TRUE(await([&] { return folder.run({"probe", "ready"}, environment).code == 0; }));
  environment["BIND_ADDRESS"] = "::";
  EXPECT_EQ(folder.run({"probe", "live"}, environment).output, "200 alive\n");
  EXPECT_EQ(host.stop(), 0);
}

// Goal: the time-out is for the whole answer. Method: a server that sends one byte now and then,
// which no time-out of a single read would ever end; and one that says nothing.
TEST(ProbeCommand, TheTimeOutHoldsForTheWholeAnswer) {
  const HostFolder folder;
  for (const bool drips : {true, false}) {
    Poco::Net::ServerSocket listener{Poco::Net::SocketAddress{"127.0.0.1", 0}};
    std::atomic<bool> ended{false};
    std::thread server{[&] {
      Poco::Net::StreamSocket client = listener.acceptConnection();
      const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
      try {
        for (std::size_t i = 0; !ended; ++i) {
          std::this_thread::sleep_for(std::chrono::milliseconds{50});
          if (drips) client.sendBytes(&answer[i % answer.size()], 1);
        }
      } catch (const Poco::Exception&) {  // the probe has gone
      }
    }};
    const auto begin = std::chrono::steady_clock::now();
    const CommandEnd end =
        folder.run({"probe", "live", "--timeout", "500ms"}, onPort(listener.address().port()));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds{4});
    EXPECT_EQ(end.code, 1) << end.output;
    EXPECT_THAT(end.errors, testing::ContainsRegex("[Tt]imeout"));
    ended = true;
    server.join();
  }
}

TEST(ProbeCommand, WhatIsNoHostIsNotAlive) {
  const HostFolder folder;
  Poco::Net::ServerSocket listener{Poco::Net::SocketAddress{"127.0.0.1", 0}};
  std::thread server{[&] {
    Poco::Net::StreamSocket client = listener.acceptConnection();
    std::array<char, 1024> request{};
    client.receiveBytes(request.data(), static_cast<int>(request.size()));
    client.sendBytes("SSH-2.0-OpenSSH_9.2\r\n", 21);
  }};
  const CommandEnd end = folder.run({"probe", "live"}, onPort(listener.address().port()));
  EXPECT_EQ(end.code, 1);
  EXPECT_THAT(end.errors, HasSubstr("no host"));
  server.join();
}

}  // namespace
}  // namespace bulkhead::integration
