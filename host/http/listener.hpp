#pragma once

#include <Poco/Net/ServerSocket.h>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bulkhead::host {

/// The sockets of one TCP address: one per event loop, sharing the port by SO_REUSEPORT, so that
/// the kernel spreads connections and no loop waits for another.
struct TcpListener {
  std::vector<Poco::Net::ServerSocket> sockets;
  std::uint16_t port = 0;
};

/// Binds `count` sockets to `address` (IP literal) and `port` (0 = a free one) and listens.
/// The first is bound alone, so that a port which anybody holds, another process of the same user
/// included, is refused with Error configuration PORT_IN_USE; only then is it opened to its
/// siblings. ADDRESS_UNUSABLE when the address cannot be bound for another reason.
TcpListener listenTcp(const std::string& address, std::uint16_t port, unsigned count);

/// A listening Unix socket with mode 0600. A file left by a process that is gone is replaced; one
/// that still answers is refused with PORT_IN_USE. Returns the descriptor, which the caller owns.
int listenUnix(const std::filesystem::path& path);

}  // namespace bulkhead::host
