#pragma once

#include <string_view>

namespace google_calendar {

/// The one connection of calendar/1 that there is: with the calendars that the
/// service account sees.
inline constexpr std::string_view kConnection = "service-account";

}  // namespace google_calendar
