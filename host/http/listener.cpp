#include "http/listener.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/SocketAddress.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

using Poco::Net::SocketAddress;

constexpr int kSendBufferBytes = 256 * 1024;

Error inUse(const std::string& where) {
  return Error::configuration("PORT_IN_USE", fmt::format("{} is in use already.", where));
}

Error unusable(const std::string& where, const std::string& why) {
  return Error::configuration("ADDRESS_UNUSABLE",
                              fmt::format("Cannot listen on {}: {}.", where, why));
}

Error noListener(int fd, const std::string& why) {
  return Error::configuration(
      "LISTENER_UNUSABLE", fmt::format("Descriptor {} was handed over to listen on: {}.", fd, why));
}

SocketAddress parseAddress(const std::string& address, std::uint16_t port) {
  try {
    return SocketAddress{address, port};
  } catch (const Poco::Exception& e) {
    throw unusable(address, e.displayText());
  }
}

void setOption(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return ::getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

FileDescriptor bindTcp(const SocketAddress& address, bool reuse_port, bool v6_only) {
  FileDescriptor fd{::socket(address.af(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) throw unusable(address.toString(), std::strerror(errno));
  setOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family() == SocketAddress::IPv6)
    setOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, v6_only ? 1 : 0);
  if (reuse_port) setOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(fd.get(), address.addr(), address.length()) == 0) return fd;
  if (errno == EADDRINUSE) throw inUse(address.toString());
  throw unusable(address.toString(), std::strerror(errno));
}

SocketAddress boundAddress(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return SocketAddress{reinterpret_cast<const sockaddr*>(&address), length};
}

/// Accepted sockets take over TCP_NODELAY and the size of their send buffer, so that it costs no
/// call per connection. The kernel would let a buffer grow to megabytes for a client that asks and
/// does not read.
void beginListening(int fd, const std::string& where) {
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  setOption(fd, SOL_SOCKET, SO_SNDBUF, kSendBufferBytes);
  if (::listen(fd, kListenBacklog) != 0) throw unusable(where, std::strerror(errno));
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

/// Only a refused connection proves that nobody listens: a full queue, or a file that we may not
/// open, belongs to somebody.
bool isLeftBehind(const sockaddr_un& address, int type) {
  const FileDescriptor fd{::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  return fd && ::connect(fd.get(), generic(address), sizeof(address)) != 0 && errno == ECONNREFUSED;
}

/// While it lives no other process of ours looks at, removes or makes a socket in the folder.
FileDescriptor lockFolder(const std::filesystem::path& path) {
  const auto folder = std::filesystem::absolute(path).parent_path();
  FileDescriptor fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd || ::flock(fd.get(), LOCK_EX) != 0) throw unusable(path.native(), std::strerror(errno));
  return fd;
}

void makeWay(const std::filesystem::path& path, const sockaddr_un& address, int type) {
  struct stat existing {};
  if (::lstat(path.c_str(), &existing) != 0) return;
  if (!S_ISSOCK(existing.st_mode)) throw unusable(path.native(), "what is there is no socket");
  if (!isLeftBehind(address, type)) throw inUse(path.native());
  ::unlink(path.c_str());
}

void checkListens(int fd) {
  if (option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1 && option(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM)
    return;
  if (::fcntl(fd, F_GETFD) < 0) throw noListener(fd, "it is not open");
  throw noListener(fd, "it is no listening stream socket");
}

}  // namespace

SocketFile SocketFile::at(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return {path, status.st_dev, status.st_ino};
}

void SocketFile::remove() noexcept {
  struct stat status {};
  if (!path.empty() && ::lstat(path.c_str(), &status) == 0 && status.st_dev == device &&
      status.st_ino == inode)
    ::unlink(path.c_str());
  path.clear();
}

Listener listenTcp(const std::string& address, std::uint16_t port, unsigned count, bool v6_only) {
  Listener listener;
  SocketAddress where = parseAddress(address, port);
  for (unsigned i = 0; i < count; ++i) {
    listener.sockets.push_back(bindTcp(where, i > 0, v6_only));
    if (i > 0) continue;
    const int first = listener.sockets.front().get();
    setOption(first, SOL_SOCKET, SO_REUSEPORT, 1);
    where = SocketAddress{where.host(), boundAddress(first).port()};
  }
  listener.address = where.toString();
  listener.port = where.port();
  for (const FileDescriptor& socket : listener.sockets)
    beginListening(socket.get(), listener.address);
  return listener;
}

Listener listenUnix(const std::filesystem::path& path, mode_t mode, int type) {
  const sockaddr_un address = unixAddress(path);
  const FileDescriptor lock = lockFolder(path);
  makeWay(path, address, type);
  FileDescriptor fd{::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  // The mode is set before the first connection can be made: bind creates, listen opens.
  if (!fd || ::bind(fd.get(), generic(address), sizeof(address)) != 0 ||
      ::chmod(path.c_str(), mode) != 0 || ::listen(fd.get(), kListenBacklog) != 0)
    throw unusable(path.native(), std::strerror(errno));
  Listener listener;
  listener.address = path.native();
  listener.file = SocketFile::at(path);
  listener.sockets.push_back(std::move(fd));
  return listener;
}

Listener adoptListener(std::vector<FileDescriptor> sockets) {
  Listener listener;
  listener.kept = true;
  for (const FileDescriptor& socket : sockets) {
    const int fd = socket.get();
    checkListens(fd);
    const SocketAddress address = boundAddress(fd);
    if (listener.address.empty()) listener.address = address.toString();
    if (address != boundAddress(sockets.front().get()))
      throw noListener(fd, "it listens elsewhere than its siblings");
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (address.family() == SocketAddress::UNIX_LOCAL) continue;
    listener.port = address.port();
    beginListening(fd, listener.address);
  }
  listener.sockets = std::move(sockets);
  return listener;
}

}  // namespace bulkhead::host
