#pragma once

#include <bulkhead/plugin.hpp>

#include "journal.hpp"

namespace accounting {

/// What comes of the events of payments/1: an entry for each payment and each refund, once, whoever
/// repeats the event. A tenant whose books cannot take it (no chart of accounts, another currency,
/// a role without account) leaves the event undone: it comes again, and is dead with that reason
/// when its attempts are over. Lives as long as the listeners.
class PaymentPostings {
 public:
  PaymentPostings(bulkhead::Registrar& host, const Journal& journal);

 private:
  bool isSomeones(const bulkhead::Message& event) const;
  void onSucceeded(const bulkhead::Message& event, bulkhead::Transaction& write) const;
  void onRefunded(const bulkhead::Message& event, bulkhead::Transaction& write) const;
  void post(const bulkhead::Message& event, bulkhead::Transaction& write, JournalEntry entry) const;

  const bulkhead::Host host_;
  const Journal& journal_;
};

}  // namespace accounting
