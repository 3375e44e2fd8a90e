#pragma once

#include <string>
#include <vector>

#include "calendar.hpp"

/// Answers by the contract calendar/1.
namespace google_calendar {

std::string calendarsJson(const std::vector<CalendarEntry>& calendars);
std::string busyJson(const std::vector<Busy>& busy);
std::string changesJson(const Changes& changes);
std::string eventJson(const Event& event);

}  // namespace google_calendar
