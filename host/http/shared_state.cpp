#include "http/shared_state.hpp"

#include <arpa/inet.h>

namespace bulkhead::host {
namespace {

struct RejectionName {
  Rejection rejection;
  std::string_view name;
};

constexpr std::array kNames{
    RejectionName{Rejection::Malformed, "malformed"},
    RejectionName{Rejection::UriTooLong, "uri_too_long"},
    RejectionName{Rejection::HeadersTooLarge, "headers_too_large"},
    RejectionName{Rejection::BodyTooLarge, "body_too_large"},
    RejectionName{Rejection::NotImplemented, "not_implemented"},
    RejectionName{Rejection::Version, "version"},
    RejectionName{Rejection::Expectation, "expectation"},
    RejectionName{Rejection::Upgrade, "upgrade"},
    RejectionName{Rejection::Invalid, "invalid"},
    RejectionName{Rejection::NotFound, "not_found"},
    RejectionName{Rejection::MethodNotAllowed, "method_not_allowed"},
    RejectionName{Rejection::NotAcceptable, "not_acceptable"},
    RejectionName{Rejection::MediaType, "media_type"},
    RejectionName{Rejection::PluginUnavailable, "plugin_unavailable"},
    RejectionName{Rejection::PluginCrashed, "plugin_crashed"},
    RejectionName{Rejection::CircuitOpen, "circuit_open"},
    RejectionName{Rejection::ExternalService, "external_service"},
    RejectionName{Rejection::StoreUnavailable, "store_unavailable"},
    RejectionName{Rejection::Overloaded, "overloaded"},
    RejectionName{Rejection::HeadTimeout, "head_timeout"},
    RejectionName{Rejection::BodyTimeout, "body_timeout"},
    RejectionName{Rejection::BodyIncomplete, "body_incomplete"},
    RejectionName{Rejection::RequestBudget, "request_budget"},
    RejectionName{Rejection::WriteStall, "write_stall"},
    RejectionName{Rejection::AnswerBudget, "answer_budget"},
    RejectionName{Rejection::Deadline, "deadline"},
    RejectionName{Rejection::ConnectionCap, "connection_cap"},
    RejectionName{Rejection::ConnectionEvicted, "connection_evicted"},
    RejectionName{Rejection::IpCap, "ip_cap"},
    RejectionName{Rejection::Draining, "draining"},
    RejectionName{Rejection::ProxyHeader, "proxy_header"},
    RejectionName{Rejection::TlsHandshake, "tls_handshake"},
    RejectionName{Rejection::PlainHttp, "plain_http"},
    RejectionName{Rejection::HandshakeTimeout, "handshake_timeout"},
};

constexpr bool areInOrder() {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i].rejection != static_cast<Rejection>(i)) return false;
  }
  return kNames.size() == static_cast<std::size_t>(Rejection::kCount);
}
static_assert(areInOrder());

struct RejectionCode {
  std::string_view code;
  Rejection rejection;
};

constexpr std::array kCodes{
    RejectionCode{"MALFORMED_REQUEST", Rejection::Malformed},
    RejectionCode{"URI_TOO_LONG", Rejection::UriTooLong},
    RejectionCode{"HEADERS_TOO_LARGE", Rejection::HeadersTooLarge},
    RejectionCode{"PAYLOAD_TOO_LARGE", Rejection::BodyTooLarge},
    RejectionCode{"NOT_IMPLEMENTED", Rejection::NotImplemented},
    RejectionCode{"HTTP_VERSION_NOT_SUPPORTED", Rejection::Version},
    RejectionCode{"EXPECTATION_FAILED", Rejection::Expectation},
    RejectionCode{"UPGRADE_REQUIRED", Rejection::Upgrade},
    RejectionCode{"VALIDATION_ERROR", Rejection::Invalid},
    RejectionCode{"METHOD_NOT_ALLOWED", Rejection::MethodNotAllowed},
    RejectionCode{"NOT_ACCEPTABLE", Rejection::NotAcceptable},
    RejectionCode{"UNSUPPORTED_MEDIA_TYPE", Rejection::MediaType},
    RejectionCode{"UNSUPPORTED_CONTENT_CODING", Rejection::MediaType},
    RejectionCode{"PLUGIN_UNAVAILABLE", Rejection::PluginUnavailable},
    RejectionCode{"PLUGIN_CRASHED", Rejection::PluginCrashed},
    RejectionCode{"CIRCUIT_OPEN", Rejection::CircuitOpen},
    RejectionCode{"DATABASE_UNAVAILABLE", Rejection::StoreUnavailable},
    RejectionCode{"DATABASE_BUSY", Rejection::StoreUnavailable},
    RejectionCode{"STORE_LEASE_HELD", Rejection::StoreUnavailable},
    RejectionCode{"OVERLOADED", Rejection::Overloaded},
    RejectionCode{"DEADLINE_EXCEEDED", Rejection::Deadline},
    RejectionCode{"DRAINING", Rejection::Draining},
};

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

std::optional<Rejection> rejectionOf(std::string_view code) {
  for (const RejectionCode& entry : kCodes) {
    if (entry.code == code) return entry.rejection;
  }
  return std::nullopt;
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
