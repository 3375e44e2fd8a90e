#include "runtime/job_schedules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include <bulkhead/error.hpp>

#include "runtime/job_rows.hpp"
#include "runtime/job_statements.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kCatchUpMax = 100;
/// A time from so far ahead was fired before the clock was set back.
constexpr std::int64_t kClockSlackUs = 10'000'000;
constexpr std::pair<std::string_view, MisfirePolicy> kPolicies[] = {
    {"skip", MisfirePolicy::Skip},
    {"fire_once", MisfirePolicy::FireOnce},
    {"catch_up", MisfirePolicy::CatchUp}};

[[noreturn]] void refuse(std::string_view name, std::string_view reason) {
  throw Error::configuration("SCHEDULE_REFUSED", fmt::format("schedule {}: {}", name, reason));
}

MisfirePolicy policyFrom(std::string_view name, const std::string& word) {
  for (const auto& [known, policy] : kPolicies) {
    if (word == known) return policy;
  }
  refuse(name, "its misfire is skip, fire_once or catch_up");
}

ScheduleTimes timesFrom(std::string_view name, const Json& options) {
  const bool by_line = options.contains("cron");
  if (by_line == options.contains("every_s")) refuse(name, "it has one of cron and every_s");
  try {
    return by_line ? ScheduleTimes::cron(options.at("cron").get<std::string>(),
                                         options.value("zone", std::string{"UTC"}))
                   : ScheduleTimes::every(options.at("every_s").get<std::int64_t>());
  } catch (const std::invalid_argument& error) {
    refuse(name, error.what());
  }
}

}  // namespace

RegisteredSchedule scheduleFrom(std::string_view name, std::string_view options) {
  const Json read = Json::parse(options, nullptr, false);
  if (!read.is_object()) refuse(name, "its options are a JSON object");
  constexpr std::string_view kKnown[] = {"queue",   "cron",         "zone",   "every_s",
                                         "misfire", "catch_up_max", "payload"};
  for (const auto& [option, value] : read.items()) {
    if (std::find(std::begin(kKnown), std::end(kKnown), option) == std::end(kKnown))
      refuse(name, fmt::format("it has no option '{}'", option));
  }
  try {
    const auto most = read.value("catch_up_max", std::size_t{1});
    if (most < 1 || most > kCatchUpMax) refuse(name, "its catch_up_max is from 1 to 100");
    jobs::NewJob job;
    job.payload = read.value("payload", std::string{});
    if (const std::string problem = jobs::problemOf(job); !problem.empty()) refuse(name, problem);
    return {std::string{name},
            read.at("queue").get<std::string>(),
            read.dump(),
            std::move(job.payload),
            timesFrom(name, read),
            policyFrom(name, read.value("misfire", std::string{"fire_once"})),
            most};
  } catch (const Json::exception& error) {
    refuse(name, error.what());
  }
}

