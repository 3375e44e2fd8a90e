#include "app/peer_policy.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include <bulkhead/error.hpp>

#include "app/forwarded.hpp"

namespace bulkhead::host {
namespace {

/// The address in network order, 4 or 16 bytes; empty when it is none.
std::string addressBytes(std::string_view text) {
  const std::string literal{text};
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, literal.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (inet_pton(AF_INET6, literal.c_str(), bytes.data()) != 1) return {};
  constexpr std::string_view kMappedPrefix{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};
  const std::string_view whole{bytes.data(), bytes.size()};
  if (whole.starts_with(kMappedPrefix)) return std::string{whole.substr(12)};
  return std::string{whole};
}

}  // namespace

Network::Network(std::string_view text) : is_unix_{text == "unix"} {
  if (is_unix_) return;
  const auto slash = text.find('/');
  bytes_ = addressBytes(text.substr(0, slash));
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

bool Network::contains(std::string_view address) const {
  if (is_unix_) return address.starts_with("unix:");
  const std::string bytes = addressBytes(address);
  if (bytes.size() != bytes_.size()) return false;
  for (unsigned bit = 0; bit < prefix_bits_; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    const auto ours = static_cast<unsigned char>(bytes_[bit / 8]);
    const auto theirs = static_cast<unsigned char>(bytes[bit / 8]);
    if ((ours & mask) != (theirs & mask)) return false;
  }
  return true;
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

bool holds(const std::vector<Network>& networks, std::string_view address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(address); });
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
    request.peer.inside = holds(networks->allowed, request.peer.address);
    return;
  }
  if (!holds(networks->trusted, request.peer.address)) {
    request.peer.inside = false;
    removeForwarding(request);
    return;
  }
  const auto hop = forwardedClient(
      request.headers, [&](std::string_view address) { return holds(networks->trusted, address); });
  if (!hop) {
    request.peer.inside = false;  // a trusted proxy that does not say for whom it asks
    return;
  }
  request.peer.address = hop->address;
  request.peer.inside = holds(networks->allowed, hop->address);
  if (!hop->scheme.empty()) request.peer.secure = hop->scheme == "https";
  if (!hop->host.empty()) setHost(request, hop->host);
}

bool PeerPolicy::isTrustedProxy(std::string_view address) const {
  return holds(networks_.load()->trusted, address);
}

}  // namespace bulkhead::host
