#include "http/listener.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

/// Code and message of what `listenTcp` throws; empty when it does not.
std::pair<std::string, std::string> refusalOf(const std::string& address, std::uint16_t port) {
  try {
    listenTcp(address, port, 2);
  } catch (const Error& error) {
    return {error.code(), error.message()};
  }
  return {};
}

/// Binds and listens with SO_REUSEPORT from the start, without asking who is there already.
bool bindsWithReusePort(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::listen(fd, 1) == 0;
  ::close(fd);
  return bound;
}

TEST(Listener, OneSocketPerLoopSharesTheFreePortItChose) {
  const TcpListener listener = listenTcp("127.0.0.1", 0, 3);
  ASSERT_EQ(listener.sockets.size(), 3U);
  EXPECT_NE(listener.port, 0);
  for (const auto& socket : listener.sockets) EXPECT_EQ(socket.address().port(), listener.port);
}

TEST(Listener, APortInUseIsRefusedByName) {
  const TcpListener listener = listenTcp("127.0.0.1", 0, 2);
  const auto [code, message] = refusalOf("127.0.0.1", listener.port);
  EXPECT_EQ(code, "PORT_IN_USE");
  EXPECT_NE(message.find("127.0.0.1:" + std::to_string(listener.port)), std::string::npos)
      << message;
}

TEST(Listener, APortHeldByAnotherProcessOfTheSameUserIsRefused) {
  const TcpListener listener = listenTcp("127.0.0.1", 0, 2);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(refusalOf("127.0.0.1", listener.port).first == "PORT_IN_USE" ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Listener, SharingThePortAtOnceWouldHideThatItIsInUse) {
  const TcpListener listener = listenTcp("127.0.0.1", 0, 2);
  EXPECT_TRUE(bindsWithReusePort(listener.port));
}

TEST(Listener, AnAddressThatIsNotOursIsRefused) {
  EXPECT_EQ(refusalOf("192.0.2.1", 0).first, "ADDRESS_UNUSABLE");
  EXPECT_EQ(refusalOf("no address", 80).first, "ADDRESS_UNUSABLE");
}

TEST(Listener, AUnixSocketReplacesADeadOneAndNotALiveOne) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("bulkhead-listener-test-" + std::to_string(::getpid()) + ".sock");
  const int first = listenUnix(path);
  EXPECT_THROW(listenUnix(path), Error);
  ::close(first);
  const int second = listenUnix(path);
  EXPECT_GE(second, 0);
  ::close(second);
  std::filesystem::remove(path);
  std::ofstream{path} << "not a socket";
  EXPECT_THROW(listenUnix(path), Error);
  EXPECT_TRUE(std::filesystem::is_regular_file(path)) << "a file that is no socket is not removed";
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace bulkhead::host
