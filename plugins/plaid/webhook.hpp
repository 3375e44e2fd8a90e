#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plaid {

/// What Plaid tells of an Item. It has no id of its own, and says that something is so, not what
/// changed: it may come twice, and late.
struct Webhook {
  std::string type, code;
  std::string item;
  std::string environment;
  std::string error_code;  ///< of ITEM/ERROR
};

/// Throws bulkhead::Error (400 VALIDATION_ERROR) when the text is no webhook.
Webhook parseWebhook(std::string_view body);

/// The words of bank-feed/1 for it.
struct ConnectionNews {
  enum class Kind { Updated, NeedsAttention, Revoked };
  Kind kind = Kind::Updated;
  bool transactions_available = false;
  bool repaired = false;  ///< it works again
  std::string reason{};   ///< of NeedsAttention
};

/// Nothing for a webhook that concerns nobody.
std::optional<ConnectionNews> newsOf(const Webhook& webhook);

}  // namespace plaid
