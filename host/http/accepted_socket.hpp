#pragma once

#include <sys/socket.h>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// Who is at the other end of a TCP socket that was accepted from `address`; IPv4 addresses that
/// come mapped into IPv6 are given as IPv4.
Peer tcpPeer(const sockaddr_storage& address, bool management);

/// The peer of an accepted Unix socket: "unix:UID" by SO_PEERCRED, inside and on the admin socket.
Peer unixPeer(int fd);

}  // namespace bulkhead::host
