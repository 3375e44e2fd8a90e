#pragma once

#include <optional>
#include <string_view>

#include <bulkhead/transaction.hpp>

#include "payment.hpp"

namespace stripe {

/// Keeps the payment unless it is there already.
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

}  // namespace stripe
