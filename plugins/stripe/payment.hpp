#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stripe {

/// What somebody is asked to pay. Amounts are in minor units of the currency.
struct PaymentOrder {
  std::int64_t amount = 0;
  std::string currency;   ///< ISO 4217, upper case
  std::string reference;  ///< the caller's own id of what is paid
  std::string description;
  std::string customer_email;
  std::string return_url;
  bool capture_later = false;
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// A payment as payments/1 tells it, with Stripe's ids of its objects. Its own id is the caller's
/// tenant and key, so that it is the same in every attempt, and stands in the metadata of all that
/// Stripe makes of it.
struct Payment {
  std::string id;
  std::string tenant;
  std::string reference;
  std::string fingerprint;  ///< of the order, as it was sent
  std::string session;      ///< "cs_..."
  std::string intent;       ///< "pi_...", from when the payer begins
  std::string status = "pending";
  std::int64_t amount = 0;
  std::string currency;
  std::int64_t amount_refunded = 0;
  std::string checkout_url;
  std::string failure_code;
  std::int64_t created_s = 0;
  std::int64_t news_s = 0;   ///< when the newest that was heard of it happened
  bool is_unsealed = false;  ///< an earlier version made it, without a seal in its metadata
};

struct Refund {
  std::string id;
  std::string payment;
  std::string status;
  std::int64_t amount = 0;
  std::string currency;
};

/// Reads a request that the contract of create_payment, or of the route, allows. Throws
/// bulkhead::Error (422 PROVIDER_REFUSED) for metadata under a name of our own.
PaymentOrder parseOrder(std::string_view json);

/// The same payment for the same tenant and key, and no other's.
std::string paymentId(std::string_view tenant, std::string_view key);

/// Takes over what Stripe's Checkout Session says, and the PaymentIntent in it where that is
/// expanded.
void readSession(const nlohmann::json& session, Payment& payment);
/// Takes over what the PaymentIntent says, and its last charge where that is expanded.
void readIntent(const nlohmann::json& intent, Payment& payment);
/// What was given back of a charge. Stripe counts the part that was never captured as refunded,
/// too.
std::int64_t refundedOf(const nlohmann::json& charge);
Refund readRefund(const nlohmann::json& refund, const Payment& payment);

/// Answers of payments/1.
std::string toJson(const Payment& payment);
std::string toJson(const Refund& refund);

/// RFC 3339 in UTC.
std::string instantOf(std::int64_t unix_s);
std::string upperCase(std::string text);
std::string lowerCase(std::string text);

}  // namespace stripe
