#pragma once

#include <cctz/civil_time.h>
#include <optional>
#include <string_view>

namespace booking {

/// 0 is Monday ... 6 is Sunday.
inline unsigned weekdayOf(const cctz::civil_day& date) {
  return static_cast<unsigned>(cctz::get_weekday(date));
}

/// "MO" for 0 ... "SU" for 6 (RFC 5545 BYDAY).
std::string_view nameOfWeekday(unsigned weekday);
std::optional<unsigned> weekdayNamed(std::string_view name);

}  // namespace booking
