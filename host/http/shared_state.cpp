#include "http/shared_state.hpp"

#include <arpa/inet.h>

namespace bulkhead::host {
namespace {

struct RejectionName {
  Rejection rejection;
  std::string_view name;
  std::string_view code;  ///< of the parser's refusal; empty when it is never the parser's
};

constexpr std::array kNames{
    RejectionName{Rejection::Malformed, "malformed", "MALFORMED_REQUEST"},
    RejectionName{Rejection::UriTooLong, "uri_too_long", "URI_TOO_LONG"},
    RejectionName{Rejection::HeadersTooLarge, "headers_too_large", "HEADERS_TOO_LARGE"},
    RejectionName{Rejection::BodyTooLarge, "body_too_large", "PAYLOAD_TOO_LARGE"},
    RejectionName{Rejection::NotImplemented, "not_implemented", "NOT_IMPLEMENTED"},
    RejectionName{Rejection::Version, "version", "HTTP_VERSION_NOT_SUPPORTED"},
    RejectionName{Rejection::Expectation, "expectation", "EXPECTATION_FAILED"},
    RejectionName{Rejection::HeadTimeout, "head_timeout", ""},
    RejectionName{Rejection::BodyTimeout, "body_timeout", ""},
    RejectionName{Rejection::BodyIncomplete, "body_incomplete", ""},
    RejectionName{Rejection::BodyBudget, "body_budget", ""},
    RejectionName{Rejection::WriteStall, "write_stall", ""},
    RejectionName{Rejection::Deadline, "deadline", ""},
    RejectionName{Rejection::ConnectionCap, "connection_cap", ""},
    RejectionName{Rejection::ConnectionEvicted, "connection_evicted", ""},
    RejectionName{Rejection::IpCap, "ip_cap", ""},
    RejectionName{Rejection::Draining, "draining", ""},
    RejectionName{Rejection::ProxyHeader, "proxy_header", ""},
    RejectionName{Rejection::TlsHandshake, "tls_handshake", ""},
    RejectionName{Rejection::PlainHttp, "plain_http", ""},
    RejectionName{Rejection::HandshakeTimeout, "handshake_timeout", ""},
};
static_assert(kNames.size() == static_cast<std::size_t>(Rejection::kCount));

/// One client's key: an IPv4 address, or the /64 that one IPv6 client usually has to itself.
std::string clientKey(const std::string& address) {
  in6_addr v6{};
  if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1) return address;
  constexpr std::size_t kPrefixBytes = 8;
  return std::string(std::begin(v6.s6_addr), std::begin(v6.s6_addr) + kPrefixBytes);
}

}  // namespace

std::string_view nameOf(Rejection rejection) {
  return kNames[static_cast<std::size_t>(rejection)].name;
}

Rejection rejectionOf(const Error& refusal) {
  for (const RejectionName& entry : kNames) {
    if (entry.code == refusal.code()) return entry.rejection;
  }
  return Rejection::Malformed;
}

bool IpTable::enter(const std::string& address, std::size_t max) {
  const std::lock_guard lock{mutex_};
  std::size_t& count = counts_[clientKey(address)];
  if (count >= max) return false;
  ++count;
  return true;
}

void IpTable::leave(const std::string& address) {
  const std::lock_guard lock{mutex_};
  const auto entry = counts_.find(clientKey(address));
  if (entry != counts_.end() && --entry->second == 0) counts_.erase(entry);
}

bool SharedState::isKept(int fd) {
  const std::lock_guard lock{mutex};
  return kept.count(fd) != 0;
}

void SharedState::connectionClosed() {
  if (open_connections.fetch_sub(1) != 1 || !draining) return;
  const std::lock_guard lock{mutex};
  changed.notify_all();
}

}  // namespace bulkhead::host
