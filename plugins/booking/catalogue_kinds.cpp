#include "catalogue_kinds.hpp"

#include <algorithm>
#include <string>

#include "body.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::Transaction;
using nlohmann::json;

constexpr std::string_view kRuleProperties =
    R"("weekdays":{"type":"array","minItems":1,"maxItems":7,"items":{"enum":["MO","TU","WE","TH","FR","SA","SU"]}},)"
    R"("start":{"type":"string","maxLength":5,"pattern":"^[0-2][0-9]:[0-5][0-9]$"},)"
    R"("end":{"type":"string","maxLength":5,"pattern":"^[0-2][0-9]:[0-5][0-9]$"},)"
    R"("valid_from":{"type":["string","null"],"maxLength":10},)"
    R"("valid_to":{"type":["string","null"],"maxLength":10})";

int minuteOfDay(const json& body, const char* name, int otherwise) {
  const auto found = body.find(name);
  if (found == body.end()) return otherwise;
  const auto text = found->get<std::string>();
  const auto minute = parseMinuteOfDay(text);
  if (!minute) throw invalidField(name, text, "a time of day, \"00:00\" to \"24:00\"");
  return *minute;
}

MinuteRange hoursFrom(const json& body, MinuteRange otherwise) {
  return {minuteOfDay(body, "start", otherwise.begin_min),
          minuteOfDay(body, "end", otherwise.end_min)};
}

cctz::civil_day dateFrom(const char* name, const std::string& text) {
  const auto date = parseDate(text);
  if (!date) throw invalidField(name, text, "a date such as \"2026-01-31\"");
  return *date;
}

void takeDate(const json& body, const char* name, std::optional<cctz::civil_day>& out) {
  const auto found = body.find(name);
  if (found == body.end()) return;
  out.reset();
  if (!found->is_null()) out = dateFrom(name, found->get<std::string>());
}

void writeHours(JsonWriter& out, const MinuteRange& hours) {
  out.member("start", formatMinuteOfDay(hours.begin_min));
  out.member("end", formatMinuteOfDay(hours.end_min));
}

std::optional<std::string> shown(const std::optional<cctz::civil_day>& date) {
  if (!date) return std::nullopt;
  return formatDate(*date);
}

}  // namespace

const std::string_view LocationKind::kProperties =
    R"("name":{"type":"string","minLength":1,"maxLength":200},)"
    R"("time_zone":{"type":"string","minLength":1,"maxLength":64},)"
    R"("address":{"type":["string","null"],"maxLength":500})";

void LocationKind::fillFrom(const json& body, Location& noun) {
  take(body, "name", noun.name);
  take(body, "time_zone", noun.time_zone);
  take(body, "address", noun.address);
}

void LocationKind::write(JsonWriter& out, const Location& noun) {
  out.member("name", noun.name);
  out.member("time_zone", noun.time_zone);
  out.member("address", noun.address);
}

void LocationKind::prepare(Transaction&, std::string_view, Location& noun, const bulkhead::Host&) {
  noun.check();
}

const std::string_view ServiceKind::kProperties =
    R"("name":{"type":"string","minLength":1,"maxLength":200},)"
    R"("duration_min":{"type":"integer","minimum":1,"maximum":1440},)"
    R"("other_durations_min":{"type":"array","maxItems":20,"items":{"type":"integer","minimum":1,"maximum":1440}},)"
    R"("slot_step_min":{"type":"integer","minimum":1,"maximum":1440},)"
    R"("buffer_before_min":{"type":"integer","minimum":0,"maximum":1439},)"
    R"("buffer_after_min":{"type":"integer","minimum":0,"maximum":1439},)"
    R"("min_notice_min":{"type":["integer","null"],"minimum":0,"maximum":525600},)"
    R"("horizon_days":{"type":["integer","null"],"minimum":1,"maximum":1100},)"
    R"("requires_confirmation":{"type":"boolean"})";

void ServiceKind::fillFrom(const json& body, Service& noun) {
  take(body, "name", noun.name);
  take(body, "duration_min", noun.duration_min);
  take(body, "other_durations_min", noun.other_durations_min);
  take(body, "slot_step_min", noun.slot_step_min);
  take(body, "buffer_before_min", noun.buffer_before_min);
  take(body, "buffer_after_min", noun.buffer_after_min);
  take(body, "min_notice_min", noun.min_notice_min);
  take(body, "horizon_days", noun.horizon_days);
  take(body, "requires_confirmation", noun.requires_confirmation);
}

void ServiceKind::write(JsonWriter& out, const Service& noun) {
  out.member("name", noun.name);
  out.member("duration_min", noun.duration_min);
  out.key("other_durations_min");
  out.array(noun.other_durations_min, [](JsonWriter& one, int minutes) { one.value(minutes); });
  out.member("slot_step_min", noun.slot_step_min);
  out.member("buffer_before_min", noun.buffer_before_min);
  out.member("buffer_after_min", noun.buffer_after_min);
  out.member("min_notice_min", noun.min_notice_min);
  out.member("horizon_days", noun.horizon_days);
  out.member("requires_confirmation", noun.requires_confirmation);
}

void ServiceKind::prepare(Transaction&, std::string_view, Service& noun, const bulkhead::Host&) {
  noun.check();
}

const std::string_view ResourceKind::kProperties =
    R"("name":{"type":"string","minLength":1,"maxLength":200},)"
    R"("kind":{"enum":["staff","room","equipment"]},)"
    R"("location":{"type":["string","null"],"maxLength":64},)"
    R"("schedule":{"type":"string","minLength":1,"maxLength":64},)"
    R"("priority":{"type":"integer","minimum":0,"maximum":1000},)"
    R"("services":{"type":"array","maxItems":200,"items":{"type":"string","maxLength":64}})";

