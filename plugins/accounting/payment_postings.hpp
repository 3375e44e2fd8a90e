#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/plugin.hpp>

#include "journal.hpp"
#include "waiting_payment_store.hpp"

namespace accounting {

/// What comes of the events of payments/1: an entry for each payment and each refund, once, whoever
/// repeats the event. One that a tenant's books cannot take (no chart of accounts, another
/// currency, a role without account, a refund without its payment) waits with the reason, and is
/// tried again, by itself, when a change of the books may have mended its reason. Lives as long as
/// the listeners.
class PaymentPostings {
 public:
  enum class Change { CompanySetUp, RoleGiven, AccountActivated };

  PaymentPostings(bulkhead::Registrar& host, const Journal& journal);

  /// Has what may have waited for this change tried again, after the commit.
  void retrySoon(bulkhead::Transaction& write, std::string_view tenant, Change change) const;
  /// Posts one that waits, which waits no more. Gives the entry, or nothing when none is due.
  /// Throws why the books cannot take it.
  std::optional<JournalEntry> post(bulkhead::Transaction& write, std::string_view tenant,
                                   const WaitingPayment& waiting) const;

 private:
  /// What the books say to news; nothing is written. Neither for news that are posted already.
  struct Verdict {
    std::optional<JournalEntry> entry = {};
    std::optional<bulkhead::Error> refusal = {};
  };

  void onEvent(const bulkhead::Message& event, std::string_view kind,
               bulkhead::Transaction& write) const;
  void onRetry(const bulkhead::Message& message, bulkhead::Transaction& write) const;
  void onPass(const bulkhead::Message& message, bulkhead::Transaction& write) const;
  Verdict judge(bulkhead::ReadTransaction& read, std::string_view tenant,
                const PaymentNews& news) const;
  std::optional<JournalEntry> record(bulkhead::Transaction& write, std::string_view tenant,
                                     const PaymentNews& news, Verdict verdict) const;
  void keep(bulkhead::Transaction& write, std::string_view tenant, PaymentNews news,
            const bulkhead::Error& reason) const;
  void tryAgain(bulkhead::Transaction& write, std::string_view tenant,
                WaitingPayment waiting) const;
  void keepPass(bulkhead::Transaction& write, std::string_view tenant, std::string_view code,
                std::string_view after) const;
  void keepRetry(bulkhead::Transaction& write, std::string_view tenant,
                 const WaitingPayment& waiting) const;
  bulkhead::Health health(const bulkhead::Context& context) const;

  const bulkhead::Host host_;
  const Journal& journal_;
  const bulkhead::Inbox passes_;
  const bulkhead::Inbox retries_;
};

}  // namespace accounting
