#include "journal.hpp"

#include <set>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "account_store.hpp"
#include "date.hpp"
#include "journal_store.hpp"

namespace accounting {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Transaction;

void requireActiveAccounts(ReadTransaction& read, std::string_view tenant,
                           const JournalEntry& entry) {
  std::set<std::string_view> seen;
  for (const JournalLine& line : entry.lines) {
    if (!seen.insert(line.account).second) continue;
    const auto account = AccountStore::find(read, tenant, line.account);
    if (!account) throw notFound("account", line.account);
    if (!account->active) {
      throw Error::businessLogic("ACCOUNT_INACTIVE",
                                 "Account " + account->code + " takes no more entries.");
    }
  }
}

void requireNewSource(ReadTransaction& read, std::string_view tenant, const JournalEntry& entry) {
  if (!entry.source) return;
  const auto existing = JournalStore::findBySource(read, tenant, *entry.source);
  if (!existing) return;
  throw Error::conflict("DUPLICATE", "There is an entry of the kind \"" + entry.source->kind +
                                         "\" for " + entry.source->type + " \"" + entry.source->id +
                                         "\" already.")
      .withDetails(bulkhead::toJson([&](JsonWriter& out) { out.object("id", *existing); }));
}

void requireDraftState(const JournalEntry& entry) {
  if (!entry.isPosted()) return;
  throw Error::businessLogic("IMMUTABLE", "A posted entry stays; reverse it instead.");
}

/// Fills in the currency.
void requireDraft(ReadTransaction& read, std::string_view tenant, JournalEntry& entry) {
  const Company company = AccountStore::requireCompany(read, tenant);
  if (entry.currency.empty()) entry.currency = company.base_currency;
  if (entry.currency != company.base_currency) {
    throw Error::businessLogic(
        "CURRENCY_MISMATCH",
        "The books are kept in " + company.base_currency + ", not in " + entry.currency + ".");
  }
  requireAmounts(entry.lines);
  requireActiveAccounts(read, tenant, entry);
}

}  // namespace

void Journal::requirePostable(ReadTransaction& read, std::string_view tenant,
                              JournalEntry entry) const {
  requireDraft(read, tenant, entry);
  requireNewSource(read, tenant, entry);
  requireBalance(entry.lines);
}

JournalEntry Journal::draft(Transaction& write, std::string_view tenant, JournalEntry entry) const {
  requireDraft(write, tenant, entry);
  requireNewSource(write, tenant, entry);
  entry.id = host_.newId();
  entry.created_at = entry.updated_at = nowSeconds(host_);
  JournalStore::insert(write, tenant, entry);
  return entry;
}

JournalEntry Journal::change(Transaction& write, std::string_view tenant,
                             JournalEntry after) const {
  requireDraftState(after);
  requireDraft(write, tenant, after);
  ++after.version;
  after.updated_at = nowSeconds(host_);
  JournalStore::updateDraft(write, tenant, after);
  return after;
}

void Journal::erase(Transaction& write, std::string_view tenant, const JournalEntry& entry) const {
  requireDraftState(entry);
  JournalStore::eraseDraft(write, tenant, entry.id);
}

JournalEntry Journal::post(Transaction& write, std::string_view tenant, JournalEntry entry) const {
  if (entry.isPosted()) {
    throw Error::conflict("ALREADY_POSTED", "The entry has been posted; reverse it instead.");
  }
  requireBalance(entry.lines);
  requireActiveAccounts(write, tenant, entry);
  const auto head = JournalStore::takeHead(write, tenant);
  Posting posting;
  posting.sequence = head.sequence;
  posting.prev_hash = head.prev_hash;
  posting.year = yearOf(entry.date);
  posting.number = JournalStore::takeNumber(write, tenant, posting.year);
  posting.posted_at = nowSeconds(host_);
  entry.posting = std::move(posting);
  entry.posting->hash = chainHash(entry);
  entry.updated_at = entry.posting->posted_at;
  ++entry.version;
  JournalStore::markPosted(write, tenant, entry);
  return entry;
}

JournalEntry Journal::reverse(Transaction& write, std::string_view tenant,
                              const JournalEntry& original, Reversal reversal) const {
  if (!original.isPosted()) {
    throw Error::businessLogic("ILLEGAL_TRANSITION", "A draft is deleted, not reversed.");
  }
  JournalEntry entry;
  entry.date = std::move(reversal.date);
  entry.memo = std::move(reversal.reason);
  entry.currency = original.currency;
  entry.source = EntrySource{"journal_entry", original.id, "reversal"};
  entry.reverses = original.id;
  entry.created_by = std::move(reversal.created_by);
  entry.lines = opposite(original.lines);
  return record(write, tenant, std::move(entry));
}

}  // namespace accounting