void ResourceKind::fillFrom(const json& body, Resource& noun) {
  take(body, "name", noun.name);
  take(body, "kind", noun.kind);
  take(body, "location", noun.location);
  take(body, "schedule", noun.schedule);
  take(body, "priority", noun.priority);
  take(body, "services", noun.services);
  std::sort(noun.services.begin(), noun.services.end());
  noun.services.erase(std::unique(noun.services.begin(), noun.services.end()), noun.services.end());
}

void ResourceKind::write(JsonWriter& out, const Resource& noun) {
  out.member("name", noun.name);
  out.member("kind", noun.kind);
  out.member("location", noun.location);
  out.member("schedule", noun.schedule);
  out.member("priority", noun.priority);
  out.key("services");
  out.array(noun.services, [](JsonWriter& one, const std::string& id) { one.value(id); });
}

void ResourceKind::prepare(Transaction& transaction, std::string_view tenant, Resource& noun,
                           const bulkhead::Host&) {
  if (!ScheduleStore::find(transaction, tenant, noun.schedule)) {
    throw notFound("schedule", noun.schedule);
  }
  if (noun.location && !LocationStore::find(transaction, tenant, *noun.location)) {
    throw notFound("location", *noun.location);
  }
}

const std::string ScheduleKind::kProperties =
    R"("name":{"type":"string","minLength":1,"maxLength":200},)"
    R"("time_zone":{"type":"string","minLength":1,"maxLength":64},)"
    R"("rules":{"type":"array","maxItems":100,"items":{"type":"object","additionalProperties":false,)"
    R"("required":["weekdays","start","end"],"properties":{"id":{"type":"string","maxLength":64},)" +
    std::string{kRuleProperties} + "}}}";

/// Rules without an id are numbered, so that a repeated PUT means the same schedule.
void ScheduleKind::fillFrom(const json& body, Schedule& noun) {
  take(body, "name", noun.name);
  take(body, "time_zone", noun.time_zone);
  const auto rules = body.find("rules");
  if (rules == body.end()) return;
  noun.rules.clear();
  for (const auto& one : *rules) {
    WeeklyRule rule;
    rule.id = "rule-" + std::to_string(noun.rules.size() + 1);
    take(one, "id", rule.id);
    booking::fillFrom(one, rule);
    noun.rules.push_back(std::move(rule));
  }
  std::sort(noun.rules.begin(), noun.rules.end(),
            [](const WeeklyRule& a, const WeeklyRule& b) { return a.id < b.id; });
}

void ScheduleKind::write(JsonWriter& out, const Schedule& noun) {
  out.member("name", noun.name);
  out.member("time_zone", noun.time_zone);
  out.key("rules");
  out.array(noun.rules, [](JsonWriter& one, const WeeklyRule& rule) { booking::write(one, rule); });
}

void ScheduleKind::prepare(Transaction&, std::string_view, Schedule& noun,
                           const bulkhead::Host& host) {
  noun.check();
  noun.revision = host.newId();
}

std::string_view ruleProperties() {
  return kRuleProperties;
}

std::string_view exceptionProperties() {
  return R"("date":{"type":"string","minLength":10,"maxLength":10},)"
         R"("kind":{"enum":["closed","open","replace"]},)"
         R"("intervals":{"type":"array","maxItems":24,"items":{"type":"object",)"
         R"("additionalProperties":false,"required":["start","end"],"properties":{)"
         R"("start":{"type":"string","maxLength":5},"end":{"type":"string","maxLength":5}}}})";
}

void fillFrom(const json& body, WeeklyRule& rule) {
  if (const auto weekdays = body.find("weekdays"); weekdays != body.end()) {
    rule.weekdays = 0;
    for (const auto& day : *weekdays) rule.weekdays |= weekdayBit(day.get<std::string>());
  }
  rule.hours = hoursFrom(body, rule.hours);
  takeDate(body, "valid_from", rule.valid_from);
  takeDate(body, "valid_to", rule.valid_to);
}

void fillFrom(const json& body, DayException& exception) {
  if (const auto date = body.find("date"); date != body.end()) {
    exception.date = dateFrom("date", date->get<std::string>());
  }
  if (const auto kind = body.find("kind"); kind != body.end()) {
    exception.kind = exceptionKindNamed(kind->get<std::string>());
  }
  if (const auto intervals = body.find("intervals"); intervals != body.end()) {
    exception.hours.clear();
    for (const auto& one : *intervals) exception.hours.push_back(hoursFrom(one, {}));
  }
}

void write(JsonWriter& out, const WeeklyRule& rule) {
  out.beginObject();
  out.member("id", rule.id);
  out.key("weekdays");
  out.beginArray();
  for (unsigned bit = 0; bit < 7; ++bit) {
    if (((rule.weekdays >> bit) & 1U) != 0) out.value(nameOfWeekday(bit));
  }
  out.endArray();
  writeHours(out, rule.hours);
  out.member("valid_from", shown(rule.valid_from));
  out.member("valid_to", shown(rule.valid_to));
  out.endObject();
}

void write(JsonWriter& out, const DayException& exception) {
  out.beginObject();
  out.member("id", exception.id);
  out.member("date", formatDate(exception.date));
  out.member("kind", nameOf(exception.kind));
  out.key("intervals");
  out.array(exception.hours, [](JsonWriter& one, const MinuteRange& hours) {
    one.beginObject();
    writeHours(one, hours);
    one.endObject();
  });
  out.endObject();
}

}  // namespace booking
