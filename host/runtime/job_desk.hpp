#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/job_schedules.hpp"
#include "runtime/message_desk.hpp"

namespace bulkhead::host {

/// What of a home the desk of jobs needs beside its store.
struct JobDeskHome {
  std::vector<RegisteredSchedule> schedules{};
  std::function<std::string()> new_id{};
  /// Whether somebody in some process works on a job of that number: the kernel knows.
  std::function<bool(std::int64_t seq)> is_held{};
  double chance = 0;  ///< in [0, 1)
};

/// Answers what the host asks about a plugin's jobs, as answerMessageDesk() does. The verbs:
///   tend     limits {queue: n}: -> due [{seq, queue, tenant, trace}], stalled [{queue, state}],
///               fired, next_in_us (-1: nothing is planned): what is due is available, what was
///               left behind is taken back, schedules fire
///   lost     owner, blamed: the home has ended that was at that run, or may have ended of it
///               -> state
///   overrun  owner, error, attempts_max: a run did not end in its time -> outcome
///   sweep    finished_us, dead_us (ages): old ones go -> more
///   figures  -> figures [{queue, state, jobs, oldest_us (age)}], paused
///   list     state, queue, before, limit: -> jobs
///   inspect  id -> job (null: there is none)
///   retry    id -> outcome
///   replay   queue, after: its dead ones with a higher number -> retried, after, more
///   cancel   id -> outcome
///   pause    queue; resume queue
///   schedules -> schedules [{name, options, next_us, last_us}]
/// Throws Error, also for a verb that it does not have.
std::string answerJobDesk(std::string_view request, const DeskStore& store,
                          const JobDeskHome& home);

}  // namespace bulkhead::host
