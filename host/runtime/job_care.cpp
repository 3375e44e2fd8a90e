// Jobs as operators see them, and what they do with them.
#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <utility>

#include "runtime/job_rows.hpp"
#include "runtime/job_statements.hpp"

namespace bulkhead::host::jobs {
namespace {

constexpr std::int64_t kListMax = 1000;

constexpr std::string_view kListed =
    "SELECT seq, id, queue, key, tenant, state, schedule, error, progress, priority, attempts, "
    "stalls, cancel_wanted, run_at_us, created_us, started_us, finished_us, fire_us, "
    "payload_bytes FROM bulkhead_jobs WHERE ";

Listed listedFrom(const bulkhead::Row& row) {
  Listed one;
  one.seq = row.integer(0);
  one.id = row.string(1);
  one.queue = row.string(2);
  one.key = row.string(3);
  one.tenant = row.string(4);
  one.state = row.string(5);
  one.schedule = row.string(6);
  one.error = row.string(7);
  one.progress = row.string(8);
  one.priority = static_cast<std::int32_t>(row.integer(9));
  one.attempts = static_cast<std::uint32_t>(row.integer(10));
  one.stalls = static_cast<std::uint32_t>(row.integer(11));
  one.cancel_wanted = row.boolean(12);
  one.run_at_us = row.integer(13);
  one.created_us = row.integer(14);
  one.started_us = row.integer(15);
  one.finished_us = row.integer(16);
  one.fire_us = row.integer(17);
  one.payload_bytes = row.integer(18);
  return one;
}

/// One that is finished has lost its key to another, when that was enqueued since.
constexpr std::string_view kRetry =
    "UPDATE bulkhead_jobs SET state = 'available', attempts = 0, stalls = 0, cancel_wanted = 0, "
    "run_at_us = $2, finished_us = 0, progress = '' WHERE seq = $1 AND state IN ('dead', "
    "'cancelled') AND (key = '' OR NOT EXISTS (SELECT 1 FROM bulkhead_jobs AS other WHERE "
    "other.queue = bulkhead_jobs.queue AND other.key = bulkhead_jobs.key AND other.state IN "
    "('scheduled', 'retryable', 'available', 'running')))";

}  // namespace

std::vector<Listed> list(data::Transaction& transaction, const Filter& filter) {
  std::vector<Listed> rows;
  const std::int64_t before =
      filter.before > 0 ? filter.before : std::numeric_limits<std::int64_t>::max();
  const auto take = [&](const bulkhead::Row& row) {
    rows.push_back(listedFrom(row));
    return true;
  };
  const auto sql = fmt::format("{}seq < $1 AND {} AND {} ORDER BY seq DESC LIMIT $4", kListed,
                               filter.state.empty() ? "$2 = ''" : "(state || '') = $2",
                               filter.queue.empty() ? "$3 = ''" : "queue = $3");
  each(transaction, sql, take, before, filter.state, filter.queue,
       std::clamp<std::int64_t>(filter.limit, 1, kListMax));
  return rows;
}

std::optional<Listed> inspect(data::Transaction& transaction, std::string_view id) {
  std::optional<Listed> found;
  first(
      transaction, fmt::format("{}id = $1", kListed),
      [&](const bulkhead::Row& row) { found = listedFrom(row); }, id);
  return found;
}

std::string_view retry(data::Transaction& transaction, std::string_view id, std::int64_t now_us) {
  const auto one = inspect(transaction, id);
  if (!one) return "gone";
  return send(transaction, kRetry, one->seq, now_us) == 1 ? "retried" : "refused";
}

Replayed retryDead(data::Transaction& transaction, std::string_view queue, std::int64_t after,
                   std::int64_t now_us) {
  std::vector<std::int64_t> dead;
  each(
      transaction,
      "SELECT seq FROM bulkhead_jobs WHERE state = 'dead' AND queue = $1 AND seq > $2 "
      "ORDER BY seq LIMIT $3",
      [&](const bulkhead::Row& row) {
        dead.push_back(row.integer(0));
        return true;
      },
      queue, after, kBatchRows);
  Replayed replayed{0, dead.empty() ? after : dead.back(),
                    static_cast<std::int64_t>(dead.size()) == kBatchRows};
  for (const std::int64_t seq : dead) replayed.jobs += send(transaction, kRetry, seq, now_us);
  return replayed;
}

std::string_view cancel(data::Transaction& transaction, std::string_view id, std::int64_t now_us) {
  const bool ended =
      send(transaction,
           "UPDATE bulkhead_jobs SET state = 'cancelled', finished_us = $2, error = 'CANCELLED' "
           "WHERE id = $1 AND state IN ('scheduled', 'retryable', 'available')",
           id, now_us) == 1;
  if (ended) return "cancelled";
  const bool wanted = send(transaction,
                           "UPDATE bulkhead_jobs SET cancel_wanted = 1 WHERE id = $1 AND "
                           "state = 'running'",
                           id) == 1;
  if (wanted) return "wanted";
  return inspect(transaction, id) ? "finished" : "gone";
}

void pause(data::Transaction& transaction, std::string_view queue, std::int64_t now_us) {
  send(transaction,
       "INSERT INTO bulkhead_paused_queues (queue, paused_us) VALUES ($1, $2) "
       "ON CONFLICT DO NOTHING",
       queue, now_us);
}

void resume(data::Transaction& transaction, std::string_view queue) {
  send(transaction, "DELETE FROM bulkhead_paused_queues WHERE queue = $1", queue);
}

std::vector<std::string> paused(data::Transaction& transaction) {
  std::vector<std::string> queues;
  each(transaction, "SELECT queue FROM bulkhead_paused_queues ORDER BY queue",
       [&](const bulkhead::Row& row) {
         queues.push_back(row.string(0));
         return true;
       });
  return queues;
}

std::vector<Figure> figures(data::Transaction& transaction) {
  std::vector<Figure> all;
  each(transaction,
       "SELECT queue, state, count(*), min(run_at_us) FROM bulkhead_jobs WHERE state IN "
       "('scheduled', 'retryable', 'available', 'running', 'dead') GROUP BY queue, state",
       [&](const bulkhead::Row& row) {
         all.push_back({row.string(0), row.string(1), row.integer(2), row.integer(3)});
         return true;
       });
  return all;
}

bool forget(data::Transaction& transaction, std::int64_t finished_us, std::int64_t dead_us) {
  const auto forget = [&](std::string_view which, std::int64_t before_us) {
    return send(transaction,
                fmt::format("DELETE FROM bulkhead_jobs WHERE seq IN (SELECT seq FROM bulkhead_jobs "
                            "WHERE {} AND finished_us < $1 ORDER BY finished_us LIMIT $2)",
                            which),
                before_us, kBatchRows) == kBatchRows;
  };
  const bool more_finished = forget("state IN ('completed', 'cancelled')", finished_us);
  return forget("state = 'dead'", dead_us) || more_finished;
}

}  // namespace bulkhead::host::jobs
