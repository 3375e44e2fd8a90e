#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string_view>

#include <bulkhead/error.hpp>
#include <bulkhead/outbound.hpp>

#include "runtime/services.hpp"

namespace bulkhead::host {

/// On whose behalf a request goes out.
struct HttpCaller {
  std::string_view plugin;
  std::chrono::steady_clock::time_point deadline;
  LogTrace trace{};
  std::uint64_t link_call = 0;  ///< see CapabilityCall
  std::stop_token given_up{};   ///< likewise: what has not gone out by then never does
};

/// A home's way to outside services: the host's egress, directly or over the link, or a test's
/// wire. Thread-safe.
class HttpSender {
 public:
  virtual ~HttpSender() = default;
  /// Blocks until the deadline at most. Throws Error only when there is no way out at all.
  virtual OutboundAnswer send(OutboundRequest request, const HttpCaller& caller) = 0;
};

/// The refusal where there is no way out.
inline Error noEgress() {
  return Error::configuration(
      "NO_EGRESS", "Nothing goes out from here: the plugin is still being created, or tested.");
}

}  // namespace bulkhead::host
