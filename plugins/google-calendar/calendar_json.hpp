#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "calendar.hpp"

/// Requests and answers by the contract calendar/1.
namespace google_calendar {

/// Reads a request that the contract of put_event allows.
EventDraft draftFrom(const nlohmann::json& request);

std::string calendarsJson(const std::vector<CalendarEntry>& calendars);
std::string busyJson(const std::vector<Busy>& busy);
std::string changesJson(const Changes& changes);
std::string eventJson(const Event& event);

}  // namespace google_calendar
