#include "runtime/job_schema.hpp"

#include <vector>

#include "data/dialect.hpp"
#include "data/migrations.hpp"

namespace bulkhead::host {
namespace {

/// What is claimed, waited for, counted or looked for is in an index; a payload is behind what is
/// listed, and read for its run alone. The index for lists is of an expression, so that no engine
/// takes it in place of those of a single state. Numbers that were given are not given again.
constexpr const char* kFirst = R"sql(-- expand
CREATE TABLE bulkhead_jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, queue TEXT NOT NULL,
  key TEXT NOT NULL, tenant TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL,
  attempts INTEGER NOT NULL, stalls INTEGER NOT NULL, run_at_us BIGINT NOT NULL,
  planned_us BIGINT NOT NULL, lease_owner TEXT NOT NULL, lease_token BIGINT NOT NULL,
  lease_until_us BIGINT NOT NULL, cancel_wanted INTEGER NOT NULL, created_us BIGINT NOT NULL,
  started_us BIGINT NOT NULL, finished_us BIGINT NOT NULL, schedule TEXT NOT NULL,
  fire_us BIGINT NOT NULL, trace TEXT NOT NULL, error TEXT NOT NULL, progress TEXT NOT NULL,
  payload_bytes BIGINT NOT NULL, payload TEXT NOT NULL);
CREATE UNIQUE INDEX bulkhead_jobs_id ON bulkhead_jobs (id);
CREATE UNIQUE INDEX bulkhead_jobs_key ON bulkhead_jobs (queue, key)
  WHERE key <> '' AND state IN ('scheduled', 'retryable', 'available', 'running');
CREATE INDEX bulkhead_jobs_available ON bulkhead_jobs (queue, priority DESC, run_at_us, seq)
  WHERE state = 'available';
CREATE INDEX bulkhead_jobs_waiting ON bulkhead_jobs (run_at_us)
  WHERE state IN ('scheduled', 'retryable');
CREATE INDEX bulkhead_jobs_failed ON bulkhead_jobs (planned_us) WHERE state = 'retryable';
CREATE INDEX bulkhead_jobs_running ON bulkhead_jobs (lease_until_us) WHERE state = 'running';
CREATE INDEX bulkhead_jobs_counted ON bulkhead_jobs (queue, state, run_at_us)
  WHERE state IN ('scheduled', 'retryable', 'available', 'running', 'dead');
CREATE INDEX bulkhead_jobs_listed ON bulkhead_jobs ((state || ''), seq);
CREATE INDEX bulkhead_jobs_finished ON bulkhead_jobs (finished_us)
  WHERE state IN ('completed', 'cancelled');
CREATE INDEX bulkhead_jobs_dead ON bulkhead_jobs (finished_us) WHERE state = 'dead';
CREATE INDEX bulkhead_jobs_dead_of ON bulkhead_jobs (queue, seq) WHERE state = 'dead';
CREATE TABLE bulkhead_paused_queues (queue TEXT NOT NULL PRIMARY KEY, paused_us BIGINT NOT NULL);
CREATE TABLE bulkhead_schedules (
  name TEXT NOT NULL PRIMARY KEY, options TEXT NOT NULL, next_us BIGINT NOT NULL,
  last_us BIGINT NOT NULL, planned_us BIGINT NOT NULL);
CREATE TABLE bulkhead_schedule_fires (
  schedule TEXT NOT NULL, fire_us BIGINT NOT NULL, job TEXT NOT NULL,
  PRIMARY KEY (schedule, fire_us));
)sql";

}  // namespace

void migrateJobs(data::Store& store, const std::string& owner,
                 std::chrono::steady_clock::time_point deadline) {
  const std::vector<data::Migration> steps{{1, "jobs", data::inDialect(store.engine(), kFirst)}};
  data::migrate(store, owner, steps, deadline, data::MigrationCompany::Nobody,
                "bulkhead_job_migrations");
}

}  // namespace bulkhead::host
