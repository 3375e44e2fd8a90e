#pragma once

#include <string>
#include <string_view>

#include <bulkhead/host.hpp>

#include "journal_entry.hpp"

namespace accounting {

/// The only writer of entries. Each call is part of the caller's transaction. Any thread.
class Journal {
 public:
  explicit Journal(const bulkhead::Host& host) : host_{host} {}

  /// Throws what record() would refuse `entry` for; writes nothing.
  void requirePostable(bulkhead::ReadTransaction& read, std::string_view tenant,
                       JournalEntry entry) const;
  /// Stores `entry` as a draft, with an id, the company's currency and the times filled in. Throws
  /// COMPANY_NOT_SET_UP, CURRENCY_MISMATCH, NOT_FOUND (an account), ACCOUNT_INACTIVE, DUPLICATE
  /// (its source has an entry of that kind; details: `id`), VALIDATION_ERROR (an amount of 0).
  JournalEntry draft(bulkhead::Transaction& write, std::string_view tenant,
                     JournalEntry entry) const;
  /// Gives a stored draft the day, the text and the lines of `after`, whose version is the one
  /// before. Throws IMMUTABLE for a posted one, and what draft() throws of accounts and amounts.
  JournalEntry change(bulkhead::Transaction& write, std::string_view tenant,
                      JournalEntry after) const;
  /// Throws IMMUTABLE for a posted one.
  void erase(bulkhead::Transaction& write, std::string_view tenant,
             const JournalEntry& entry) const;
  /// Posts a stored draft: number and hash are taken in the same transaction. Throws
  /// ALREADY_POSTED, TOO_FEW_LINES, UNBALANCED_ENTRY, ACCOUNT_INACTIVE, VERSION_CONFLICT.
  JournalEntry post(bulkhead::Transaction& write, std::string_view tenant,
                    JournalEntry entry) const;
  /// Both at once.
  JournalEntry record(bulkhead::Transaction& write, std::string_view tenant,
                      JournalEntry entry) const {
    return post(write, tenant, draft(write, tenant, std::move(entry)));
  }

  struct Reversal {
    std::string date;
    std::string reason;
    std::string created_by;
  };
  /// Posts the opposite of a posted entry, once. Throws ILLEGAL_TRANSITION for a draft, and what
  /// draft() throws: DUPLICATE the second time.
  JournalEntry reverse(bulkhead::Transaction& write, std::string_view tenant,
                       const JournalEntry& original, Reversal reversal) const;

 private:
  const bulkhead::Host host_;
};

}  // namespace accounting
