#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// The times of a schedule, in microseconds since 1970-01-01T00:00:00Z: a cron line's in a time
/// zone, or whole multiples of an interval. A local time that a change of the clocks leaves out is
/// the next instant that there is; one that comes twice is its first.
class ScheduleTimes {
 public:
  /// "minute hour day-of-month month day-of-week" in an IANA zone. Throws std::invalid_argument
  /// with what is wrong.
  static ScheduleTimes cron(std::string_view line, const std::string& zone);
  /// Likewise; at most a year.
  static ScheduleTimes every(std::int64_t seconds);

  /// The first one after `after_us`; 0 when none comes within eight years.
  std::int64_t next(std::int64_t after_us) const;
  /// The latest of those after `after_us` and not after `until_us`, at most `most`, in their order.
  std::vector<std::int64_t> latest(std::int64_t after_us, std::int64_t until_us,
                                   std::size_t most) const;

 private:
  struct Line;
  explicit ScheduleTimes(std::shared_ptr<const Line> line, std::int64_t every_us)
      : line_{std::move(line)}, every_us_{every_us} {}

  std::shared_ptr<const Line> line_;  ///< null: an interval
  std::int64_t every_us_ = 0;
};

}  // namespace bulkhead::host
