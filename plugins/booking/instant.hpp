#pragma once

#include <cctz/civil_time.h>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace booking {

/// A point of UTC in whole seconds: what is stored, compared and added to.
using Instant = std::chrono::sys_seconds;
using std::chrono::seconds;

/// Half open: `begin` belongs to it, `end` does not.
struct Interval {
  Instant begin;
  Instant end;
  friend bool operator==(const Interval&, const Interval&) = default;
};

inline std::int64_t epochSeconds(Instant instant) {
  return instant.time_since_epoch().count();
}
inline Instant fromEpoch(std::int64_t epoch_s) {
  return Instant{seconds{epoch_s}};
}

/// "2026-01-06T14:00:00Z".
std::string formatInstant(Instant instant);
/// RFC 3339 with `Z` or a numeric offset; seconds may be left out, fractions are dropped. Years
/// 1970..9999.
std::optional<Instant> parseInstant(std::string_view text);

/// "2026-01-06T09:00": a wall time, meaningless without a zone.
std::string formatWall(const cctz::civil_second& wall);
/// "YYYY-MM-DDTHH:MM", seconds optional, and nothing behind it.
std::optional<cctz::civil_second> parseWall(std::string_view text);

/// "2026-01-06".
std::string formatDate(const cctz::civil_day& date);
std::optional<cctz::civil_day> parseDate(std::string_view text);

/// "09:30" for 570; 1440 is "24:00", the end of the day.
std::string formatMinuteOfDay(int minute);
std::optional<int> parseMinuteOfDay(std::string_view text);

/// "-05:00".
std::string formatOffset(int offset_s);

}  // namespace booking
