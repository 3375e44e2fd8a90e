#include "http/listener.hpp"

#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <bulkhead/error.hpp>

#include "temporary_folder.hpp"

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
  const Listener listener = listenTcp("127.0.0.1", 0, 3);
  ASSERT_EQ(listener.sockets.size(), 3U);
  EXPECT_NE(listener.port, 0);
  for (const auto& socket : listener.sockets) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length);
    EXPECT_EQ(ntohs(address.sin_port), listener.port);
    int no_delay = 0;
    length = sizeof no_delay;
    ::getsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &length);
    EXPECT_EQ(no_delay, 1);
    EXPECT_EQ(::fcntl(socket.get(), F_GETFD), FD_CLOEXEC) << "workers must not inherit it";
  }
}

TEST(Listener, APortInUseIsRefusedByName) {
  const Listener listener = listenTcp("127.0.0.1", 0, 2);
  const auto [code, message] = refusalOf("127.0.0.1", listener.port);
  EXPECT_EQ(code, "PORT_IN_USE");
  EXPECT_NE(message.find("127.0.0.1:" + std::to_string(listener.port)), std::string::npos)
      << message;
}

TEST(Listener, APortHeldByAnotherProcessOfTheSameUserIsRefused) {
  const Listener listener = listenTcp("127.0.0.1", 0, 2);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(refusalOf("127.0.0.1", listener.port).first == "PORT_IN_USE" ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Listener, SharingThePortAtOnceWouldHideThatItIsInUse) {
  const Listener listener = listenTcp("127.0.0.1", 0, 2);
  EXPECT_TRUE(bindsWithReusePort(listener.port));
}

TEST(Listener, AnAddressThatIsNotOursIsRefused) {
  EXPECT_EQ(refusalOf("192.0.2.1", 0).first, "ADDRESS_UNUSABLE");
  EXPECT_EQ(refusalOf("no address", 80).first, "ADDRESS_UNUSABLE");
}

class UnixListener : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "http.sock";
};

TEST_F(UnixListener, ASocketReplacesADeadOneAndNotALivingOne) {
  {
    const Listener first = listenUnix(path_);
    EXPECT_THROW(listenUnix(path_), Error);
  }
  EXPECT_TRUE(std::filesystem::exists(path_)) << "as after a crash";
  EXPECT_EQ(listenUnix(path_).sockets.size(), 1U);
  std::filesystem::remove(path_);
  std::ofstream{path_} << "not a socket";
  EXPECT_THROW(listenUnix(path_), Error);
  EXPECT_TRUE(std::filesystem::is_regular_file(path_)) << "a file that is no socket is not removed";
}

// Goal: a living socket whose queue is full is no dead one. Method: one that listens with no room
// and never accepts; a client that waits could not tell them apart.
TEST_F(UnixListener, ALivingOneWithAFullQueueIsNotReplaced) {
  const Listener living = listenUnix(path_);
  ::listen(living.sockets.front().get(), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.native().copy(address.sun_path, sizeof address.sun_path - 1);
  std::vector<FileDescriptor> clients;
  int error = 0;
  while (error == 0 && clients.size() < 100) {
    clients.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    if (::connect(clients.back().get(), reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) != 0)
      error = errno;
  }
  ASSERT_EQ(error, EAGAIN);
  EXPECT_THROW(listenUnix(path_), Error);
}

// Goal: of many that find the same dead socket one gets it. Method: threads at once; each winner
// that another had robbed would make it two.
TEST_F(UnixListener, OfManyAtOnceOneGetsIt) {
  constexpr int kRounds = 20;
  constexpr int kThreads = 6;
  for (int round = 0; round < kRounds; ++round) {
    { const Listener left_behind = listenUnix(folder_ / std::to_string(round)); }
    std::mutex mutex;
    std::vector<Listener> winners;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        try {
          Listener won = listenUnix(folder_ / std::to_string(round));
          const std::lock_guard lock{mutex};
          winners.push_back(std::move(won));
        } catch (const Error&) {
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(winners.size(), 1U);
  }
}

TEST_F(UnixListener, TheModeIsAsAsked) {
  const Listener listener = listenUnix(path_, 0660);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0660U);
}

TEST_F(UnixListener, AFileIsRemovedOnlyAsLongAsItIsOurs) {
  Listener ours = listenUnix(path_);
  std::filesystem::remove(path_);
  Listener theirs = listenUnix(path_);
  ours.file.remove();
  EXPECT_TRUE(std::filesystem::exists(path_));
  theirs.file.remove();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST(Listener, TheIpv6AddressOfEverythingTakesIpv4In) {
  const auto connects = [](std::uint16_t port) {
    const FileDescriptor fd{::socket(AF_INET, SOCK_STREAM, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  };
  const Listener both = listenTcp("::", 0, 2);
  EXPECT_TRUE(connects(both.port));
  const Listener v6 = listenTcp("::", 0, 2, true);
  EXPECT_FALSE(connects(v6.port)) << "the control";
}

/// Code and message of what adoptListener throws.
std::string refusalOf(FileDescriptor fd) {
  std::vector<FileDescriptor> fds;
  fds.push_back(std::move(fd));
  try {
    adoptListener(std::move(fds));
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST_F(UnixListener, OnlyListeningStreamSocketsAreAdopted) {
  EXPECT_NE(refusalOf(FileDescriptor{::open("/dev/null", O_RDONLY)}).find("no listening"),
            std::string::npos);
  EXPECT_NE(refusalOf(FileDescriptor{::socket(AF_INET, SOCK_STREAM, 0)}).find("no listening"),
            std::string::npos);
  EXPECT_NE(refusalOf(FileDescriptor{::socket(AF_INET, SOCK_DGRAM, 0)}).find("no listening"),
            std::string::npos);
  EXPECT_NE(refusalOf(FileDescriptor{9999}).find("not open"), std::string::npos);
  Listener made = listenTcp("127.0.0.1", 0, 2);
  const std::uint16_t port = made.port;
  const Listener adopted = adoptListener(std::move(made.sockets));
  EXPECT_EQ(adopted.port, port);
  EXPECT_TRUE(adopted.kept);
  const Listener unix_one = adoptListener(std::move(listenUnix(path_).sockets));
  EXPECT_EQ(unix_one.address, path_.native());
  EXPECT_EQ(unix_one.port, 0);
}

}  // namespace
}  // namespace bulkhead::host
