#include "data/audit_log.hpp"

#include <fmt/format.h>
#include <limits>
#include <string_view>

#include <bulkhead/transaction.hpp>

#include "data/audit_rows.hpp"

namespace bulkhead::host::data::audit {
namespace {

constexpr std::string_view kSchema[] = {
    ("CREATE TABLE IF NOT EXISTS bulkhead_audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, "
     "at_us BIGINT NOT NULL, chain TEXT NOT NULL, actor TEXT NOT NULL, origin TEXT NOT NULL, "
     "action TEXT NOT NULL, object TEXT NOT NULL, before_json TEXT, after_json TEXT, "
     "request_id TEXT NOT NULL, position BIGINT, hash TEXT)"),
    ("CREATE UNIQUE INDEX IF NOT EXISTS bulkhead_audit_position "
     "ON bulkhead_audit (chain, position) WHERE position IS NOT NULL"),
    ("CREATE INDEX IF NOT EXISTS bulkhead_audit_unsealed "
     "ON bulkhead_audit (seq) WHERE position IS NULL"),
    ("CREATE TABLE IF NOT EXISTS bulkhead_audit_head (chain TEXT PRIMARY KEY, "
     "position BIGINT NOT NULL, hash TEXT NOT NULL)"),
    ("CREATE TABLE IF NOT EXISTS bulkhead_audit_sealer (number INTEGER PRIMARY KEY, "
     "holder TEXT NOT NULL, until_us BIGINT NOT NULL)"),
    ("CREATE TRIGGER IF NOT EXISTS bulkhead_audit_stays BEFORE DELETE ON bulkhead_audit "
     "BEGIN SELECT RAISE(ABORT, 'an audit row is never removed'); END"),
    ("CREATE TRIGGER IF NOT EXISTS bulkhead_audit_says BEFORE UPDATE OF seq, at_us, chain, actor, "
     "origin, action, object, before_json, after_json, request_id ON bulkhead_audit "
     "BEGIN SELECT RAISE(ABORT, 'an audit row is never changed'); END"),
    ("CREATE TRIGGER IF NOT EXISTS bulkhead_audit_sealed BEFORE UPDATE OF position, hash "
     "ON bulkhead_audit WHEN OLD.position IS NOT NULL "
     "BEGIN SELECT RAISE(ABORT, 'an audit row is sealed once'); END"),
};

}  // namespace

void prepare(Transaction& transaction) {
  for (const std::string_view statement : kSchema) transaction.send(statement, nullptr, 0);
}

void append(Transaction& transaction, const AuditEntry& entry) {
  const auto row = values(entry.at_us, entry.chain, entry.actor, entry.origin, entry.action,
                          entry.object, entry.before, entry.after, entry.request_id);
  transaction.send(
      "INSERT INTO bulkhead_audit (at_us, chain, actor, origin, action, object, before_json, "
      "after_json, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      row.data(), row.size());
}

std::vector<AuditRow> list(Transaction& transaction, const AuditQuery& query) {
  const auto wanted =
      values(query.before_seq.value_or(std::numeric_limits<std::int64_t>::max()),
             query.since_us.value_or(std::numeric_limits<std::int64_t>::min()), query.action,
             query.object, query.chain, static_cast<std::int64_t>(query.limit));
  std::vector<AuditRow> rows;
  transaction.read(fmt::format("SELECT {} FROM bulkhead_audit WHERE seq < $1 AND at_us >= $2 "
                               "AND ($3 = '' OR action = $3) AND ($4 = '' OR object = $4) "
                               "AND ($5 IS NULL OR chain = $5) ORDER BY seq DESC LIMIT $6",
                               kAuditColumns),
                   wanted.data(), wanted.size(),
                   [&](const bulkhead_value* columns, std::size_t count) {
                     rows.push_back(auditRowFrom(Row{columns, count}));
                     return 0;
                   });
  return rows;
}

}  // namespace bulkhead::host::data::audit
