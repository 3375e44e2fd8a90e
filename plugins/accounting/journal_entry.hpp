#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace accounting {

/// An amount for an account: positive is a debit, negative a credit, zero is none.
struct JournalLine {
  std::string account;  ///< its id
  std::int64_t amount = 0;
  std::string memo = {};
  friend bool operator==(const JournalLine&, const JournalLine&) = default;
};

/// What an entry was made for. One source has one entry of a kind, for ever.
struct EntrySource {
  std::string type;  ///< payment, journal_entry ...
  std::string id;
  std::string kind;  ///< charge, refund, reversal ...
};

/// What posting gave an entry.
struct Posting {
  std::int64_t sequence = 0;  ///< its place in the company's chain, from 1
  int year = 0;
  std::int64_t number = 0;  ///< within the year, from 1 and without gaps
  std::int64_t posted_at = 0;
  std::string prev_hash;  ///< of the posting before; empty for the first
  std::string hash;
};

/// Dated amounts that belong together. A draft can be anything; what is posted balances and stays.
struct JournalEntry {
  std::string id;
  std::string date;
  std::string memo;
  std::string currency;
  std::optional<EntrySource> source;
  std::optional<std::string> reverses;
  std::optional<std::string> reversed_by;  ///< derived, never stored
  std::vector<JournalLine> lines;
  std::string created_by;  ///< the key's id, or the capability that an event came from
  std::int64_t version = 1;
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
  std::optional<Posting> posting;  ///< nothing while it is a draft

  bool isPosted() const { return posting.has_value(); }
};

/// Throws VALIDATION_ERROR for a line of nothing or of more than kAmountMax.
void requireAmounts(const std::vector<JournalLine>& lines);
/// Throws TOO_FEW_LINES, UNBALANCED_ENTRY (with the `difference` in its details) unless the lines
/// are two or more and their amounts sum to zero.
void requireBalance(const std::vector<JournalLine>& lines);

/// The same amounts with the opposite sign.
std::vector<JournalLine> opposite(std::vector<JournalLine> lines);

/// What a posted entry says, as JSON text that depends on nothing else: README.md lists its parts.
std::string canonicalText(const JournalEntry& entry);

/// SHA-256 in hex of prev_hash, a line feed and the canonical text.
std::string chainHash(const JournalEntry& entry);

}  // namespace accounting
