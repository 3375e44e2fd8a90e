#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <bulkhead/host.hpp>

#include "metadata_seal.hpp"
#include "payment.hpp"
#include "payment_store.hpp"
#include "stripe_client.hpp"

namespace stripe {

/// Takes money by Stripe's Checkout and gives it back. What is Stripe's to know is asked there;
/// kept here is whose payment it is, and which of Stripe's objects it is made of. Refuses as
/// StripeClient does, and another tenant's payment is PAYMENT_NOT_FOUND. Thread-safe; never in a
/// transaction.
class Payments {
 public:
  /// Who asks: the tenant, and for how long.
  struct Caller {
    const bulkhead::Context& context;
    std::string_view tenant;
  };

  /// `client` and `seal` outlive this.
  Payments(const bulkhead::Host& host, const StripeClient& client, const MetadataSeal& seal)
      : host_{host}, client_{client}, seal_{seal} {}

  /// One payment for one key of the tenant, however often and how late it is asked for. Throws
  /// IDEMPOTENCY_KEY_REUSED when it was another order.
  Payment create(const Caller& caller, const PaymentOrder& order, std::string_view key) const;
  Payment get(const Caller& caller, std::string_view id) const;
  Payment capture(const Caller& caller, std::string_view id, std::optional<std::int64_t> amount,
                  std::string_view key) const;
  Payment cancel(const Caller& caller, std::string_view id, std::string_view key) const;
  /// Gives back once for one key, also long after Stripe has forgotten that: what was given back
  /// under it is kept, and looked for first.
  Refund refund(const Caller& caller, std::string_view id, std::optional<std::int64_t> amount,
                std::string_view reason, std::string_view key) const;

 private:
  Attempt beginAttempt(const Caller& caller, const PaymentOrder& order, std::string_view id,
                       const std::string& fingerprint) const;
  Refund giveBack(const Caller& caller, const Payment& payment, const RefundOrder& order) const;
  std::optional<Payment> find(const Caller& caller, std::string_view id) const;
  Payment require(const Caller& caller, std::string_view id) const;
  Payment requireBegun(const Caller& caller, std::string_view id) const;

  const bulkhead::Host host_;
  const StripeClient& client_;
  const MetadataSeal& seal_;
};

}  // namespace stripe
