#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/store.hpp"

/// The jobs of a plugin, in its own store. A job is "scheduled" (for later), "available" (now),
/// "running" (somebody has its lease), "retryable" (a run failed, for later), and in the end
/// "completed", "cancelled" or "dead". Each claim has a number of its own, the token: whoever
/// writes for a run names it, and has no effect when another one has the job by now.
namespace bulkhead::host::jobs {

inline constexpr std::size_t kPayloadBytesMax = std::size_t{256} * 1024;
inline constexpr std::size_t kProgressBytesMax = std::size_t{4} * 1024;
inline constexpr std::size_t kTextBytesMax = 256;
inline constexpr std::int32_t kPriorityMax = 100;
/// Runs that ended with their home, after which a job is dead.
inline constexpr std::uint32_t kStallsMax = 2;
/// What one transaction moves or removes at most.
inline constexpr std::int64_t kBatchRows = 200;
/// Of a lease; it is renewed three times in that time.
inline constexpr std::int64_t kLeaseUs = 30'000'000;

struct NewJob {
  std::string queue;
  std::string key{};
  std::string tenant{};
  std::string payload{};
  std::string trace{};
  std::string schedule{};      ///< that enqueues it
  std::int64_t fire_us = 0;    ///< and for which of its times
  std::int64_t run_at_us = 0;  ///< 0: now
  std::int32_t priority = 0;
};

/// Which run of which job.
struct Run {
  std::int64_t seq = 0;
  std::int64_t token = 0;
};

/// One that a run has.
struct Claimed {
  Run run;
  std::string id;
  std::string queue;
  std::string key;
  std::string tenant;
  std::string payload;
  std::string trace;
  std::string schedule;
  std::int64_t fire_us = 0;
  std::int64_t created_us = 0;
  std::uint32_t attempts = 0;  ///< that have failed
};

/// What of one that may be run tells who is to run it, and for whom.
struct Due {
  std::int64_t seq = 0;
  std::string queue;
  std::string tenant;
  std::string trace;
};

struct Enqueued {
  std::string id;
  bool is_new = false;
};

/// One as operators see it.
struct Listed {
  std::int64_t seq = 0;
  std::string id;
  std::string queue;
  std::string key;
  std::string tenant;
  std::string state;
  std::string schedule;
  std::string error;
  std::string progress;
  std::int32_t priority = 0;
  std::uint32_t attempts = 0;
  std::uint32_t stalls = 0;
  bool cancel_wanted = false;
  std::int64_t run_at_us = 0;
  std::int64_t created_us = 0;
  std::int64_t started_us = 0;
  std::int64_t finished_us = 0;
  std::int64_t fire_us = 0;
  std::int64_t payload_bytes = 0;
};

struct Filter {
  std::string state{};      ///< empty: any
  std::string queue{};      ///< likewise
  std::int64_t before = 0;  ///< only those with a lower number; 0: from the newest on
  std::int64_t limit = 100;
};

/// Of one queue and state.
struct Figure {
  std::string queue;
  std::string state;
  std::int64_t jobs = 0;
  std::int64_t oldest_us = 0;  ///< since when the oldest could be run
};

/// Somebody is silent who has it.
struct Stale {
  Run run;
  std::string queue;
};

/// How a job that has failed goes on.
struct Failure {
  std::string_view error;
  std::uint32_t attempts_max = 1;
  std::int64_t now_us = 0;
  double chance = 0;  ///< in [0, 1)
};

/// Why nobody enqueues a job like that; empty when it can be enqueued.
std::string problemOf(const NewJob& job);
/// With that id, unless an unfinished one has its key. Throws Error (JOB_REFUSED).
Enqueued enqueue(data::Transaction& transaction, const NewJob& job, const std::string& id,
                 std::int64_t now_us);
/// The next ones of a queue, at most so many; none of one that is paused.
std::vector<Due> due(data::Transaction& transaction, std::string_view queue, std::int64_t limit);
/// Takes that one for `owner`; nothing when it is not available any more, or its queue is paused.
std::optional<Claimed> claim(data::Transaction& transaction, std::int64_t seq,
                             std::string_view owner, std::int64_t now_us);
/// True when the run still has the job.
bool isOurs(data::Transaction& transaction, const Run& run);
/// Its lease is as long as a new one. False when it has not the job any more.
bool renew(data::Transaction& transaction, const Run& run, std::int64_t now_us);
/// Shows how far it is; empty: as it was. Whether somebody wants it cancelled; nothing when it has
/// not the job any more.
std::optional<bool> tell(data::Transaction& transaction, const Run& run, std::string_view progress);
/// False when it has not the job any more: nothing was done.
bool complete(data::Transaction& transaction, const Run& run, std::int64_t now_us);
/// "retry", "dead", "cancelled", or "lost" when it has not the job any more.
std::string_view fail(data::Transaction& transaction, const Run& run, const Failure& failure);
/// It is available again, as if it had not been begun. False when the run has not the job any more.
bool release(data::Transaction& transaction, const Run& run, std::int64_t now_us);
/// Its home has ended: "available", or "dead" when that was one end too many, or "cancelled", or
/// "lost".
std::string_view stall(data::Transaction& transaction, const Run& run, std::int64_t now_us);
/// How long the next run waits after that many that failed: at most 5 s, twice as much each time,
/// at most a day; a part of it, `chance` in [0, 1).
std::int64_t delayUs(std::uint32_t failed, double chance);

/// True when one of them is due that waits for its time.
bool hasDue(data::Transaction& transaction, std::int64_t now_us);
/// Those whose time has come are available. True when there are more.
bool promote(data::Transaction& transaction, std::int64_t now_us);
/// Runs whose lease has not been renewed, also those of a clock that was set back since.
std::vector<Stale> stale(data::Transaction& transaction, std::int64_t now_us);
/// What `owner` has claimed and not ended.
std::optional<Run> runOf(data::Transaction& transaction, std::string_view owner);
/// When the next one is due, or the next lease ends; 0 for never. Leases that are over by now are
/// left to the next look: who has the job may live all the same.
std::int64_t nextAtUs(data::Transaction& transaction, std::int64_t now_us);

std::vector<Listed> list(data::Transaction& transaction, const Filter& filter);
std::optional<Listed> inspect(data::Transaction& transaction, std::string_view id);
/// A dead or cancelled one is available, as if it had never failed: "retried"; or "refused", as it
/// is neither, or another one has its key; or "gone".
std::string_view retry(data::Transaction& transaction, std::string_view id, std::int64_t now_us);
/// What came of one step of running dead ones again.
struct Replayed {
  std::int64_t jobs = 0;   ///< that are available
  std::int64_t after = 0;  ///< the number of the last one that was looked at
  bool more = false;
};
/// The same for the dead ones of a queue with a higher number than `after`, the oldest first: one
/// that dies again meanwhile is behind, and not run again and again.
Replayed retryDead(data::Transaction& transaction, std::string_view queue, std::int64_t after,
                   std::int64_t now_us);
/// "cancelled", "wanted" (it runs, and is told), or "finished" (it was), or "gone".
std::string_view cancel(data::Transaction& transaction, std::string_view id, std::int64_t now_us);
void pause(data::Transaction& transaction, std::string_view queue, std::int64_t now_us);
void resume(data::Transaction& transaction, std::string_view queue);
std::vector<std::string> paused(data::Transaction& transaction);
/// Reads indexes alone.
std::vector<Figure> figures(data::Transaction& transaction);
/// Finished ones go: those of before `finished_us`, dead ones of before `dead_us`. True when there
/// are more.
bool forget(data::Transaction& transaction, std::int64_t finished_us, std::int64_t dead_us);

}  // namespace bulkhead::host::jobs
