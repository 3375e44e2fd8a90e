#include "data/audit_log.hpp"

#include <fmt/format.h>
#include <limits>
#include <string_view>

#include <bulkhead/transaction.hpp>

#include "data/audit_rows.hpp"
#include "data/dialect.hpp"

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
};

constexpr std::string_view kSqliteRules[] = {
    ("CREATE TRIGGER IF NOT EXISTS bulkhead_audit_stays BEFORE DELETE ON bulkhead_audit "
     "BEGIN SELECT RAISE(ABORT, 'an audit row is never removed'); END"),
    ("CREATE TRIGGER IF NOT EXISTS bulkhead_audit_says BEFORE UPDATE OF seq, at_us, chain, actor, "
     "origin, action, object, before_json, after_json, request_id ON bulkhead_audit "
     "BEGIN SELECT RAISE(ABORT, 'an audit row is never changed'); END"),
    ("CREATE TRIGGER IF NOT EXISTS bulkhead_audit_sealed BEFORE UPDATE OF position, hash "
     "ON bulkhead_audit WHEN OLD.position IS NOT NULL "
     "BEGIN SELECT RAISE(ABORT, 'an audit row is sealed once'); END"),
};

constexpr std::string_view kPostgresqlRules[] = {
    ("CREATE OR REPLACE FUNCTION bulkhead_audit_rule() RETURNS trigger LANGUAGE plpgsql AS $$ "
     "BEGIN "
     "IF tg_op <> 'UPDATE' THEN RAISE EXCEPTION 'an audit row is never removed'; END IF; "
     "IF (new.seq, new.at_us, new.chain, new.actor, new.origin, new.action, new.object, "
     "new.before_json, new.after_json, new.request_id) IS DISTINCT FROM (old.seq, old.at_us, "
     "old.chain, old.actor, old.origin, old.action, old.object, old.before_json, old.after_json, "
     "old.request_id) THEN RAISE EXCEPTION 'an audit row is never changed'; END IF; "
     "IF old.position IS NOT NULL THEN RAISE EXCEPTION 'an audit row is sealed once'; END IF; "
     "RETURN new; END $$"),
    ("CREATE OR REPLACE TRIGGER bulkhead_audit_row BEFORE DELETE OR UPDATE ON bulkhead_audit "
     "FOR EACH ROW EXECUTE FUNCTION bulkhead_audit_rule()"),
    ("CREATE OR REPLACE TRIGGER bulkhead_audit_all BEFORE TRUNCATE ON bulkhead_audit "
     "FOR EACH STATEMENT EXECUTE FUNCTION bulkhead_audit_rule()"),
};

}  // namespace

void prepare(Transaction& transaction) {
  const Engine engine = transaction.engine();
  if (engine == Engine::Postgresql)
    transaction.queue("SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 0))",
                      nullptr, 0);
  for (const std::string_view statement : kSchema)
    transaction.queue(inDialect(engine, statement), nullptr, 0);
  if (engine == Engine::Postgresql) {
    for (const std::string_view rule : kPostgresqlRules) transaction.queue(rule, nullptr, 0);
  } else {
    for (const std::string_view rule : kSqliteRules) transaction.queue(rule, nullptr, 0);
  }
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
