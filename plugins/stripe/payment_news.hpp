#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace stripe {

enum class NewsKind {
  Succeeded,
  Failed,
  Canceled,
  Refunded,
  DisputeOpened,
  DisputeClosed,
  PayoutPaid
};

/// What one of Stripe's Events says of money, in the words of payments/1.
struct PaymentNews {
  NewsKind kind = NewsKind::Succeeded;
  std::string payment;  ///< our id of it, from the metadata; empty for one that was begun elsewhere
  std::string tenant;   ///< from the metadata
  std::string reference;  ///< from the metadata
  std::string session;
  std::string intent;
  std::string object;  ///< Stripe's id of the dispute, the payout or the failed charge
  std::int64_t amount = 0;
  std::string currency;
  std::int64_t amount_refunded = 0;  ///< so far, of Refunded
  std::optional<std::int64_t> fee;
  std::string failure_code;
  std::string outcome;  ///< of DisputeClosed
  std::int64_t occurred_s = 0;
};

/// Nothing for an Event that says nothing of that kind, as most do.
std::optional<PaymentNews> newsIn(const nlohmann::json& event);

}  // namespace stripe
