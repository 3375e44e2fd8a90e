#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace google_calendar {

// Times are texts of RFC 3339, as Google has them.

struct CalendarEntry {
  std::string id;
  std::string name;
  std::string time_zone;
  bool is_writable = false;
};

/// A time in which somebody is busy.
struct Busy {
  std::string calendar;
  std::string start;
  std::string end;
};

struct Window {
  std::string from;
  std::string to;
};

/// An event as it is in a calendar.
struct Event {
  std::string id;
  std::string start;
  std::string end;
  std::string time_zone;
  std::string summary;
  bool is_busy = true;
  std::string status;
  std::string etag;
};

/// What an event is to be. `id` is the caller's own (base32hex), so that it is made once.
struct EventDraft {
  struct Attendee {
    std::string email;
    std::string name;
  };
  std::string id;
  std::string summary;
  std::string description;
  std::string location;
  std::string start;
  std::string end;
  std::string time_zone;
  std::vector<Attendee> attendees;
};

/// One page of what has changed. `cursor` goes on behind it: from the next page, or from now on.
struct Changes {
  std::vector<Event> events;
  std::string cursor;
  bool has_more = false;
};

/// Where Google tells changes, with the secret that it gives back.
struct Channel {
  std::string id;
  std::string address;
  std::string token;
};

/// A channel that is open. Both are unknown of one that had been opened before.
struct OpenChannel {
  std::optional<std::string> resource_id;
  std::optional<std::int64_t> expires_ms;
};

}  // namespace google_calendar
