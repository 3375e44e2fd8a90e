#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "host_process.hpp"
#include "stopped_thread.hpp"

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

constexpr int kExitInternal = 70;

/// What the host tells its service manager (ops §5.7).
class NotifySocket {
 public:
  explicit NotifySocket(const fs::path& folder) : path_{folder / "notify.sock"} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error{"no notify socket"};
  }
  ~NotifySocket() { ::close(socket_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  const fs::path& path() const { return path_; }
  const std::string& told() {
    std::array<char, 512> text{};
    for (ssize_t size = 0; (size = ::recv(socket_, text.data(), text.size(), 0)) > 0;)
      told_.append(text.data(), static_cast<std::size_t>(size));
    return told_;
  }
  bool awaitTold(std::string_view words) {
    return await([&] { return told().find(words) != std::string::npos; });
  }

 private:
  fs::path path_;
  int socket_ = -1;
  std::string told_;
};

TEST(Drain, Ops511_Ops57_TheNotifySocketIsTold) {
  const HostFolder folder;
  NotifySocket manager{folder.path()};
  HostProcess host{folder,
                   {{"NOTIFY_SOCKET", manager.path().string()}, {"WATCHDOG_USEC", "20000000"}}};
  EXPECT_TRUE(manager.awaitTold("READY=1"));
  EXPECT_TRUE(manager.awaitTold("WATCHDOG=1"));
  EXPECT_THAT(manager.told(), Not(HasSubstr("STOPPING=1")));
  host.signal(SIGHUP);
  EXPECT_TRUE(manager.awaitTold("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_EQ(host.stop(), 0);
  EXPECT_TRUE(manager.awaitTold("STOPPING=1\nSTATUS=draining"));
}

TEST(Drain, Ops57_AStalledHostDoesNotFeedTheWatchdog) {
  const HostFolder folder;
  NotifySocket manager{folder.path()};
  HostProcess host{folder,
                   {{"NOTIFY_SOCKET", manager.path().string()},
                    {"WATCHDOG_USEC", "20000000"},
                    {"HEALTH_STALL_AFTER", "5s"}}};
  ASSERT_TRUE(host.awaitReady());
  const auto fed = [&] {
    const std::string& told = manager.told();
    std::size_t count = 0;
    for (auto at = told.find("WATCHDOG=1"); at != std::string::npos;
         at = told.find("WATCHDOG=1", at + 1))
      ++count;
    return count;
  };
  {
    const StoppedThread loop{host.process(), "front-0"};
    EXPECT_TRUE(await([&] {
      const std::size_t before = fed();
      std::this_thread::sleep_for(milliseconds{2500});
      return fed() == before;
    })) << "one each second while it lives";
  }
  host.killHard();
}

/// A connection that is kept alive and has had one answer.
Poco::Net::StreamSocket idleConnection(const HostProcess& host) {
  Poco::Net::StreamSocket socket{Poco::Net::SocketAddress{"127.0.0.1", host.port()}};
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
  socket.sendBytes(request.data(), static_cast<int>(request.size()));
  std::array<char, 4096> answer{};
  socket.receiveBytes(answer.data(), static_cast<int>(answer.size()));
  return socket;
}

TEST(Drain, Ops511_IdleConnectionsAreClosedAtOnceAndNewOnesAreTakenUntilTheDelayHasPassed) {
  const HostFolder folder;
  HostProcess host{folder, {{"SHUTDOWN_DELAY", "3s"}}};
  ASSERT_TRUE(host.awaitReady());
  auto idle = idleConnection(host);
  auto untouched = idleConnection(host);
  untouched.setReceiveTimeout(Poco::Timespan{0, 200'000});
  std::array<char, 16> nothing{};
  EXPECT_THROW(untouched.receiveBytes(nothing.data(), 16), Poco::Exception)
      << "negative control: before the signal it stays open";
  const auto begin = Clock::now();
  host.signal(SIGTERM);
  idle.setReceiveTimeout(Poco::Timespan{5, 0});
  EXPECT_EQ(idle.receiveBytes(nothing.data(), 16), 0) << "closed by the host";
  EXPECT_LT(Clock::now() - begin, seconds{2});
  EXPECT_EQ(host.client().get("/healthz").status, 200) << "and new ones are still taken";
  EXPECT_EQ(host.awaitEnd(seconds{9}), 0);
  EXPECT_GE(Clock::now() - begin, seconds{3});
  EXPECT_EQ(host.client().get("/healthz").status, 0);
}

TEST(Drain, Ops511_WhatIsStillInFlightAtTheEndIsTold503) {
  const HostFolder folder;
  folder.installHostile("handler-hangs");
  HostProcess host{folder, {{"DRAIN_TIMEOUT", "1s"}}};
  ASSERT_TRUE(host.awaitReady());
  ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  HttpAnswer hung;
  std::thread caller{[&] { hung = host.keyed("salon").get("/api/handler-hangs/v1/fault"); }};
  ASSERT_TRUE(await([&] { return host.plugin("handler-hangs").value("running", 0) == 1; }));
  const auto begin = Clock::now();
  EXPECT_EQ(host.stop(), kExitInternal) << "a call did not return";
  EXPECT_LT(Clock::now() - begin, seconds{5}) << "1 s, flush 3 s, reserve 1 s";
  caller.join();
  EXPECT_EQ(hung.status, 503) << hung.fault;
  EXPECT_EQ(hung.errorCode(), "DRAINING");
  EXPECT_THAT(host.logText(), HasSubstr("left behind"));
}

// Goal: a client that asks and never reads does not stretch the stop beyond what the page says.
// Method: many requests on a connection whose answers nobody takes.
TEST(Drain, Ops511_AClientThatNeverReadsDoesNotStretchTheStop) {
  const HostFolder folder;
  folder.install("booking");
  HostProcess host{folder, {{"DRAIN_TIMEOUT", "1s"}}};
  ASSERT_TRUE(host.awaitReady());
  Poco::Net::StreamSocket greedy{Poco::Net::SocketAddress::IPv4};
  greedy.setReceiveBufferSize(4096);
  greedy.connect(Poco::Net::SocketAddress{"127.0.0.1", host.port()});
  greedy.setSendTimeout(Poco::Timespan{0, 300'000});
  const std::string request = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
  try {
    for (int i = 0; i < 2000; ++i)
      greedy.sendBytes(request.data(), static_cast<int>(request.size()));
  } catch (const Poco::Exception&) {  // the host takes no more before its answers are read
  }
  const auto begin = Clock::now();
  EXPECT_EQ(host.stop(), 0) << host.logText();
  EXPECT_LT(Clock::now() - begin, seconds{5}) << "DRAIN_TIMEOUT, flush 3 s, reserve 1 s";
}

TEST(Drain, Ops511_DatabasesAreLeftWithoutAWriteAheadLog) {
  const auto logBytes = [](const HostFolder& folder) {
    std::uintmax_t bytes = 0;
    for (const auto& entry : fs::directory_iterator{folder.data()}) {
      if (entry.path().string().ends_with("-wal")) bytes += fs::file_size(entry.path());
    }
    return bytes;
  };
  for (const bool gently : {true, false}) {
    const HostFolder folder;
    folder.install("booking");
    HostProcess host{folder};
    ASSERT_TRUE(host.awaitReady());
    ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
    if (gently) {
      EXPECT_EQ(host.stop(), 0);
      EXPECT_EQ(logBytes(folder), 0U);
    } else {
      host.killHard();
      EXPECT_GT(logBytes(folder), 0U) << "negative control";
    }
  }
}

TEST(Drain, Ops511_APluginThatHangsInItsStartIsGivenUpAtTheSignal) {
  const HostFolder folder;
  folder.installHostile("start-hangs");
  HostProcess host{folder};
  ASSERT_TRUE(await([&] { return host.plugin("start-hangs").value("state", "") == "starting"; }));
  const auto begin = Clock::now();
  EXPECT_EQ(host.stop(), 0) << host.logText();
  EXPECT_LT(Clock::now() - begin, seconds{3}) << "not the 10 s that it may take otherwise";
  EXPECT_THAT(host.logText(), HasSubstr("start() had not returned when the host stopped"));
}

TEST(Drain, Ops511_APluginThatHangsInItsStopIsLeftBehind) {
  const HostFolder folder;
  folder.installHostile("stop-hangs");
  folder.install("greeter");
  HostProcess host{folder, {{"DRAIN_TIMEOUT", "1s"}}};
  ASSERT_TRUE(host.awaitReady());
  const auto begin = Clock::now();
  EXPECT_EQ(host.stop(), kExitInternal);
  EXPECT_LT(Clock::now() - begin, seconds{5});
  const json stopped = host.awaitLogLine([](const json& line) {
    return line.value("plugin", "") == "greeter" && line.value("state", "") == "stopped";
  });
  EXPECT_EQ(stopped.value("reason", "x"), "") << "the others end as they should";
}

TEST(Drain, Ops511_PluginsCloseInReverseOrderOfTheirStart) {
  const HostFolder folder;
  folder.installHostile("harmless");
  folder.installHostile("twin");
  folder.install("greeter");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  EXPECT_EQ(host.stop(), 0);
  const auto inState = [&](std::string_view state) {
    std::vector<std::string> plugins;
    for (const json& line : host.logLines()) {
      if (line.is_object() && line.value("state", "") == state)
        plugins.push_back(line.value("plugin", ""));
    }
    return plugins;
  };
  auto started = inState("running");
  EXPECT_EQ(started.size(), 3U) << host.logText();
  std::reverse(started.begin(), started.end());
  EXPECT_EQ(inState("stopped"), started);
}

// Goal: nothing that hangs keeps the process. Method: an event loop stands still, so that the
// listeners are never closed.
TEST(Drain, Ops511_TheHardLimitNamesWhatHung) {
  const HostFolder folder;
  HostProcess host{folder, {{"SHUTDOWN_DELAY", "0s"}, {"DRAIN_TIMEOUT", "0s"}}};
  ASSERT_TRUE(host.awaitReady());
  const auto begin = Clock::now();
  {
    const StoppedThread loop{host.process(), "front-0"};
    host.signal(SIGTERM);
    EXPECT_TRUE(await([&] {
      return host.logText().find("Stopping took too long") != std::string::npos;
    })) << host.logText();
  }
  EXPECT_EQ(host.awaitEnd(seconds{5}), kExitInternal);
  EXPECT_GE(Clock::now() - begin, seconds{3});
  const json line = host.awaitLogLine([](const json& one) { return one.contains("hangsIn"); });
  EXPECT_EQ(line.value("level", ""), "FATAL");
  EXPECT_EQ(line.value("hangsIn", ""), "closing the listeners");
  EXPECT_EQ(line.value("limitMs", 0), 4000);
}

TEST(Drain, Ops511_TheLastLineSaysWhatWasServed) {
  const HostFolder folder;
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  for (int i = 0; i < 3; ++i) host.client().get("/healthz");
  EXPECT_EQ(host.stop(), 0);
  const json line = host.logLines().back();
  EXPECT_EQ(line.value("message", ""), "Stopped");
  EXPECT_GE(line.value("requests", 0), 4);
  EXPECT_GT(line.value("uptimeMs", 0), 0);
  EXPECT_TRUE(line.contains("stopMs"));
}

}  // namespace
}  // namespace bulkhead::integration
