#include "app/peer_policy.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include <bulkhead/error.hpp>

#include "app/forwarded.hpp"

namespace bulkhead::host {
Network::Network(std::string_view text) : is_unix_{text == "unix"} {
  if (is_unix_) return;
  const auto slash = text.find('/');
  bytes_ = ClientAddress{std::string{text.substr(0, slash)}}.bytes();
  prefix_bits_ = static_cast<unsigned>(bytes_.size() * 8);
  bool valid = !bytes_.empty();
  if (slash != std::string_view::npos) {
    const std::string_view bits = text.substr(slash + 1);
    unsigned given = 0;
    const auto read = std::from_chars(bits.data(), bits.data() + bits.size(), given);
    valid = valid && read.ec == std::errc{} && read.ptr == bits.data() + bits.size() &&
            given <= prefix_bits_;
    prefix_bits_ = given;
  }
  if (!valid) {
    throw Error::configuration(
        "BAD_NETWORK",
        fmt::format("'{}' is not a network such as 10.0.0.0/8 or ::1, nor \"unix\".", text));
  }
}

bool Network::anyContains(const std::vector<Network>& networks, const ClientAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(address); });
}

bool Network::containsBytes(std::string_view bytes) const {
  if (bytes.size() != bytes_.size()) return false;
  const std::size_t whole = prefix_bits_ / 8;
  if (bytes.substr(0, whole) != std::string_view{bytes_}.substr(0, whole)) return false;
  const unsigned mask = 0xff00U >> (prefix_bits_ % 8) & 0xffU;
  if (mask == 0) return true;
  const auto different = static_cast<unsigned char>(bytes[whole] ^ bytes_[whole]);
  return (different & mask) == 0;
}

namespace {

void removeForwarding(HttpRequest& request) {
  auto& fields = request.headers;
  fields.erase(std::remove_if(fields.begin(), fields.end(),
                              [](const auto& field) { return isForwardingField(field.first); }),
               fields.end());
}

void setHost(HttpRequest& request, const std::string& host) {
  for (auto& [name, value] : request.headers) {
    if (name == "host") value = host;
  }
}

}  // namespace

PeerPolicy::PeerPolicy(const std::vector<std::string>& allowed_networks,
                       const std::vector<std::string>& trusted_proxies)
    : networks_{networksOf(allowed_networks, trusted_proxies)} {}

std::shared_ptr<const PeerPolicy::Networks> PeerPolicy::networksOf(
    const std::vector<std::string>& allowed_networks,
    const std::vector<std::string>& trusted_proxies) {
  return std::make_shared<const Networks>(
      Networks{{allowed_networks.begin(), allowed_networks.end()},
               {trusted_proxies.begin(), trusted_proxies.end()}});
}

void PeerPolicy::replace(const std::vector<std::string>& allowed_networks,
                         const std::vector<std::string>& trusted_proxies) {
  networks_.store(networksOf(allowed_networks, trusted_proxies));
}

void PeerPolicy::resolve(HttpRequest& request) const {
  if (request.peer.admin_socket || request.peer.management) {
    request.peer.inside = true;
    return;
  }
  const auto networks = networks_.load();
  if (!isForwarded(request.headers)) {
    request.peer.inside = Network::anyContains(networks->allowed, request.peer.address);
    return;
  }
  if (!Network::anyContains(networks->trusted, request.peer.address)) {
    request.peer.inside = false;
    removeForwarding(request);
    return;
  }
  const auto hop = forwardedClient(request.headers, [&](std::string_view address) {
    return Network::anyContains(networks->trusted, std::string{address});
  });
  if (!hop) {
    request.peer.inside = false;  // a trusted proxy that does not say for whom it asks
    return;
  }
  request.peer.address = hop->address;
  request.peer.inside = Network::anyContains(networks->allowed, request.peer.address);
  if (!hop->scheme.empty()) request.peer.secure = hop->scheme == "https";
  if (!hop->host.empty()) setHost(request, hop->host);
}

bool PeerPolicy::isTrustedProxy(const ClientAddress& address) const {
  return Network::anyContains(networks_.load()->trusted, address);
}

}  // namespace bulkhead::host
