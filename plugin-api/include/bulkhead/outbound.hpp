#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead {

/// What became of an outbound request. The numbers cross the waist (BULKHEAD_HTTP_*) and never
/// change.
enum class Outcome : std::int32_t {
  Ok = 0,         ///< a whole answer, 2xx
  HttpError = 1,  ///< a whole answer of another status; redirects are not followed
  NotSent = 2,    ///< the service has got nothing of it: sending it again is safe
  Ambiguous = 3,  ///< it was sent, and no whole answer came: its effect may be there or not
  Rejected = 4,   ///< the host did not try: the request, its address, its limits or its end
};

/// A request to an outside service.
struct OutboundRequest {
  std::string method = "GET";
  std::string url;  ///< absolute; https unless the operator allows more
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  /// What it is for, in fixed words such as "refunds.create": it stands in the log, where url,
  /// headers and body never do.
  std::string operation{};
  /// A second run at the service is no second effect (it has the service's idempotency key, or only
  /// reads): it may be sent once more where a kept connection ended under it.
  bool repeatable = false;
  /// Longest time for all of it; 0 for what the caller has left, which it never exceeds.
  std::chrono::milliseconds timeout{0};
};

struct OutboundAnswer {
  Outcome outcome = Outcome::NotSent;
  int status = 0;  ///< also of an answer that did not come to its end; 0 when no head came
  std::vector<std::pair<std::string, std::string>> headers{};  ///< names in lower case
  std::string body{};                                          ///< whole, or empty
  /// Why there is no whole answer: a stable word, "DEADLINE_EXCEEDED", and a sentence for the log.
  std::string code{};
  std::string message{};
  int retry_after_s = 0;  ///< what the service asked for; 0 for nothing
  int attempts = 0;       ///< how often it was sent
  std::chrono::microseconds elapsed{0};

  bool isOk() const noexcept { return outcome == Outcome::Ok; }
  /// A whole answer has come, good or not.
  bool isAnswered() const noexcept {
    return outcome == Outcome::Ok || outcome == Outcome::HttpError;
  }
  /// Value of the first header of that name, in lower case.
  std::optional<std::string_view> header(std::string_view name) const {
    const auto found = std::find_if(headers.begin(), headers.end(),
                                    [&](const auto& field) { return field.first == name; });
    if (found == headers.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace bulkhead
