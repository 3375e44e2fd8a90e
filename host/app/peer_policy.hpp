#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/message.hpp"
#include "runtime/published.hpp"

namespace bulkhead::host {

/// A network in CIDR notation, IPv4 or IPv6, or the peers of Unix sockets.
class Network {
 public:
  /// "10.0.0.0/8", "::1", "fd00::/8", "unix". Throws Error (configuration, BAD_NETWORK) naming the
  /// text.
  explicit Network(std::string_view text);
  /// False for text that is neither an IP literal nor "unix:UID". An IPv4-mapped IPv6 address
  /// counts as IPv4.
  bool contains(const ClientAddress& address) const {
    return is_unix_ ? address.isUnix() : containsBytes(address.bytes());
  }
  /// Whether one of `networks` does.
  static bool anyContains(const std::vector<Network>& networks, const ClientAddress& address);

 private:
  bool containsBytes(std::string_view bytes) const;

  bool is_unix_;
  std::string bytes_;  // network order, 4 or 16; of "unix" empty
  unsigned prefix_bits_ = 0;
};

/// Decides where a request came from (C16). What X-Forwarded-For, -Proto and -Host or Forwarded
/// (RFC 7239) say counts from a trusted proxy alone: then the client is the right-most address that
/// is no trusted proxy, and scheme and host are what the proxy next to that client said. From
/// anybody else these fields make the request one from outside, whatever its address, and are taken
/// out, so that nobody behind can be misled by them. Thread-safe.
class PeerPolicy {
 public:
  PeerPolicy(const std::vector<std::string>& allowed_networks,
             const std::vector<std::string>& trusted_proxies);
  /// Completes `request.peer`, whose address is the socket's or the PROXY header's, and puts a
  /// forwarded host in the place of Host.
  void resolve(HttpRequest& request) const;
  bool isTrustedProxy(const ClientAddress& address) const;
  /// Other networks from now on; throws as the constructor does, and nothing has changed then.
  void replace(const std::vector<std::string>& allowed_networks,
               const std::vector<std::string>& trusted_proxies);

 private:
  struct Networks {
    std::vector<Network> allowed;
    std::vector<Network> trusted;
  };

  static std::shared_ptr<const Networks> networksOf(
      const std::vector<std::string>& allowed_networks,
      const std::vector<std::string>& trusted_proxies);

  Published<Networks> networks_;
};

}  // namespace bulkhead::host
