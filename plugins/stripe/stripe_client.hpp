#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/host.hpp>
#include <bulkhead/outbound.hpp>
#include <bulkhead/required_settings.hpp>

#include "payment.hpp"
#include "settings.hpp"  // generated from plugin.json

namespace stripe {

/// What is to be given back of a PaymentIntent; all that is left where `amount` is nothing.
struct RefundOrder {
  std::string_view intent;
  std::string_view key;
  std::optional<std::int64_t> amount;
  std::string_view reason;
  bool is_marked = true;  ///< the key stands in the refund's metadata, too
};

/// Speaks to Stripe's API in the one version that the code was written for. Every call ends by its
/// context's deadline, and throws bulkhead::Error: NOT_CONFIGURED without `secret_key`, the words
/// of provider_error.hpp, and those of payments/1 for what Stripe refuses. A POST has a key, with
/// which Stripe has its effect once for at least 24 hours. Thread-safe.
class StripeClient {
 public:
  static constexpr std::string_view kApiVersion = "2026-10-28.endive";

  StripeClient(const bulkhead::Host& host, const Settings& settings)
      : host_{host},
        settings_{settings},
        required_{"stripe", {{"secret_key", settings.secret_key}}} {}

  /// What is not set of what every call needs; empty when nothing is missing.
  const std::string& missing() const { return required_.missing(); }

  nlohmann::json createSession(const bulkhead::Context& context, std::string_view form,
                               std::string_view key) const;
  /// With its PaymentIntent and that one's last charge.
  nlohmann::json session(const bulkhead::Context& context, std::string_view id) const;
  nlohmann::json expireSession(const bulkhead::Context& context, std::string_view id,
                               std::string_view key) const;
  /// With its last charge.
  nlohmann::json intent(const bulkhead::Context& context, std::string_view id) const;
  nlohmann::json captureIntent(const bulkhead::Context& context, std::string_view id,
                               std::optional<std::int64_t> amount, std::string_view key) const;
  nlohmann::json cancelIntent(const bulkhead::Context& context, std::string_view id,
                              std::string_view key) const;
  nlohmann::json createRefund(const bulkhead::Context& context, const RefundOrder& order) const;
  /// What was made of the order with that key, of all that was given back of the intent.
  std::optional<nlohmann::json> findRefund(const bulkhead::Context& context,
                                           std::string_view intent, std::string_view key) const;
  /// The call that costs Stripe least and needs the key: the account's balance.
  void check(const bulkhead::Context& context) const;

  /// What our own metadata say.
  struct Marks {
    std::string_view payment;
    std::string_view tenant;
    std::string_view seal;
  };
  /// With what the settings say where the order does not.
  PaymentOrder completed(PaymentOrder order) const;
  /// The form of a Checkout Session for the order.
  static std::string sessionForm(const PaymentOrder& order, const Marks& marks);

 private:
  bulkhead::OutboundRequest request(std::string_view method, std::string_view target,
                                    std::string_view operation) const;
  nlohmann::json get(const bulkhead::Context& context, std::string_view target,
                     std::string_view operation) const;
  nlohmann::json post(const bulkhead::Context& context, std::string_view target,
                      std::string_view operation, std::string_view form,
                      std::string_view key) const;
  nlohmann::json send(const bulkhead::Context& context,
                      const bulkhead::OutboundRequest& request) const;
  void requireMember(const nlohmann::json& document, const char* name,
                     std::string_view operation) const;

  const bulkhead::Host host_;
  const Settings& settings_;
  const bulkhead::RequiredSettings required_;
};

}  // namespace stripe
