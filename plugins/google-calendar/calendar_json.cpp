#include "calendar_json.hpp"

#include <bulkhead/json_fields.hpp>
#include <bulkhead/json_writer.hpp>

namespace google_calendar {
namespace {

using bulkhead::JsonWriter;
using bulkhead::textIn;

void writeText(JsonWriter& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out.member(name, text);
}

void write(JsonWriter& out, const Event& event) {
  out.beginObject();
  out.member("id", event.id);
  out.member("start", event.start);
  out.member("end", event.end);
  writeText(out, "time_zone", event.time_zone);
  writeText(out, "summary", event.summary);
  out.member("busy", event.is_busy);
  writeText(out, "status", event.status);
  writeText(out, "etag", event.etag);
  out.endObject();
}

}  // namespace

EventDraft draftFrom(const nlohmann::json& request) {
  EventDraft draft{.id = textIn(request, "id"),
                   .summary = textIn(request, "summary"),
                   .description = textIn(request, "description"),
                   .location = textIn(request, "location"),
                   .start = textIn(request, "start"),
                   .end = textIn(request, "end"),
                   .time_zone = textIn(request, "time_zone"),
                   .attendees = {}};
  for (const auto& one : bulkhead::arrayIn(request, "attendees"))
    draft.attendees.push_back({textIn(one, "email"), textIn(one, "name")});
  return draft;
}

std::string calendarsJson(const std::vector<CalendarEntry>& calendars) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.key("calendars");
    out.array(calendars, [](JsonWriter& item, const CalendarEntry& one) {
      item.beginObject();
      item.member("id", one.id);
      item.member("name", one.name.empty() ? one.id : one.name);
      writeText(item, "time_zone", one.time_zone);
      item.member("writable", one.is_writable);
      item.endObject();
    });
    out.endObject();
  });
}

std::string busyJson(const std::vector<Busy>& busy) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.key("busy");
    out.array(busy, [](JsonWriter& item, const Busy& one) {
      item.object("calendar", one.calendar, "start", one.start, "end", one.end);
    });
    out.endObject();
  });
}

std::string changesJson(const Changes& changes) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.key("events");
    out.array(changes.events, [](JsonWriter& item, const Event& one) { write(item, one); });
    out.member("cursor", changes.cursor);
    out.member("more", changes.has_more);
    out.endObject();
  });
}

std::string eventJson(const Event& event) {
  return bulkhead::toJson(
      [&](JsonWriter& out) { out.value([&](JsonWriter& one) { write(one, event); }); });
}

}  // namespace google_calendar
