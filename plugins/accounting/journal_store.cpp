#include "journal_store.hpp"

#include <string>

#include "account.hpp"

namespace accounting {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

const std::string kSelect =
    "select e.id, e.date, e.memo, e.currency, e.source_type, e.source_id, e.posting_kind, "
    "e.reverses, e.created_by, e.version, e.created_at, e.updated_at, e.sequence, e.year, "
    "e.number, e.posted_at, e.prev_hash, e.hash, "
    "(select r.id from journal_entry r where r.tenant = e.tenant and "
    "r.source_type = 'journal_entry' and r.source_id = e.id and r.posting_kind = 'reversal') "
    "from journal_entry e where e.tenant = $1 and ";

JournalEntry read(const Row& row) {
  JournalEntry entry;
  entry.id = row.string(0);
  entry.date = row.string(1);
  entry.memo = row.string(2);
  entry.currency = row.string(3);
  if (!row.isNull(4)) entry.source = EntrySource{row.string(4), row.string(5), row.string(6)};
  entry.reverses = row.optionalString(7);
  entry.created_by = row.string(8);
  entry.version = row.integer(9);
  entry.created_at = row.integer(10);
  entry.updated_at = row.integer(11);
  if (!row.isNull(12)) {
    entry.posting = Posting{row.integer(12), static_cast<int>(row.integer(13)),
                            row.integer(14), row.integer(15),
                            row.string(16),  row.string(17)};
  }
  entry.reversed_by = row.optionalString(18);
  return entry;
}

void readLines(ReadTransaction& transaction, std::string_view tenant, JournalEntry& entry) {
  entry.lines = transaction.list(
      "select account, amount, memo from journal_line where tenant = $1 and entry = $2 "
      "order by line",
      values(tenant, entry.id), [](const Row& row) {
        return JournalLine{row.string(0), row.integer(1), row.string(2)};
      });
}

void insertLines(Transaction& write, std::string_view tenant, const JournalEntry& entry) {
  int number = 0;
  for (const JournalLine& line : entry.lines) {
    write.send(
        "insert into journal_line (tenant, entry, line, account, amount, memo) "
        "values ($1, $2, $3, $4, $5, $6)",
        values(tenant, entry.id, ++number, line.account, line.amount, line.memo));
  }
}

std::optional<std::string_view> unlessEmpty(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

std::vector<JournalEntry> JournalStore::list(ReadTransaction& transaction, std::string_view tenant,
                                             const Filter& filter) {
  const std::string sql =
      kSelect +
      "(e.state = $2 or $2 is null) and (e.date >= $3 or $3 is null) "
      "and (e.date <= $4 or $4 is null) and (e.source_type = $5 or $5 is null) "
      "and (e.source_id = $6 or $6 is null) and (exists (select 1 from journal_line "
      "l where l.tenant = $1 and l.account = $7 and l.entry = e.id) or $7 is null) and " +
      (filter.after_date.empty() ? "coalesce($8, $9) is null" : "(e.date, e.id) < ($8, $9)") +
      " and (e.updated_at >= $11 or $11 is null) order by e.date desc, e.id desc limit $10";
  auto found =
      transaction.list(sql,
                       values(tenant, filter.state, filter.from, filter.to, filter.source_type,
                              filter.source_id, filter.account, unlessEmpty(filter.after_date),
                              unlessEmpty(filter.after_id), filter.limit, filter.updated_since),
                       read);
  for (JournalEntry& entry : found) readLines(transaction, tenant, entry);
  return found;
}

std::optional<JournalEntry> JournalStore::find(ReadTransaction& transaction,
                                               std::string_view tenant, std::string_view id) {
  static const std::string kSql = kSelect + "e.id = $2";
  auto found = transaction.first(kSql, values(tenant, id), read);
  if (found) readLines(transaction, tenant, *found);
  return found;
}

std::optional<std::string> JournalStore::findBySource(ReadTransaction& transaction,
                                                      std::string_view tenant,
                                                      const EntrySource& source) {
  return transaction.first(
      "select id from journal_entry where tenant = $1 and source_type = $2 and source_id = $3 "
      "and posting_kind = $4",
      values(tenant, source.type, source.id, source.kind),
      [](const Row& row) { return row.string(0); });
}

std::int64_t JournalStore::refundedOf(ReadTransaction& transaction, std::string_view tenant,
                                      std::string_view payment) {
  return transaction
      .first(
          "select cast(coalesce(sum(l.amount), 0) as bigint) from journal_entry e "
          "join journal_line l on l.tenant = e.tenant and l.entry = e.id "
          "where e.tenant = $1 and e.source_type = 'payment' and e.source_id = $2 "
          "and e.posting_kind like 'refund_to_%' and e.state = 'posted' and l.amount > 0",
          values(tenant, payment), [](const Row& row) { return row.integer(0); })
      .value_or(0);
}

void JournalStore::insert(Transaction& write, std::string_view tenant, const JournalEntry& entry) {
  std::optional<EntrySource> source = entry.source;
  const auto part = [&](std::string EntrySource::*member) -> std::optional<std::string_view> {
    if (!source) return std::nullopt;
    return std::string_view{(*source).*member};
  };
  write.send(
      "insert into journal_entry (tenant, id, state, date, memo, currency, source_type, source_id, "
      "posting_kind, reverses, created_by, created_at, updated_at, version) "
      "values ($1, $2, 'draft', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      values(tenant, entry.id, entry.date, entry.memo, entry.currency, part(&EntrySource::type),
             part(&EntrySource::id), part(&EntrySource::kind), entry.reverses, entry.created_by,
             entry.created_at, entry.updated_at, entry.version));
  insertLines(write, tenant, entry);
}

void JournalStore::updateDraft(Transaction& write, std::string_view tenant,
                               const JournalEntry& entry) {
  write.sendExpecting(
      1, versionConflict(),
      "update journal_entry set date = $3, memo = $4, version = $5, updated_at = "
      "$6 where tenant = $1 and id = $2 and version = $5 - 1",
      values(tenant, entry.id, entry.date, entry.memo, entry.version, entry.updated_at));
  write.send("delete from journal_line where tenant = $1 and entry = $2", values(tenant, entry.id));
  insertLines(write, tenant, entry);
}

void JournalStore::eraseDraft(Transaction& write, std::string_view tenant, std::string_view id) {
  write.send("delete from journal_entry where tenant = $1 and id = $2", values(tenant, id));
}

// The first statement waits for its turn, so that the second sees all that was posted before: what
// the head itself says may have been moved.
JournalStore::Head JournalStore::takeHead(Transaction& write, std::string_view tenant) {
  write.send(
      "insert into journal_head (tenant, sequence, hash) values ($1, 1, '') "
      "on conflict (tenant) do update set hash = journal_head.hash",
      values(tenant));
  return write
      .first(
          "update journal_head set sequence = 1 + (select coalesce(max(sequence), 0) "
          "from journal_entry where tenant = $1 and sequence is not null) where tenant = $1 "
          "returning sequence, hash",
          values(tenant),
          [](const Row& row) {
            return Head{row.integer(0), row.string(1)};
          })
      .value();
}

std::int64_t JournalStore::takeNumber(Transaction& write, std::string_view tenant, int year) {
  return write
      .first(
          "insert into number_series (tenant, kind, year, last) values ($1, 'journal_entry', $2, "
          "1 + (select coalesce(max(number), 0) from journal_entry where tenant = $1 and "
          "year = $2 and number is not null)) on conflict (tenant, kind, year) "
          "do update set last = excluded.last returning last",
          values(tenant, year), [](const Row& row) { return row.integer(0); })
      .value();
}

void JournalStore::markPosted(Transaction& write, std::string_view tenant,
                              const JournalEntry& entry) {
  const Posting& posting = entry.posting.value();
  write.sendExpecting(
      1, versionConflict(),
      "update journal_entry set state = 'posted', sequence = $3, year = $4, number = $5, "
      "posted_at = $6, prev_hash = $7, hash = $8, version = $9, updated_at = $6 "
      "where tenant = $1 and id = $2 and version = $9 - 1",
      values(tenant, entry.id, posting.sequence, posting.year, posting.number, posting.posted_at,
             posting.prev_hash, posting.hash, entry.version));
  write.send("update journal_head set hash = $2 where tenant = $1", values(tenant, posting.hash));
}

}  // namespace accounting
