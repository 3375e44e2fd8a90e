#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/store.hpp"
#include "runtime/schedule_times.hpp"

namespace bulkhead::host {

/// What becomes of times at which nobody was there to enqueue.
enum class MisfirePolicy : std::uint8_t { Skip, FireOnce, CatchUp };

/// A schedule as a plugin registers it: at each of its times one job is enqueued.
struct RegisteredSchedule {
  std::string name;
  std::string queue;
  std::string options;  ///< as they were given: other ones are another schedule
  std::string payload;
  ScheduleTimes times;
  MisfirePolicy misfire = MisfirePolicy::FireOnce;
  std::size_t catch_up_max = 1;
};

/// Reads register_schedule's options. Throws Error (configuration, SCHEDULE_REFUSED).
RegisteredSchedule scheduleFrom(std::string_view name, std::string_view options);

/// The rows of schedules in a plugin's store: when each fires next, and when it has.
namespace schedules {

/// A time that is so long ago was missed.
inline constexpr std::int64_t kMissedUs = 60'000'000;

/// One as operators see it.
struct Listed {
  std::string name;
  std::string options;
  std::int64_t next_us = 0;
  std::int64_t last_us = 0;
};

/// When it is to be looked at: now, for one that was never, or has other options; 0 for never.
std::int64_t nextUs(data::Transaction& transaction, const RegisteredSchedule& schedule,
                    std::int64_t now_us);
/// Fires what is due and plans the next time: the number of jobs. Each time fires once, whoever
/// else does this.
std::size_t tend(data::Transaction& transaction, const RegisteredSchedule& schedule,
                 std::int64_t now_us, const std::function<std::string()>& new_id);
std::vector<Listed> list(data::Transaction& transaction);
/// Fires of before `fired_us` are forgotten but the last of each schedule. True when there are
/// more.
bool forget(data::Transaction& transaction, std::int64_t fired_us);

}  // namespace schedules
}  // namespace bulkhead::host
