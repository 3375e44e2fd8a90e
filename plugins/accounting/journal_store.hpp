#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "journal_entry.hpp"

namespace accounting {

/// Entries, their numbers and their chain. Every call is one tenant's. That a posted entry
/// balances, follows the one before and stays as it is are rules of the schema.
struct JournalStore {
  struct Filter {
    std::optional<std::string_view> state = {};
    std::optional<std::string_view> from = {};  ///< days, both inclusive
    std::optional<std::string_view> to = {};
    std::optional<std::string_view> account = {};
    std::optional<std::string_view> source_type = {};
    std::optional<std::string_view> source_id = {};
    std::optional<std::int64_t> updated_since = {};
    std::string_view after_date = {};  ///< where the page before ended; empty for the first
    std::string_view after_id = {};
    std::size_t limit = 50;
  };
  /// By date and id, the latest first.
  static std::vector<JournalEntry> list(bulkhead::ReadTransaction& read, std::string_view tenant,
                                        const Filter& filter);
  static std::optional<JournalEntry> find(bulkhead::ReadTransaction& read, std::string_view tenant,
                                          std::string_view id);
  /// The id of the entry that was made for the source, posted or not.
  static std::optional<std::string> findBySource(bulkhead::ReadTransaction& read,
                                                 std::string_view tenant,
                                                 const EntrySource& source);
  /// How much of a payment its posted entries have given back.
  static std::int64_t refundedOf(bulkhead::ReadTransaction& read, std::string_view tenant,
                                 std::string_view payment);

  /// Stores a draft with its lines.
  static void insert(bulkhead::Transaction& write, std::string_view tenant,
                     const JournalEntry& entry);
  /// Its day, text and lines. Throws VERSION_CONFLICT unless the stored version is the one before.
  static void updateDraft(bulkhead::Transaction& write, std::string_view tenant,
                          const JournalEntry& entry);
  static void eraseDraft(bulkhead::Transaction& write, std::string_view tenant,
                         std::string_view id);

  /// The next place in the company's chain, which others wait for until the transaction ends.
  struct Head {
    std::int64_t sequence = 0;
    std::string prev_hash;
  };
  static Head takeHead(bulkhead::Transaction& write, std::string_view tenant);
  /// The next number of the year, for who has the head; a rollback gives it back.
  static std::int64_t takeNumber(bulkhead::Transaction& write, std::string_view tenant, int year);
  /// Turns the draft with `entry`'s id into what `entry` is now. Throws VERSION_CONFLICT.
  static void markPosted(bulkhead::Transaction& write, std::string_view tenant,
                         const JournalEntry& entry);
};

}  // namespace accounting
