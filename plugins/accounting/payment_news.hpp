#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/transaction.hpp>

#include "journal_entry.hpp"

namespace accounting {

/// The capability whose events are posted.
inline constexpr std::string_view kPayments = "payments/1";
/// Kinds of news.
inline constexpr std::string_view kCharge = "charge";
inline constexpr std::string_view kRefund = "refund";

/// What an event of payments/1 says that concerns the books.
struct PaymentNews {
  std::string payment;
  std::string kind;  ///< kCharge or kRefund
  std::string body;  ///< its payload, as the contract allows it
};

/// The entry that the news asks for; nothing when it has been posted, or moves no money. Throws why
/// the books cannot take it: COMPANY_NOT_SET_UP, NO_ACCOUNT_FOR_ROLE, PAYMENT_NOT_POSTED,
/// VALIDATION_ERROR.
std::optional<JournalEntry> entryOf(bulkhead::ReadTransaction& read, std::string_view tenant,
                                    const PaymentNews& news);

}  // namespace accounting
