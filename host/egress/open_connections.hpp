#pragma once

#include <cstdint>
#include <map>

namespace bulkhead::host::egress {

/// The sockets that libcurl has open for us. It keeps connections, and looks whether one has ended
/// before it uses it again, but not behind TLS, where a goodbye waits to be read. One thread.
class OpenConnections {
 public:
  /// A socket, or -1.
  int open(int family, int type, int protocol);
  int close(int socket);
  /// The connection with that local port has something to be read, where nobody asked for anything:
  /// it has ended, or speaks out of turn.
  bool isSpent(std::uint16_t local_port);

 private:
  std::map<int, std::uint16_t> ports_;  ///< by socket; 0 while it is not connected
};

}  // namespace bulkhead::host::egress
