#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stripe {

/// What is kept of a webhook event beside its text. Stripe sends duplicates and disorder: `id`
/// makes it once, and `created_s` of the object's last event tells which news is newer.
struct Event {
  std::string id;
  std::string type;
  std::optional<std::string> object_id;
  std::string subject;  ///< the payment that it belongs to, or else its object: they come in order
  std::optional<std::string> api_version;
  std::string account;  ///< the connected account that it is of; empty for our own
  bool livemode = false;
  std::int64_t created_s = 0;
};

/// Reads the envelope, thin events (v2.core.event) included. Throws bulkhead::Error (400
/// VALIDATION_ERROR) when the text is no event.
Event parseEvent(std::string_view payload);

}  // namespace stripe
