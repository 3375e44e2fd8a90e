#pragma once

#include <string>
#include <sys/socket.h>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// An address of 4 (AF_INET) or 16 bytes (AF_INET6) in network order as an IP literal; IPv4
/// addresses that come mapped into IPv6 are given as IPv4.
std::string addressText(int family, const void* bytes);

/// Who is at the other end of a TCP socket that was accepted from `address`.
Peer tcpPeer(const sockaddr_storage& address);

/// The peer of an accepted Unix socket: "unix:UID" by SO_PEERCRED.
Peer unixPeer(int fd);

}  // namespace bulkhead::host