namespace schedules {
namespace {

using jobs::each;
using jobs::first;
using jobs::send;

struct Planned {
  std::int64_t next_us = 0;
  std::int64_t last_us = 0;
  bool is_current = true;  ///< as these options and this clock have it
};

/// Nothing for one that was never planned. Of one that had other options when it was looked at the
/// last time the times since then count, so that two versions beside each other miss none.
std::optional<Planned> planOf(data::Transaction& transaction, const RegisteredSchedule& schedule,
                              std::int64_t now_us) {
  std::optional<Planned> plan;
  std::int64_t planned_us = 0;
  first(
      transaction,
      "SELECT next_us, last_us, planned_us, options FROM bulkhead_schedules WHERE name = $1",
      [&](const bulkhead::Row& row) {
        plan = {row.integer(0), row.integer(1), row.text(3) == schedule.options};
        planned_us = row.integer(2);
      },
      schedule.name);
  if (!plan) return plan;
  const bool set_back = std::max(plan->last_us, planned_us) > now_us + kClockSlackUs;
  if (set_back) plan = {0, 0, false};
  if (plan->is_current) return plan;
  const std::int64_t since = std::max({plan->last_us, planned_us, now_us - kMissedUs});
  plan->next_us = schedule.times.next(std::min(since, now_us));
  return plan;
}

void plan(data::Transaction& transaction, const RegisteredSchedule& schedule, std::int64_t last_us,
          std::int64_t now_us) {
  send(transaction,
       "INSERT INTO bulkhead_schedules (name, options, next_us, last_us, planned_us) "
       "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET options = excluded.options, "
       "next_us = excluded.next_us, last_us = excluded.last_us, planned_us = excluded.planned_us",
       schedule.name, schedule.options, schedule.times.next(now_us), last_us, now_us);
}

/// Which of the times since the last plan are fired now.
std::vector<std::int64_t> dueTimes(const RegisteredSchedule& schedule, const Planned& planned,
                                   std::int64_t now_us) {
  const bool catches_up = schedule.misfire == MisfirePolicy::CatchUp;
  const std::size_t most = catches_up ? schedule.catch_up_max : 1;
  auto times = schedule.times.latest(planned.next_us - 1, now_us, most);
  if (schedule.misfire == MisfirePolicy::Skip)
    std::erase_if(times, [&](std::int64_t at) { return at < now_us - kMissedUs; });
  return times;
}

bool fire(data::Transaction& transaction, const RegisteredSchedule& schedule, std::int64_t at_us,
          std::int64_t now_us, const std::string& id) {
  const bool is_first = send(transaction,
                             "INSERT INTO bulkhead_schedule_fires (schedule, fire_us, job) "
                             "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                             schedule.name, at_us, id) == 1;
  if (!is_first) return false;
  jobs::NewJob job;
  job.queue = schedule.queue;
  job.payload = schedule.payload;
  job.schedule = schedule.name;
  job.fire_us = at_us;
  return jobs::enqueue(transaction, job, id, now_us).is_new;
}

}  // namespace

std::int64_t nextUs(data::Transaction& transaction, const RegisteredSchedule& schedule,
                    std::int64_t now_us) {
  const auto planned = planOf(transaction, schedule, now_us);
  return planned && planned->is_current ? planned->next_us : now_us;
}

std::size_t tend(data::Transaction& transaction, const RegisteredSchedule& schedule,
                 std::int64_t now_us, const std::function<std::string()>& new_id) {
  const auto planned = planOf(transaction, schedule, now_us);
  if (!planned) {
    plan(transaction, schedule, 0, now_us);
    return 0;
  }
  const bool is_due = planned->next_us != 0 && planned->next_us <= now_us;
  if (!is_due && planned->is_current) return 0;
  std::size_t fired = 0;
  std::int64_t last = planned->last_us;
  if (is_due) {
    for (const std::int64_t at : dueTimes(schedule, *planned, now_us)) {
      fired += fire(transaction, schedule, at, now_us, new_id()) ? 1 : 0;
      last = std::max(last, at);
    }
  }
  plan(transaction, schedule, last, now_us);
  return fired;
}

std::vector<Listed> list(data::Transaction& transaction) {
  std::vector<Listed> all;
  each(transaction, "SELECT name, options, next_us, last_us FROM bulkhead_schedules ORDER BY name",
       [&](const bulkhead::Row& row) {
         all.push_back({row.string(0), row.string(1), row.integer(2), row.integer(3)});
         return true;
       });
  return all;
}

bool forget(data::Transaction& transaction, std::int64_t fired_us) {
  return send(transaction,
              "DELETE FROM bulkhead_schedule_fires WHERE (schedule, fire_us) IN (SELECT schedule, "
              "fire_us FROM bulkhead_schedule_fires AS old WHERE fire_us < $1 AND fire_us < "
              "(SELECT max(fire_us) FROM bulkhead_schedule_fires AS last WHERE last.schedule = "
              "old.schedule) LIMIT $2)",
              fired_us, jobs::kBatchRows) == jobs::kBatchRows;
}

}  // namespace schedules
}  // namespace bulkhead::host
