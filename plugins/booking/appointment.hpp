#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "appointment_state.hpp"
#include "money.hpp"
#include "record.hpp"
#include "record_column.hpp"

namespace booking {

/// A visit: of a lead, for a service, at a time, with a resource. Its id is also its iCalendar UID.
/// The wall time, zone and version of the zone data say what was promised; the instants say when
/// that is.
struct Appointment : Record {
  std::string service;
  std::string resource;
  std::optional<std::string> lead;  ///< none while it is held
  std::optional<std::string> location;
  Interval visit{};
  Interval block{};  ///< the visit with its buffers: what conflicts are checked on
  std::string local_start;
  std::string time_zone;
  std::string tzdata_version;
  Status status = Status::Confirmed;
  std::optional<Instant> hold_expires_at;
  std::string source = "web";
  std::string notes;
  std::optional<std::string> cancelled_by;  ///< customer or business
  std::optional<std::string> cancel_reason;
  std::optional<Instant> ended_at;  ///< when it was cancelled, or marked as a no-show
  std::int64_t ics_sequence = 0;
  std::int64_t reschedule_count = 0;
  bool hold_extended = false;
  std::string previous = "[]";  ///< JSON array of the places before each move, see previousWith()
  JsonText answers{"{}"};       ///< by the ids of the service's questions
  std::optional<Money> price;   ///< the service's when it was booked
  std::optional<std::string> made_from;  ///< digest of the PUT that made it
};

/// One line of an appointment's history. There is one for each version.
struct HistoryEntry {
  std::int64_t version = 1;
  std::string action;
  std::optional<Status> from;
  Status to = Status::Confirmed;
  Interval visit{};
  std::string resource;
  std::string actor;  ///< id of the API key
  std::string request_id;
  std::string reason;
  std::optional<std::string> acted_by;  ///< customer or business, where the caller said so
  std::string changes = "{}";           ///< in JSON, see changesBetween()
  Instant at{};
};

}  // namespace booking
