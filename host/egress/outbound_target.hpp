#pragma once

#include <string>

#include <bulkhead/outbound.hpp>

namespace bulkhead::host::egress {

/// Where a request goes, as libcurl reads its URL: what is looked at here is what it connects to.
struct OutboundTarget {
  std::string url;   ///< normalised, without fragment
  std::string host;  ///< lower case; an address without brackets
  unsigned port = 0;
  bool is_address = false;  ///< `host` is no name
  bool is_plain = false;    ///< http, not https

  /// Throws Error (validation, OUTBOUND_URL) for what is no absolute URL of http or https, has a
  /// user or a password, or a name that is not ASCII.
  static OutboundTarget of(const std::string& url);
};

/// Throws Error (validation, OUTBOUND_REQUEST) for a method that is none, and for headers that
/// break a line, are not tokens, or frame the message, which is for the egress alone.
void checkOutboundHead(const OutboundRequest& request);

}  // namespace bulkhead::host::egress
