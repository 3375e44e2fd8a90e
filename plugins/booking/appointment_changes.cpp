#include "appointment_changes.hpp"

#include <algorithm>

#include <bulkhead/json_writer.hpp>

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::RawJson;

constexpr std::size_t kPreviousMax = 20;

std::optional<std::string> shown(const std::optional<Instant>& instant) {
  if (!instant) return std::nullopt;
  return formatInstant(*instant);
}

template <class Value>
void addChange(JsonWriter& out, std::string_view name, const Value& before, const Value& after) {
  if (before == after) return;
  out.key(name);
  out.object("from", before, "to", after);
}

/// None of its texts can hold a brace: ids, zones and times.
std::string placeOf(const Appointment& one, Instant now) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.object("start", formatInstant(one.visit.begin), "end", formatInstant(one.visit.end),
               "local_start", one.local_start, "time_zone", one.time_zone, "resource", one.resource,
               "version", one.version, "until", formatInstant(now));
  });
}

}  // namespace

std::string changesBetween(const Appointment& before, const Appointment& after) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    addChange(out, "status", nameOf(before.status), nameOf(after.status));
    addChange(out, "start", formatInstant(before.visit.begin), formatInstant(after.visit.begin));
    addChange(out, "end", formatInstant(before.visit.end), formatInstant(after.visit.end));
    addChange(out, "time_zone", before.time_zone, after.time_zone);
    addChange(out, "resource", before.resource, after.resource);
    addChange(out, "location", before.location, after.location);
    addChange(out, "lead_id", before.lead, after.lead);
    addChange(out, "notes", before.notes, after.notes);
    if (before.answers != after.answers) {
      out.key("answers");
      out.object("from", RawJson{before.answers.text}, "to", RawJson{after.answers.text});
    }
    addChange(out, "hold_expires_at", shown(before.hold_expires_at), shown(after.hold_expires_at));
    out.endObject();
  });
}

std::string previousWith(const Appointment& before, Instant now) {
  std::string inner = before.previous.substr(1, before.previous.size() - 2);
  const auto count = static_cast<std::size_t>(std::count(inner.begin(), inner.end(), '{'));
  if (count >= kPreviousMax) inner.erase(0, inner.find('}') + 2);
  if (!inner.empty()) inner += ',';
  return '[' + inner + placeOf(before, now) + ']';
}

}  // namespace booking
