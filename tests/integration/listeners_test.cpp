#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "host/http/proxy_bytes.hpp"
#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr int kExitTemporary = 75;
constexpr int kExitConfiguration = 78;

/// A listening socket such as a service manager makes before it starts the host.
class ManagersSocket {
 public:
  ManagersSocket() : fd_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(fd_, reinterpret_cast<const sockaddr*>(&address), size);
    listen(fd_, 64);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~ManagersSocket() { close(fd_); }
  ManagersSocket(const ManagersSocket&) = delete;
  ManagersSocket& operator=(const ManagersSocket&) = delete;

  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// curl's exit code and what it printed.
CommandEnd curl(const HostFolder& folder, std::vector<std::string> words) {
  words.insert(words.begin(), {"--silent", "--show-error", "--max-time", "5"});
  return folder.runProgram("/usr/bin/curl", words);
}

int statusBy(const HostFolder& folder, const std::string& url,
             std::vector<std::string> words = {}) {
  words.insert(words.end(), {"--output", "/dev/null", "--write-out", "%{http_code}", url});
  const CommandEnd end = curl(folder, std::move(words));
  return std::atoi(end.output.c_str());
}

// Goal: a restart under a service manager refuses nobody. Method: the manager's socket outlives two
// hosts; who comes while none runs waits in its queue and is answered by the second.
TEST(SocketActivation, WhoComesBetweenTwoHostsIsAnsweredByTheSecond) {
  const HostFolder folder;
  const ManagersSocket socket;
  {
    HostProcess first{folder, HostStart::withSockets({socket.fd()})};
    EXPECT_EQ(first.port(), socket.port());
    EXPECT_EQ(HttpClient{socket.port()}.get("/health/quick").status, 200);
    EXPECT_EQ(first.stop(), 0);
  }
  int status = 0;
  std::thread between{[&] { status = HttpClient{socket.port()}.get("/health/quick").status; }};
  HostProcess second{folder, HostStart::withSockets({socket.fd()})};
  between.join();
  EXPECT_EQ(status, 200);
  EXPECT_EQ(second.stop(), 0);
}

TEST(SocketActivation, NamesSayWhatASocketIsFor) {
  const HostFolder folder;
  const ManagersSocket main;
  const ManagersSocket management;
  HostProcess host{folder, HostStart::withSockets({main.fd(), management.fd()},
                                                  {{"LISTEN_FDNAMES", "http:management"}})};
  ASSERT_TRUE(host.awaitReady());
  EXPECT_EQ(host.portFor("management"), management.port());
  EXPECT_EQ(HttpClient{management.port()}.get("/metrics").status, 200);
  EXPECT_EQ(HttpClient{management.port()}.get("/openapi.json").status, 404);
  EXPECT_EQ(HttpClient{main.port()}.get("/openapi.json").status, 200);
  EXPECT_EQ(host.stop(), 0);
}

TEST(SocketActivation, WhatIsWrongIsSaidAndEndsIt) {
  const HostFolder folder;
  const ManagersSocket socket;
  const int file = memfd_create("file", MFD_CLOEXEC);
  const auto refusal = [&](const HostStart& start) {
    HostProcess host{folder, start};
    EXPECT_EQ(host.awaitEnd(seconds{9}), kExitConfiguration);
    return host.errorText();
  };
  EXPECT_THAT(refusal(HostStart::withSockets({socket.fd()}, {{"LISTEN_FDNAMES", "web"}})),
              HasSubstr("names a socket 'web'"));
  EXPECT_THAT(refusal(HostStart::withSockets({socket.fd()}, {{"LISTEN_FDNAMES", "http:http"}})),
              HasSubstr("2 names for the 1 sockets"));
  EXPECT_THAT(refusal(HostStart::withSockets({socket.fd()}, {{"LISTEN_FDS", "many"}})),
              HasSubstr("LISTEN_FDS is 'many'"));
  EXPECT_THAT(refusal(HostStart::withSockets({socket.fd()}, {{"LISTEN_FDS", "2"}})),
              HasSubstr("Descriptor 4 was handed over"));
  EXPECT_THAT(refusal(HostStart::withSockets({file})), HasSubstr("no listening stream socket"));
  close(file);
}

TEST(SocketActivation, WhatIsForAnotherProcessIsLeftAlone) {
  const HostFolder folder;
  HostProcess host{folder, {{"LISTEN_PID", "1"}, {"LISTEN_FDS", "1"}}};
  EXPECT_TRUE(host.awaitReady());
  EXPECT_EQ(host.stop(), 0);
}

TEST(UnixSocket, IsServedAndItsFileHasItsModeAndGoes) {
  const HostFolder folder;
  const auto path = folder.path() / "http.sock";
  HostProcess host{folder, {{"UNIX_SOCKET", path.string()}, {"UNIX_SOCKET_MODE", "0640"}}};
  ASSERT_TRUE(host.awaitReady());
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
  const std::vector<std::string> by_socket{"--unix-socket", path.string()};
  EXPECT_EQ(statusBy(folder, "http://host/health/quick", by_socket), 200);
  EXPECT_EQ(statusBy(folder, "http://host/metrics", by_socket), 403) << "outside unless allowed";
  EXPECT_EQ(statusBy(folder, "http://host/api/admin/tenants", by_socket), 401) << "no admin socket";
  EXPECT_EQ(host.stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(UnixSocket, ItsPeersMayBeTrustedAndAllowed) {
  const HostFolder folder;
  const auto path = folder.path() / "http.sock";
  HostProcess host{folder,
                   {{"UNIX_SOCKET", path.string()},
                    {"TRUSTED_PROXIES", "unix"},
                    {"MONITORING_ALLOW_CIDRS", "unix, 192.0.2.0/24"}}};
  ASSERT_TRUE(host.awaitReady());
  const auto metrics = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--unix-socket", path.string()});
    return statusBy(folder, "http://host/metrics", words);
  };
  EXPECT_EQ(metrics({}), 200);
  EXPECT_EQ(metrics({"--header", "X-Forwarded-For: 192.0.2.9"}), 200);
  EXPECT_EQ(metrics({"--header", "X-Forwarded-For: 203.0.113.9"}), 403);
  EXPECT_EQ(host.stop(), 0);
}

TEST(UnixSocket, ALivingOneIsNotStolenAndADeadOneIsReplaced) {
  const HostFolder folder;
  const HostFolder other;
  const Environment same{{"UNIX_SOCKET", (folder.path() / "http.sock").string()}};
  HostProcess host{folder, same};
  ASSERT_TRUE(host.awaitReady());
  HostProcess thief{other, same};
  EXPECT_EQ(thief.awaitEnd(seconds{9}), kExitTemporary);
  EXPECT_THAT(thief.errorText(), HasSubstr("http.sock is in use already"));
  host.killHard();
  HostProcess next{other, same};
  EXPECT_TRUE(next.awaitReady());
  EXPECT_EQ(next.stop(), 0);
}

TEST(UnixSocket, WrongSettingsAreNamed) {
  const HostFolder folder;
  for (const auto& [name, value] :
       {std::pair<std::string, std::string>{"UNIX_SOCKET", std::string(120, 'x')},
        {"UNIX_SOCKET_MODE", "rw-rw----"},
        {"UNIX_SOCKET_MODE", "0999"},
        {"UNIX_SOCKET_MODE", "07777"},
        {"BIND_ADDRESS", "127.0.0.1, nowhere"},
        {"PROXY_PROTOCOL", "true"}}) {
    HostProcess host{folder, {{name, value}}};
    EXPECT_EQ(host.awaitEnd(seconds{9}), kExitConfiguration) << name << '=' << value;
    EXPECT_THAT(host.errorText(), HasSubstr(name)) << value;
  }
}

TEST(Addresses, Ipv6LoopbackAloneIsServed) {
  const HostFolder folder;
  HostProcess host{folder, {{"BIND_ADDRESS", "::1"}}};
  ASSERT_NE(host.port(), 0) << host.logText();
  EXPECT_EQ(statusBy(folder, fmt::format("http://[::1]:{}/metrics", host.port())), 200)
      << "it is loopback";
  EXPECT_NE(curl(folder, {fmt::format("http://127.0.0.1:{}/health/quick", host.port())}).code, 0);
  EXPECT_EQ(host.stop(), 0);
}

TEST(Addresses, EveryAddressOfIpv6TakesIpv4InAndKnowsItAsIpv4) {
  const HostFolder folder;
  HostProcess host{folder, {{"BIND_ADDRESS", "::"}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  EXPECT_EQ(statusBy(folder, fmt::format("http://[::1]:{}/health/quick", host.port())), 200);
  EXPECT_EQ(host.client().get("/metrics").status, 200) << "127.0.0.1, not ::ffff:127.0.0.1";
  const json line =
      host.awaitLogLine([](const json& one) { return one.value("url", "") == "/metrics"; });
  EXPECT_EQ(line.value("ip", ""), "127.0.0.1");
  EXPECT_EQ(host.stop(), 0);
}

TEST(Addresses, SeveralShareOnePort) {
  const HostFolder folder;
  HostProcess host{folder, {{"BIND_ADDRESS", "127.0.0.1, ::1"}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  EXPECT_EQ(statusBy(folder, fmt::format("http://[::1]:{}/health/quick", host.port())), 200);
  EXPECT_EQ(host.stop(), 0);
}

TEST(ProxyProtocol, TheClientOfTheHeaderIsTheOneThatIsLogged) {
  const HostFolder folder;
  HostProcess host{folder, {{"PROXY_PROTOCOL", "true"}, {"TRUSTED_PROXIES", "127.0.0.1"}}};
  ASSERT_NE(host.port(), 0);
  const std::string request =
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  const auto behind = [&](const std::string& header) {
    return host.client().sendRaw(header + request);
  };
  ASSERT_TRUE(await([&] { return behind(host::test::proxyFor(9)).status == 403; }))
      << "198.51.100.9 is outside";
  EXPECT_EQ(behind(host::test::proxyHeader(0x20, 0, "")).status, 200) << "the balancer itself";
  EXPECT_EQ(behind("").status, 0) << "without the header";
  const json line = host.awaitLogLine([](const json& one) {
    return one.value("url", "") == "/metrics" && one.value("ip", "") == "198.51.100.9";
  });
  EXPECT_TRUE(line.is_object());
  EXPECT_EQ(host.stop(), 0);
}

TEST(ProxyProtocol, FromAPeerThatIsNotTrustedItIsRefused) {
  const HostFolder folder;
  HostProcess host{folder, {{"PROXY_PROTOCOL", "true"}, {"TRUSTED_PROXIES", "192.0.2.1"}}};
  ASSERT_NE(host.port(), 0);
  const auto answer = host.client().sendRaw(host::test::proxyFor(9) +
                                            "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace bulkhead::integration
