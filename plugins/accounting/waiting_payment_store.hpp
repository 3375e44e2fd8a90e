#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "payment_news.hpp"

namespace accounting {

/// News of a payment that the books could not take, and why.
struct WaitingPayment {
  std::string id;
  PaymentNews news;
  std::string code;
  std::string message;
  std::int64_t tries = 1;
  std::int64_t received_at = 0;
  std::int64_t tried_at = 0;
};

/// How many wait for one reason, whoever's they are.
struct WaitingCount {
  std::string code;
  std::int64_t payments = 0;
};

/// Every call but the counts is one tenant's.
struct WaitingPaymentStore {
  struct Filter {
    std::optional<std::string_view> payment = {};
    std::optional<std::string_view> code = {};
    std::int64_t after_time = 0;  ///< where the page before ended
    std::string_view after_id = {};
    std::size_t limit = 50;
  };
  /// Where a page ends that ends with `last`, as text, and back; false for what is none.
  static std::string placeAfter(const WaitingPayment& last);
  static bool readPlace(std::string_view text, Filter& filter);

  /// The oldest first.
  static std::vector<WaitingPayment> list(bulkhead::ReadTransaction& read, std::string_view tenant,
                                          const Filter& filter);
  static std::optional<WaitingPayment> find(bulkhead::ReadTransaction& read,
                                            std::string_view tenant, std::string_view id);
  /// One that waits with exactly this news.
  static std::optional<WaitingPayment> findSame(bulkhead::ReadTransaction& read,
                                                std::string_view tenant, const PaymentNews& news);
  /// By reason, the most frequent first; up to 1000 of each are counted.
  static std::vector<WaitingCount> counts(bulkhead::ReadTransaction& read);

  /// True when a pass over those that wait for this reason is to begin now. False when there are
  /// none, or when one is going on, behind which there will be another.
  static bool beginPass(bulkhead::Transaction& write, std::string_view tenant,
                        std::string_view code);
  /// False when the pass is to begin anew.
  static bool endPass(bulkhead::Transaction& write, std::string_view tenant, std::string_view code);

  static void insert(bulkhead::Transaction& write, std::string_view tenant,
                     const WaitingPayment& waiting);
  /// Its reason and when it was tried.
  static void update(bulkhead::Transaction& write, std::string_view tenant,
                     const WaitingPayment& waiting);
  static void erase(bulkhead::Transaction& write, std::string_view tenant, std::string_view id);
};

}  // namespace accounting
