#include "journal_entry.hpp"

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/signing.hpp>

#include "amount.hpp"
#include "date.hpp"

namespace accounting {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;

constexpr std::size_t kLinesMin = 2;

void writeLine(JsonWriter& out, const JournalLine& line) {
  out.beginArray();
  out.value(line.account);
  out.value(line.amount);
  out.value(line.memo);
  out.endArray();
}

}  // namespace

void requireAmounts(const std::vector<JournalLine>& lines) {
  for (const JournalLine& line : lines) {
    if (line.amount == 0) {
      throw Error::validation("VALIDATION_ERROR", "A line's amount is 0; leave the line out.");
    }
    if (line.amount > kAmountMax || line.amount < -kAmountMax) {
      throw Error::validation("VALIDATION_ERROR", "A line's amount is larger than 2^53 - 1.");
    }
  }
}

void requireBalance(const std::vector<JournalLine>& lines) {
  if (lines.size() < kLinesMin) {
    throw Error::businessLogic("TOO_FEW_LINES", "An entry has at least two lines.");
  }
  std::int64_t difference = 0;
  for (const JournalLine& line : lines) difference = sum(difference, line.amount);
  if (difference == 0) return;
  throw Error::businessLogic("UNBALANCED_ENTRY", "Debits and credits differ by " +
                                                     std::to_string(difference) + " minor units.")
      .withDetails(bulkhead::toJson([&](JsonWriter& out) {
        out.object("difference", [&](JsonWriter& value) { writeAmount(value, difference); });
      }));
}

std::vector<JournalLine> opposite(std::vector<JournalLine> lines) {
  for (JournalLine& line : lines) line.amount = -line.amount;
  return lines;
}

std::string canonicalText(const JournalEntry& entry) {
  const Posting& posting = entry.posting.value();
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginArray();
    out.value(posting.sequence);
    out.value(posting.year);
    out.value(posting.number);
    out.value(entry.id);
    out.value(entry.date);
    out.value(entry.memo);
    out.value(entry.currency);
    out.value(entry.source ? std::optional{entry.source->type} : std::nullopt);
    out.value(entry.source ? std::optional{entry.source->id} : std::nullopt);
    out.value(entry.source ? std::optional{entry.source->kind} : std::nullopt);
    out.value(entry.reverses);
    out.value(entry.created_by);
    out.value(formatInstant(posting.posted_at));
    out.array(entry.lines, writeLine);
    out.endArray();
  });
}

std::string chainHash(const JournalEntry& entry) {
  return bulkhead::sha256Hex(entry.posting.value().prev_hash + '\n' + canonicalText(entry));
}

}  // namespace accounting
