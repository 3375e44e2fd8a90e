#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/transaction.hpp>

#include "payment.hpp"

namespace stripe {

/// Keeps the payment unless it is there already; the attempt at it is over.
void insertPayment(bulkhead::Transaction& transaction, const Payment& payment);

/// The tenant's payment; nothing for another tenant's.
std::optional<Payment> findPayment(bulkhead::ReadTransaction& snapshot, std::string_view tenant,
                                   std::string_view id);

/// Whosever it is.
std::optional<Payment> findPaymentOfAny(bulkhead::ReadTransaction& snapshot, std::string_view id);
/// The payment that is made of one of these objects of Stripe's; either may be empty.
std::optional<Payment> findPaymentMadeOf(bulkhead::ReadTransaction& snapshot,
                                         std::string_view session, std::string_view intent);

/// Keeps what news have changed, or a payment that was begun elsewhere.
void storeNews(bulkhead::Transaction& transaction, const Payment& payment);

/// What is sent to Stripe to make a payment, kept from before the first try: under one key Stripe
/// takes one body alone, so that each try sends the same, whatever the settings are by then.
struct Attempt {
  std::string fingerprint;  ///< of the order
  std::string form;
};

/// The attempt that was there first.
Attempt keepAttempt(bulkhead::Transaction& transaction, std::string_view id, const Attempt& attempt,
                    std::int64_t now_us);
std::optional<Attempt> findAttempt(bulkhead::ReadTransaction& snapshot, std::string_view id);

/// Keeps what was given back under Stripe's key for it.
void keepRefund(bulkhead::Transaction& transaction, std::string_view key, const Refund& refund);
std::optional<Refund> findRefund(bulkhead::ReadTransaction& snapshot, std::string_view key);

}  // namespace stripe
