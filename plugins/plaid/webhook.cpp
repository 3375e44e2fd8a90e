#include "webhook.hpp"

#include <array>

#include <bulkhead/error.hpp>
#include <bulkhead/json_fields.hpp>

namespace plaid {
namespace {

using Kind = ConnectionNews::Kind;

struct Meaning {
  std::string_view type, code;
  Kind kind;
  bool transactions_available = false;
  bool repaired = false;
  std::string_view reason{};
};

/// A bank's customer who has to sign in again, and every other fault of an Item, come as
/// ITEM/ERROR.
constexpr std::array kMeanings{
    Meaning{"TRANSACTIONS", "SYNC_UPDATES_AVAILABLE", Kind::Updated, true},
    Meaning{"TRANSACTIONS", "INITIAL_UPDATE", Kind::Updated, true},
    Meaning{"TRANSACTIONS", "HISTORICAL_UPDATE", Kind::Updated, true},
    Meaning{"TRANSACTIONS", "DEFAULT_UPDATE", Kind::Updated, true},
    Meaning{"TRANSACTIONS", "TRANSACTIONS_REMOVED", Kind::Updated, true},
    Meaning{"ITEM", "NEW_ACCOUNTS_AVAILABLE", Kind::Updated},
    Meaning{"ITEM", "LOGIN_REPAIRED", Kind::Updated, false, true},
    Meaning{"ITEM", "ERROR", Kind::NeedsAttention, false, false, "failed"},
    Meaning{"ITEM", "PENDING_EXPIRATION", Kind::NeedsAttention, false, false, "expires_soon"},
    Meaning{"ITEM", "PENDING_DISCONNECT", Kind::NeedsAttention, false, false, "disconnects_soon"},
    Meaning{"ITEM", "USER_PERMISSION_REVOKED", Kind::Revoked},
    Meaning{"ITEM", "USER_ACCOUNT_REVOKED", Kind::Updated},  // of one account; the Item lives
};

[[noreturn]] void refuse(const char* reason) {
  throw bulkhead::Error::validation("VALIDATION_ERROR", reason);
}

std::string wordIn(const nlohmann::json& object, const char* name) {
  constexpr std::size_t kBytesMax = 120;
  std::string word = bulkhead::textIn(object, name);
  if (word.size() > kBytesMax) refuse("A member of the webhook is too long.");
  return word;
}

}  // namespace

Webhook parseWebhook(std::string_view body) {
  const nlohmann::json document = bulkhead::readJson(body);
  if (!document.is_object()) refuse("The body is not a JSON object, or nested too deeply.");
  Webhook webhook{wordIn(document, "webhook_type"),
                  wordIn(document, "webhook_code"),
                  wordIn(document, "item_id"),
                  wordIn(document, "environment"),
                  {}};
  if (webhook.type.empty() || webhook.code.empty()) refuse("The webhook has no type and code.");
  if (const auto* error = bulkhead::objectIn(document, "error"))
    webhook.error_code = wordIn(*error, "error_code");
  return webhook;
}

std::optional<ConnectionNews> newsOf(const Webhook& webhook) {
  if (webhook.item.empty()) return std::nullopt;
  for (const Meaning& known : kMeanings) {
    if (known.type != webhook.type || known.code != webhook.code) continue;
    ConnectionNews news{known.kind, known.transactions_available, known.repaired,
                        std::string{known.reason}};
    if (news.kind == Kind::NeedsAttention && webhook.error_code == "ITEM_LOGIN_REQUIRED")
      news.reason = "login_required";
    return news;
  }
  return std::nullopt;
}

}  // namespace plaid
