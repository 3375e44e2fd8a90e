#include "egress/open_connections.hpp"

#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead::host::egress {
namespace {

std::uint16_t localPortOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

int OpenConnections::open(int family, int type, int protocol) {
  const int socket = ::socket(family, type | SOCK_CLOEXEC, protocol);
  if (socket >= 0) ports_[socket] = 0;
  return socket;
}

int OpenConnections::close(int socket) {
  ports_.erase(socket);
  return ::close(socket);
}

bool OpenConnections::isSpent(std::uint16_t local_port) {
  for (auto& [socket, port] : ports_) {
    if (port == 0) port = localPortOf(socket);
    if (port != local_port) continue;
    pollfd look{socket, POLLIN | POLLRDHUP, 0};
    if (::poll(&look, 1, 0) > 0) return true;
  }
  return false;
}

}  // namespace bulkhead::host::egress
