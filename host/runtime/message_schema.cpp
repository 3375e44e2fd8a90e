#include "runtime/message_schema.hpp"

#include <vector>

#include "data/migrations.hpp"

namespace bulkhead::host {
namespace {

constexpr const char* kFirst = R"sql(-- expand
CREATE TABLE IF NOT EXISTS bulkhead_outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, capability TEXT NOT NULL,
  event TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, payload TEXT NOT NULL,
  trace TEXT NOT NULL, created_us BIGINT NOT NULL, keyed INTEGER NOT NULL, state TEXT NOT NULL,
  error TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS bulkhead_outbox_id ON bulkhead_outbox (capability, id);
CREATE INDEX IF NOT EXISTS bulkhead_outbox_new ON bulkhead_outbox (capability, seq)
  WHERE state = 'new';
CREATE INDEX IF NOT EXISTS bulkhead_outbox_dead ON bulkhead_outbox (capability)
  WHERE state = 'dead';
CREATE INDEX IF NOT EXISTS bulkhead_outbox_old ON bulkhead_outbox (created_us)
  WHERE state <> 'new';
CREATE TABLE IF NOT EXISTS bulkhead_outbox_reader (
  capability TEXT NOT NULL, consumer TEXT NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (capability, consumer));
CREATE TABLE IF NOT EXISTS bulkhead_inbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, key TEXT NOT NULL,
  type TEXT NOT NULL, subject TEXT NOT NULL, tenant TEXT NOT NULL, headers TEXT NOT NULL,
  body BLOB, event_time_us BIGINT NOT NULL, received_us BIGINT NOT NULL, trace TEXT NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL, next_at_us BIGINT NOT NULL,
  error TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS bulkhead_inbox_key ON bulkhead_inbox (source, key);
CREATE INDEX IF NOT EXISTS bulkhead_inbox_due ON bulkhead_inbox (next_at_us, seq)
  WHERE state = 'new';
CREATE INDEX IF NOT EXISTS bulkhead_inbox_subject ON bulkhead_inbox (source, subject, seq)
  WHERE state = 'new' AND subject <> '';
CREATE INDEX IF NOT EXISTS bulkhead_inbox_dead ON bulkhead_inbox (source) WHERE state = 'dead';
CREATE INDEX IF NOT EXISTS bulkhead_inbox_old ON bulkhead_inbox (received_us)
  WHERE state <> 'new';
)sql";

/// The key of a message has its provider; whatever is counted or looked for is in an index, and in
/// a row before its body. Numbers that were given are not given again.
constexpr const char* kSecond = R"sql(-- expand
CREATE TABLE bulkhead_inbox_next (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, provider TEXT NOT NULL DEFAULT '',
  key TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, tenant TEXT NOT NULL,
  state TEXT NOT NULL, error TEXT NOT NULL, trace TEXT NOT NULL, event_time_us BIGINT NOT NULL,
  received_us BIGINT NOT NULL, attempts INTEGER NOT NULL, next_at_us BIGINT NOT NULL,
  planned_us BIGINT NOT NULL DEFAULT 0, headers TEXT NOT NULL, body BLOB);
INSERT INTO bulkhead_inbox_next (seq, source, key, type, subject, tenant, state, error, trace,
    event_time_us, received_us, attempts, next_at_us, headers, body)
  SELECT seq, source, key, type, subject, tenant, state, error, trace, event_time_us, received_us,
    attempts, next_at_us, headers, body FROM bulkhead_inbox;
DELETE FROM sqlite_sequence WHERE name = 'bulkhead_inbox_next';
INSERT INTO sqlite_sequence (name, seq)
  SELECT 'bulkhead_inbox_next', seq FROM sqlite_sequence WHERE name = 'bulkhead_inbox';
DROP TABLE bulkhead_inbox;
ALTER TABLE bulkhead_inbox_next RENAME TO bulkhead_inbox;
CREATE UNIQUE INDEX bulkhead_inbox_id ON bulkhead_inbox (source, key, provider);
CREATE INDEX bulkhead_inbox_due ON bulkhead_inbox (next_at_us, seq) WHERE state = 'new';
CREATE INDEX bulkhead_inbox_planned ON bulkhead_inbox (planned_us) WHERE state = 'new';
CREATE INDEX bulkhead_inbox_subject ON bulkhead_inbox (source, subject, seq)
  WHERE state = 'new' AND subject <> '';
CREATE INDEX bulkhead_inbox_waiting ON bulkhead_inbox (source, received_us, state)
  WHERE state = 'new';
CREATE INDEX bulkhead_inbox_dead ON bulkhead_inbox (source, state) WHERE state = 'dead';
CREATE INDEX bulkhead_inbox_old ON bulkhead_inbox (received_us) WHERE state <> 'new';
CREATE INDEX bulkhead_inbox_full ON bulkhead_inbox (received_us)
  WHERE state <> 'new' AND body IS NOT NULL;
CREATE INDEX bulkhead_inbox_ignored ON bulkhead_inbox (source, type)
  WHERE state = 'ignored' AND body IS NOT NULL;
CREATE TABLE bulkhead_inbox_heard (
  source TEXT NOT NULL, type TEXT NOT NULL, PRIMARY KEY (source, type));
DROP INDEX bulkhead_outbox_dead;
CREATE INDEX bulkhead_outbox_dead ON bulkhead_outbox (capability, state) WHERE state = 'dead';
CREATE INDEX bulkhead_outbox_waiting ON bulkhead_outbox (capability, created_us, state)
  WHERE state = 'new';
)sql";

}  // namespace

void migrateMessages(data::Store& store, const std::string& owner,
                     std::chrono::steady_clock::time_point deadline) {
  static const std::vector<data::Migration> kSteps{{1, "messages", kFirst},
                                                   {2, "providers", kSecond}};
  data::migrate(store, owner, kSteps, deadline, data::MigrationCompany::Nobody,
                "bulkhead_migrations");
  // Code that knows the first step alone makes it again, without providers, at each of its starts.
  store.write(
      [](data::Transaction& transaction) {
        transaction.send("DROP INDEX IF EXISTS bulkhead_inbox_key", nullptr, 0);
      },
      deadline);
}

}  // namespace bulkhead::host
