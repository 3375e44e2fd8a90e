#pragma once

#include <string_view>

namespace booking {

/// Why a start cannot be booked. In the order in which it is asked: of several resources the one
/// that comes furthest gives the reason, and where none can be reached the first one does.
enum class Refusal {
  None,  ///< it can be booked
  ServiceInactive,
  NoResource,
  NoticeTooShort,
  BeyondHorizon,
  OutsideHours,   ///< the schedule is not open for the whole visit
  BlockedPeriod,  ///< the business is closed
  TimeOff,        ///< the resource is away
  SlotTaken,
  DailyLimit,  ///< the resource, or the lead, has its visits of that day or week
};

/// "SLOT_TAKEN".
constexpr std::string_view nameOf(Refusal refusal) {
  constexpr std::string_view kNames[] = {
      "NONE",          "SERVICE_INACTIVE", "NO_RESOURCE", "NOTICE_TOO_SHORT", "BEYOND_HORIZON",
      "OUTSIDE_HOURS", "BLOCKED_PERIOD",   "TIME_OFF",    "SLOT_TAKEN",       "DAILY_LIMIT"};
  return kNames[static_cast<unsigned>(refusal)];
}

}  // namespace booking
