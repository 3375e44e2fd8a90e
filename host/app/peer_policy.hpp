#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/message.hpp"
#include "runtime/published.hpp"

namespace bulkhead::host {

/// A network in CIDR notation, IPv4 or IPv6.
class Network {
 public:
  /// "10.0.0.0/8", "::1", "fd00::/8". Throws Error (configuration, BAD_NETWORK) naming the text.
  explicit Network(std::string_view text);
  /// False for text that is no IP literal. An IPv4-mapped IPv6 address counts as IPv4.
  bool contains(std::string_view address) const;

 private:
  std::string bytes_;  // network order, 4 or 16
  unsigned prefix_bits_ = 0;
};

/// Decides where a request came from (C16): a forwarded request from a peer that is no trusted
/// proxy is outside, whatever its address; behind trusted proxies the client is the right-most
/// address that is not one of them. Thread-safe.
class PeerPolicy {
 public:
  PeerPolicy(const std::vector<std::string>& allowed_networks,
             const std::vector<std::string>& trusted_proxies);
  /// Completes `request.peer`, whose address is the socket's.
  void resolve(HttpRequest& request) const;
  bool isTrustedProxy(std::string_view address) const;
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
