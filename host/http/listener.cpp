#include "http/listener.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

using Poco::Net::ServerSocket;
using Poco::Net::SocketAddress;

constexpr int kBacklog = 4096;
constexpr int kSendBufferBytes = 256 * 1024;

Error inUse(const std::string& where) {
  return Error::configuration("PORT_IN_USE", fmt::format("{} is in use already.", where));
}

Error unusable(const std::string& where, const std::string& why) {
  return Error::configuration("ADDRESS_UNUSABLE",
                              fmt::format("Cannot listen on {}: {}.", where, why));
}

SocketAddress parseAddress(const std::string& address, std::uint16_t port) {
  try {
    return SocketAddress{address, port};
  } catch (const Poco::Exception& e) {
    throw unusable(address, e.displayText());
  }
}

void bind(ServerSocket& socket, const SocketAddress& address, bool reuse_port) {
  try {
    if (address.family() == SocketAddress::IPv6) {
      socket.bind6(address, true, reuse_port, true);
    } else {
      socket.bind(address, true, reuse_port);
    }
  } catch (const Poco::Net::NetException& e) {
    if (e.code() == EADDRINUSE) throw inUse(address.toString());
    throw unusable(address.toString(), e.displayText());
  } catch (const Poco::Exception& e) {
    if (errno == EADDRINUSE) throw inUse(address.toString());
    throw unusable(address.toString(), e.displayText());
  }
}

/// Poco's sockets would be inherited by every process that is started. Accepted sockets take over
/// TCP_NODELAY and the size of their send buffer, so that it costs no call per connection. The
/// kernel would let a buffer grow to megabytes for a client that asks and does not read.
void prepare(ServerSocket& socket) {
  ::fcntl(socket.impl()->sockfd(), F_SETFD, FD_CLOEXEC);
  socket.impl()->setNoDelay(true);
  socket.impl()->setSendBufferSize(kSendBufferBytes);
  socket.setBlocking(false);
  socket.listen(kBacklog);
}

sockaddr_un unixAddress(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.empty() || text.size() >= sizeof(address.sun_path))
    throw unusable(text, "the path of a Unix socket has 1 to 107 characters");
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Whether somebody accepts connections on the socket file.
bool isAnswered(const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool answered = ::connect(fd, generic(address), sizeof(address)) == 0;
  ::close(fd);
  return answered;
}

}  // namespace

TcpListener listenTcp(const std::string& address, std::uint16_t port, unsigned count) {
  TcpListener listener;
  SocketAddress where = parseAddress(address, port);
  for (unsigned i = 0; i < count; ++i) {
    ServerSocket socket;
    bind(socket, where, i > 0);
    if (i == 0) {
      socket.setReusePort(true);
      where = SocketAddress{where.host(), socket.address().port()};
    }
    listener.sockets.push_back(socket);
  }
  for (ServerSocket& socket : listener.sockets) prepare(socket);
  listener.port = where.port();
  return listener;
}

int listenUnix(const std::filesystem::path& path) {
  const sockaddr_un address = unixAddress(path);
  if (isAnswered(address)) throw inUse(path.native());
  struct stat existing {};
  if (::lstat(path.c_str(), &existing) == 0 && S_ISSOCK(existing.st_mode)) ::unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw unusable(path.native(), std::strerror(errno));
  // The mode is set before the first connection can be made: bind creates, listen opens.
  if (::bind(fd, generic(address), sizeof(address)) != 0 || ::chmod(path.c_str(), 0600) != 0 ||
      ::listen(fd, kBacklog) != 0) {
    const std::string why = std::strerror(errno);
    ::close(fd);
    throw unusable(path.native(), why);
  }
  return fd;
}

}  // namespace bulkhead::host
