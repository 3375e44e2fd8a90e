#pragma once

#include <string_view>
#include <vector>

#include "availability.hpp"

namespace booking {

/// What a clock change does to a window, or to a day.
enum class ClockRemark {
  HourSkipped,   ///< wall times are left out
  HourRepeated,  ///< wall times come twice
  Shorter,       ///< the window lasts less than its wall times say
  Longer,        ///< it lasts more
};

/// "HOUR_SKIPPED".
std::string_view nameOf(ClockRemark remark);

/// One stretch that is open, as it turns out on its day.
struct PreviewedWindow {
  Interval window;
  int wall_min = 0;     ///< what its wall times say it lasts
  int elapsed_min = 0;  ///< what it lasts
  std::vector<ClockRemark> remarks;
};

struct PreviewedDay {
  cctz::civil_day date;
  std::vector<PreviewedWindow> windows;
  std::vector<ClockRemark> remarks;  ///< of the day itself
};

/// The local days `first`..`last` of a schedule, each with what is open on it.
std::vector<PreviewedDay> preview(const Availability& availability, const cctz::civil_day& first,
                                  const cctz::civil_day& last);

}  // namespace booking
