#pragma once

#include <sys/socket.h>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// Makes a just accepted TCP socket send at once (TCP_NODELAY) and says who is at its other end;
/// IPv4 addresses that come mapped into IPv6 are given as IPv4.
Peer tcpPeer(int fd, const sockaddr_storage& address);

/// The peer of an accepted Unix socket: "unix:UID" by SO_PEERCRED, inside and on the admin socket.
Peer unixPeer(int fd);

}  // namespace bulkhead::host
