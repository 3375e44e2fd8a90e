#include "http/accepted_socket.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace bulkhead::host {
std::string addressText(int family, const void* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(family, bytes, text.data(), text.size()) == nullptr) return {};
  constexpr std::string_view kMapped = "::ffff:";
  const std::string_view literal{text.data()};
  const bool mapped = literal.starts_with(kMapped) && literal.find('.') != std::string_view::npos;
  return std::string{mapped ? literal.substr(kMapped.size()) : literal};
}

Peer tcpPeer(const sockaddr_storage& address) {
  const void* bytes =
      address.ss_family == AF_INET6
          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
          : &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  Peer peer;
  peer.address = addressText(address.ss_family, bytes);
  return peer;
}

Peer unixPeer(int fd) {
  ucred credentials{};
  socklen_t length = sizeof(credentials);
  Peer peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return peer;
  peer.address = "unix:" + std::to_string(credentials.uid);
  return peer;
}

}  // namespace bulkhead::host
