#include "schedule_json.hpp"

#include <algorithm>
#include <string>

#include "body.hpp"
#include "weekday.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using nlohmann::json;

int minuteOfDay(const json& body, const char* name) {
  const auto found = body.find(name);
  const auto text = found == body.end() ? std::string{} : found->get<std::string>();
  const auto minute = parseMinuteOfDay(text);
  if (!minute) throw invalidField(name, text, "a time of day, \"00:00\" to \"24:00\"");
  return *minute;
}

MinuteRange hoursFrom(const json& body) {
  return {minuteOfDay(body, "start"), minuteOfDay(body, "end")};
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

unsigned weekdaysFrom(const json& names) {
  unsigned weekdays = 0;
  for (const auto& name : names) weekdays |= 1U << weekdayNamed(name.get<std::string>()).value();
  return weekdays;
}

void writeWeekdays(JsonWriter& out, unsigned weekdays) {
  out.key("weekdays");
  out.beginArray();
  for (unsigned day = 0; day < 7; ++day) {
    if (((weekdays >> day) & 1U) != 0) out.value(nameOfWeekday(day));
  }
  out.endArray();
}

}  // namespace

std::string_view ruleProperties() {
  return R"("weekdays":{"type":"array","minItems":1,"maxItems":7,"items":{"enum":["MO","TU","WE","TH","FR","SA","SU"]}},)"
         R"("rrule":{"type":"string","minLength":1,"maxLength":500},)"
         R"("start":{"type":"string","maxLength":5,"pattern":"^[0-2][0-9]:[0-5][0-9]$"},)"
         R"("end":{"type":"string","maxLength":5,"pattern":"^[0-2][0-9]:[0-5][0-9]$"},)"
         R"("valid_from":{"type":["string","null"],"maxLength":10},)"
         R"("valid_to":{"type":["string","null"],"maxLength":10})";
}

std::string_view exceptionProperties() {
  return R"("date":{"type":"string","minLength":10,"maxLength":10},)"
         R"("kind":{"enum":["closed","open","replace"]},)"
         R"("intervals":{"type":"array","maxItems":24,"items":{"type":"object",)"
         R"("additionalProperties":false,"required":["start","end"],"properties":{)"
         R"("start":{"type":"string","maxLength":5},"end":{"type":"string","maxLength":5}}}})";
}

void fillFrom(const json& body, AvailabilityRule& rule) {
  if (const auto weekdays = body.find("weekdays"); weekdays != body.end()) {
    rule.weekdays = weekdaysFrom(*weekdays);
  }
  rule.hours = hoursFrom(body);
  takeDate(body, "valid_from", rule.valid_from);
  takeDate(body, "valid_to", rule.valid_to);
  if (const auto rrule = body.find("rrule"); rrule != body.end()) {
    rule.recurrence = Recurrence::parse(rrule->get<std::string>(), rule.valid_from);
  }
}

void fillFrom(const json& body, DayException& exception) {
  exception.date = dateFrom("date", body.at("date").get<std::string>());
  exception.kind = exceptionKindNamed(body.at("kind").get<std::string>());
  if (const auto intervals = body.find("intervals"); intervals != body.end()) {
    for (const auto& one : *intervals) exception.hours.push_back(hoursFrom(one));
  }
}

void fillRules(const json& rules, Schedule& schedule) {
  schedule.rules.clear();
  for (const auto& one : rules) {
    AvailabilityRule rule;
    rule.id = "rule-" + std::to_string(schedule.rules.size() + 1);
    take(one, "id", rule.id);
    fillFrom(one, rule);
    schedule.rules.push_back(std::move(rule));
  }
  std::sort(schedule.rules.begin(), schedule.rules.end(),
            [](const AvailabilityRule& a, const AvailabilityRule& b) { return a.id < b.id; });
}

void write(JsonWriter& out, const AvailabilityRule& rule) {
  out.beginObject();
  out.member("id", rule.id);
  if (rule.recurrence) {
    out.member("rrule", rule.recurrence->text());
  } else {
    writeWeekdays(out, rule.weekdays);
  }
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
