#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/types.h>
#include <vector>

#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {

/// Whom a listener serves, and what its clients have to begin with.
struct Service {
  enum class Audience { Public, Management, Administration };
  Audience audience = Audience::Public;
  bool tls = false;             ///< with the front's TlsContext
  bool proxy_protocol = false;  ///< each connection begins with a PROXY header (proxy_header.hpp)
};

/// A socket file, known by what it is and not by its name alone.
struct SocketFile {
  std::filesystem::path path;  ///< empty: none
  dev_t device = 0;
  ino_t inode = 0;

  static SocketFile at(const std::filesystem::path& path);
  /// Removes it, unless it is somebody else's by now. No path is left.
  void remove() noexcept;
};

/// Connections that the kernel keeps ready for each socket.
constexpr int kListenBacklog = 4096;

/// The sockets that listen on one address. Closing them resets whoever queues there, unless they
/// are `kept`. Does not remove its file.
struct Listener {
  std::vector<FileDescriptor> sockets;  ///< TCP: one per event loop, so that no loop waits for
                                        ///< another; else one for all
  std::string address;     ///< "127.0.0.1:5000", "[::1]:5000", "/run/bulkhead/http.sock"
  std::uint16_t port = 0;  ///< 0: a Unix socket
  SocketFile file{};       ///< goes with the listener
  bool kept = false;       ///< somebody else holds the sockets too and serves what queues there
};

/// Binds `count` sockets to `address` (IP literal) and `port` (0 = a free one) and listens.
/// The first is bound alone, so that a port which anybody holds, another process of the same user
/// included, is refused with Error configuration PORT_IN_USE; only then is it opened to its
/// siblings by SO_REUSEPORT. ADDRESS_UNUSABLE when the address cannot be bound for another reason.
/// "::" takes IPv4 in as well, unless `v6_only`.
Listener listenTcp(const std::string& address, std::uint16_t port, unsigned count,
                   bool v6_only = false);

/// A listening Unix socket with that mode (SOCK_STREAM or SOCK_SEQPACKET). A file left by a process
/// that is gone is replaced; one that still answers, or that cannot be asked, is refused with
/// PORT_IN_USE, also when two processes try at the same time. ADDRESS_UNUSABLE for what is there
/// and is no socket.
Listener listenUnix(const std::filesystem::path& path, mode_t mode = 0600, int type = SOCK_STREAM);

/// Takes over sockets that listen already, all on one address, and makes them non-blocking and
/// close-on-exec. Throws Error configuration LISTENER_UNUSABLE, saying why, for a descriptor that
/// is no listening stream socket of TCP or Unix. `kept` is true in what it gives.
Listener adoptListener(std::vector<FileDescriptor> sockets);

}  // namespace bulkhead::host
