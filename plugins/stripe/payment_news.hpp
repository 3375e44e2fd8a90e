#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace stripe {

enum class NewsKind {
  Begun,  ///< nothing but which objects a payment is made of
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
  // What the metadata say: ours if the seal is good, else anybody's.
  std::string payment;
  std::string tenant;
  std::string reference;
  std::string seal;
  std::int64_t order_amount = 0;  ///< of the object that they stand in
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
