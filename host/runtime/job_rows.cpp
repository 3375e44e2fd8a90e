#include "runtime/job_rows.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/utf8.hpp>

#include "runtime/job_statements.hpp"

namespace bulkhead::host::jobs {
namespace {

constexpr std::size_t kErrorBytesMax = 1000;
/// A plan from so far ahead was made before the clock was set back.
constexpr std::int64_t kClockSlackUs = 10'000'000;
constexpr std::int64_t kStaleMax = 100;
constexpr int kTriesMax = 3;

/// As every engine keeps it.
std::string plain(std::string_view text, std::size_t bytes_max) {
  std::string kept;
  for (std::string_view rest = upTo(bytes_max, text); !rest.empty();) {
    const std::size_t length = rest.front() == '\0' ? 0 : utf8Length(rest);
    kept += length == 0 ? std::string_view{"?"} : rest.substr(0, length);
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return kept;
}

bool isPlain(std::string_view text) {
  return text.find('\0') == std::string_view::npos && isUtf8(text);
}

/// Ends a run, whose job goes on as `state`.
bool end(data::Transaction& transaction, const Run& run, std::string_view state,
         std::string_view error, std::int64_t now_us) {
  return send(transaction,
              "UPDATE bulkhead_jobs SET state = $3, error = $4, finished_us = $5, lease_owner = '' "
              "WHERE seq = $1 AND lease_token = $2 AND state = 'running'",
              run.seq, run.token, state, plain(error, kErrorBytesMax), now_us) == 1;
}

struct Counts {
  std::uint32_t attempts = 0;
  std::uint32_t stalls = 0;
  bool cancel_wanted = false;
};

std::optional<Counts> countsOf(data::Transaction& transaction, const Run& run) {
  Counts counts;
  const bool ours = first(
      transaction,
      "SELECT attempts, stalls, cancel_wanted FROM bulkhead_jobs WHERE seq = $1 AND "
      "lease_token = $2 AND state = 'running'",
      [&](const bulkhead::Row& row) {
        counts = {static_cast<std::uint32_t>(row.integer(0)),
                  static_cast<std::uint32_t>(row.integer(1)), row.boolean(2)};
      },
      run.seq, run.token);
  return ours ? std::optional{counts} : std::nullopt;
}

}  // namespace

std::string problemOf(const NewJob& job) {
  const std::pair<std::string_view, std::string_view> texts[] = {{job.key, "key"},
                                                                 {job.tenant, "tenant"}};
  for (const auto& [text, what] : texts) {
    if (text.size() > kTextBytesMax)
      return fmt::format("The {} of a job has at most {} bytes.", what, kTextBytesMax);
    if (!isPlain(text)) return fmt::format("The {} of a job is UTF-8, without NUL.", what);
  }
  if (job.payload.size() > kPayloadBytesMax)
    return fmt::format("The payload of a job has at most {} bytes.", kPayloadBytesMax);
  if (!isPlain(job.payload)) return "The payload of a job is UTF-8, without NUL.";
  if (std::abs(std::int64_t{job.priority}) > kPriorityMax)
    return fmt::format("The priority of a job is from -{0} to {0}.", kPriorityMax);
  return job.run_at_us < 0 ? "A job is not run before 1970." : std::string{};
}

namespace {

/// False where an unfinished one has its key.
bool insert(data::Transaction& transaction, const NewJob& job, const std::string& id,
            std::int64_t now_us) {
  const bool later = job.run_at_us > now_us;
  return send(
             transaction,
             "INSERT INTO bulkhead_jobs (id, queue, key, tenant, state, priority, attempts, "
             "stalls, run_at_us, planned_us, lease_owner, lease_token, lease_until_us, "
             "cancel_wanted, created_us, started_us, finished_us, schedule, fire_us, trace, error, "
             "progress, payload_bytes, payload) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, 0, '', "
             "0, 0, 0, $8, 0, 0, $9, $10, $11, '', '', $12, $13) ON CONFLICT DO NOTHING",
             id, job.queue, job.key, job.tenant, later ? "scheduled" : "available", job.priority,
             later ? job.run_at_us : now_us, now_us, job.schedule, job.fire_us, job.trace,
             static_cast<std::int64_t>(job.payload.size()), job.payload) == 1;
}

}  // namespace

/// The one that has its key may end between the statements, where others write as well.
Enqueued enqueue(data::Transaction& transaction, const NewJob& job, const std::string& id,
                 std::int64_t now_us) {
  if (const std::string problem = problemOf(job); !problem.empty())
    throw Error::app("JOB_REFUSED", problem);
  for (int tries = 0; tries < kTriesMax; ++tries) {
    if (insert(transaction, job, id, now_us)) return {id, true};
    Enqueued present;
    const bool there = first(
        transaction,
        "SELECT id FROM bulkhead_jobs WHERE queue = $1 AND key = $2 AND key <> '' AND "
        "state IN ('scheduled', 'retryable', 'available', 'running')",
        [&](const bulkhead::Row& row) { present.id = row.string(0); }, job.queue, job.key);
    if (there) return present;
  }
  throw Error::conflict("JOB_KEY_TAKEN", "Others enqueue and end jobs of that key all the time.");
}

std::vector<Due> due(data::Transaction& transaction, std::string_view queue, std::int64_t limit) {
  std::vector<Due> found;
  each(
      transaction,
      "SELECT seq, queue, tenant, trace FROM bulkhead_jobs WHERE queue = $1 AND "
      "state = 'available' AND NOT EXISTS (SELECT 1 FROM bulkhead_paused_queues WHERE queue = $1) "
      "ORDER BY priority DESC, run_at_us, seq LIMIT $2",
      [&](const bulkhead::Row& row) {
        found.push_back({row.integer(0), row.string(1), row.string(2), row.string(3)});
        return true;
      },
      queue, limit);
  return found;
}

std::optional<Claimed> claim(data::Transaction& transaction, std::int64_t seq,
                             std::string_view owner, std::int64_t now_us) {
  Claimed one;
  const bool found = first(
      transaction,
      "SELECT seq, lease_token, id, queue, key, tenant, payload, trace, schedule, fire_us, "
      "created_us, attempts FROM bulkhead_jobs WHERE seq = $1 AND state = 'available' AND "
      "queue NOT IN (SELECT queue FROM bulkhead_paused_queues)",
      [&](const bulkhead::Row& row) {
        one = {{row.integer(0), row.integer(1) + 1},
               row.string(2),
               row.string(3),
               row.string(4),
               row.string(5),
               row.string(6),
               row.string(7),
               row.string(8),
               row.integer(9),
               row.integer(10),
               static_cast<std::uint32_t>(row.integer(11))};
      },
      seq);
  if (!found) return std::nullopt;
  const bool taken =
      send(transaction,
           "UPDATE bulkhead_jobs SET state = 'running', lease_owner = $2, "
           "lease_token = $3, lease_until_us = $4, started_us = $5, progress = '' "
           "WHERE seq = $1 AND state = 'available' AND lease_token = $6",
           seq, owner, one.run.token, now_us + kLeaseUs, now_us, one.run.token - 1) == 1;
  return taken ? std::optional{std::move(one)} : std::nullopt;
}

bool isOurs(data::Transaction& transaction, const Run& run) {
  return countsOf(transaction, run).has_value();
}

bool renew(data::Transaction& transaction, const Run& run, std::int64_t now_us) {
  return send(transaction,
              "UPDATE bulkhead_jobs SET lease_until_us = $3 WHERE seq = $1 AND lease_token = $2 "
              "AND state = 'running'",
              run.seq, run.token, now_us + kLeaseUs) == 1;
}

std::optional<bool> tell(data::Transaction& transaction, const Run& run,
                         std::string_view progress) {
  const auto counts = countsOf(transaction, run);
  if (!counts) return std::nullopt;
  if (!progress.empty())
    send(transaction, "UPDATE bulkhead_jobs SET progress = $3 WHERE seq = $1 AND lease_token = $2",
         run.seq, run.token, plain(progress, kProgressBytesMax));
  return counts->cancel_wanted;
}

bool complete(data::Transaction& transaction, const Run& run, std::int64_t now_us) {
  return end(transaction, run, "completed", {}, now_us);
}

std::string_view fail(data::Transaction& transaction, const Run& run, const Failure& failure) {
  const auto counts = countsOf(transaction, run);
  if (!counts) return "lost";
  const std::uint32_t failed = counts->attempts + 1;
  const bool cancelled = counts->cancel_wanted;
  const bool dead = !cancelled && failed >= failure.attempts_max;
  const std::string_view state = cancelled ? "cancelled" : dead ? "dead" : "retryable";
  if (!end(transaction, run, state, failure.error, cancelled || dead ? failure.now_us : 0))
    return "lost";
  const std::int64_t at_us = failure.now_us + delayUs(failed, failure.chance);
  send(transaction,
       "UPDATE bulkhead_jobs SET attempts = $3, run_at_us = $4, planned_us = $5 WHERE seq = $1 "
       "AND lease_token = $2",
       run.seq, run.token, failed, at_us, failure.now_us);
  return cancelled ? "cancelled" : dead ? "dead" : "retry";
}

bool release(data::Transaction& transaction, const Run& run, std::int64_t now_us) {
  const auto counts = countsOf(transaction, run);
  if (!counts) return false;
  return end(transaction, run, counts->cancel_wanted ? "cancelled" : "available", "SHUTDOWN",
             counts->cancel_wanted ? now_us : 0);
}

std::string_view stall(data::Transaction& transaction, const Run& run, std::int64_t now_us) {
  const auto counts = countsOf(transaction, run);
  if (!counts) return "lost";
  const std::uint32_t stalls = counts->stalls + 1;
  const std::string_view state = counts->cancel_wanted  ? "cancelled"
                                 : stalls >= kStallsMax ? "dead"
                                                        : "available";
  if (!end(transaction, run, state, "STALLED: its home ended, or was silent, while it was run.",
           state == "available" ? 0 : now_us))
    return "lost";
  send(transaction, "UPDATE bulkhead_jobs SET stalls = $3 WHERE seq = $1 AND lease_token = $2",
       run.seq, run.token, stalls);
  return state;
}

std::int64_t delayUs(std::uint32_t failed, double chance) {
  constexpr double kFirst = 5e6;
  constexpr double kMost = 86'400e6;
  constexpr double kLeast = 1e5;
  const double whole =
      std::min(kMost, std::ldexp(kFirst, static_cast<int>(std::min(failed, 32U)) - 1));
  return static_cast<std::int64_t>(std::max(kLeast, whole * (1 - chance)));
}

namespace {

/// What waits for a time that has come.
constexpr std::string_view kDue =
    "FROM bulkhead_jobs WHERE state IN ('scheduled', 'retryable') AND run_at_us <= $1 ORDER BY "
    "run_at_us";
/// What failed waits for a while, whatever the clock says since.
constexpr std::string_view kOfAnotherClock =
    "FROM bulkhead_jobs WHERE state = 'retryable' AND planned_us > $1 ORDER BY planned_us";

}  // namespace

bool hasDue(data::Transaction& transaction, std::int64_t now_us) {
  const auto has = [&](std::string_view which, std::int64_t at_us) {
    return first(
        transaction, fmt::format("SELECT 1 {} LIMIT 1", which), [](const bulkhead::Row&) {}, at_us);
  };
  return has(kDue, now_us) || has(kOfAnotherClock, now_us + kClockSlackUs);
}

bool promote(data::Transaction& transaction, std::int64_t now_us) {
  const auto some = [&](std::string_view which, std::int64_t at_us) {
    return send(transaction,
                fmt::format("UPDATE bulkhead_jobs SET state = 'available' WHERE seq IN "
                            "(SELECT seq {} LIMIT $2)",
                            which),
                at_us, kBatchRows) == kBatchRows;
  };
  const bool more = some(kDue, now_us);
  return some(kOfAnotherClock, now_us + kClockSlackUs) || more;
}

std::vector<Stale> stale(data::Transaction& transaction, std::int64_t now_us) {
  std::vector<Stale> found;
  each(
      transaction,
      "SELECT seq, lease_token, queue FROM bulkhead_jobs WHERE state = 'running' AND "
      "(lease_until_us < $1 OR lease_until_us > $2) ORDER BY lease_until_us LIMIT $3",
      [&](const bulkhead::Row& row) {
        found.push_back({{row.integer(0), row.integer(1)}, row.string(2)});
        return true;
      },
      now_us, now_us + kLeaseUs + kClockSlackUs, kStaleMax);
  return found;
}

std::optional<Run> runOf(data::Transaction& transaction, std::string_view owner) {
  Run run;
  const bool found = first(
      transaction,
      "SELECT seq, lease_token FROM bulkhead_jobs WHERE state = 'running' AND lease_owner = $1",
      [&](const bulkhead::Row& row) {
        run = {row.integer(0), row.integer(1)};
      },
      owner);
  return found ? std::optional{run} : std::nullopt;
}

std::int64_t nextAtUs(data::Transaction& transaction, std::int64_t now_us) {
  std::int64_t next = 0;
  const auto take = [&](const bulkhead::Row& row) {
    const std::int64_t at = row.optionalInteger(0).value_or(0);
    if (at != 0 && (next == 0 || at < next)) next = at;
  };
  first(transaction,
        "SELECT min(run_at_us) FROM bulkhead_jobs WHERE state IN ('scheduled', 'retryable')", take);
  first(transaction,
        "SELECT min(lease_until_us) FROM bulkhead_jobs WHERE state = 'running' AND "
        "lease_until_us >= $1",
        take, now_us);
  return next;
}

}  // namespace bulkhead::host::jobs
