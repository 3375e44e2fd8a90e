#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/outbound.hpp>

#include "egress/name_resolver.hpp"

namespace bulkhead::host::egress {

/// On whose behalf a request goes out. Ids are for the log alone; the service never sees them.
struct OutboundCaller {
  std::string plugin{};
  std::chrono::steady_clock::time_point deadline{};
  std::string request_id{};
  std::string trace_id{};
  std::string tenant{};
  std::stop_token given_up{};  ///< nobody waits: what has not gone out by then never does
};

/// What is counted of a request that has come to its end.
struct OutboundRecord {
  std::string_view plugin;
  std::string_view host;  ///< lower case; empty for a URL that is none
  Outcome outcome = Outcome::NotSent;
  std::chrono::microseconds elapsed{0};
};

struct EgressOptions {
  std::vector<std::string> allowed_networks{};                ///< of the inside that may be reached
  bool plain_http = false;                                    ///< http to those
  std::filesystem::path ca_file{};                            ///< empty: the system's
  std::chrono::milliseconds timeout{60'000};                  ///< longest time of one request
  std::chrono::milliseconds connect_timeout{5'000};           ///< TLS included
  std::chrono::milliseconds idle_timeout{10'000};             ///< of a kept connection
  std::size_t body_bytes_max = std::size_t{8} * 1024 * 1024;  ///< of a request, and of an answer
  std::size_t head_bytes_max = std::size_t{64} * 1024;        ///< of an answer
  std::size_t connections_per_host = 32;
  std::size_t requests_max = 512;  ///< on their way at once; of one plugin half of them
  std::string user_agent = "Bulkhead";
  NameResolver::Options names{};
  /// Told of each request's end, on any thread, without waiting.
  std::function<void(const OutboundRecord&)> on_completed{};
};

}  // namespace bulkhead::host::egress
