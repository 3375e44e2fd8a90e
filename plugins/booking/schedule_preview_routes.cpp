#include "schedule_preview_routes.hpp"

#include <algorithm>
#include <string>

#include "body.hpp"
#include "exchange.hpp"
#include "schedule_json.hpp"
#include "schedule_preview.hpp"
#include "schedule_store.hpp"
#include "weekday.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using nlohmann::json;

constexpr int kDaysMax = 400;

constexpr std::string_view kQuery =
    R"({"type":"object","required":["from","to"],"properties":{)"
    R"("from":{"type":"string","maxLength":40},"to":{"type":"string","maxLength":40},)"
    R"("time_zone":{"type":"string","maxLength":64}}})";

constexpr std::string_view kResponse =
    R"({"type":"object","properties":{"time_zone":{"type":"string"},"tzdata_version":{"type":"string"},)"
    R"("days":{"type":"array","items":{"type":"object","properties":{"date":{"type":"string"},)"
    R"("weekday":{"enum":["MO","TU","WE","TH","FR","SA","SU"]},)"
    R"("remarks":{"type":"array","items":{"enum":["HOUR_SKIPPED","HOUR_REPEATED"]}},)"
    R"("windows":{"type":"array","items":{"type":"object","properties":{)"
    R"("start":{"type":"string"},"end":{"type":"string"},"local_start":{"type":"string"},)"
    R"("local_end":{"type":"string"},"offset_start":{"type":"string"},"offset_end":{"type":"string"},)"
    R"("shown_start":{"type":"string"},"shown_end":{"type":"string"},)"
    R"("wall_min":{"type":"integer"},"elapsed_min":{"type":"integer"},)"
    R"("remarks":{"type":"array","items":{"enum":["HOUR_SKIPPED","HOUR_REPEATED","SHORTER","LONGER"]}}}}}}}}}})";

std::string draftSchema() {
  return R"({"type":"object","additionalProperties":false,"properties":{)"
         R"("time_zone":{"type":"string","minLength":1,"maxLength":64},)"
         R"("rules":{"type":"array","maxItems":100,"items":{"type":"object",)"
         R"("additionalProperties":false,"required":["start","end"],"properties":{)"
         R"("id":{"type":"string","maxLength":64},)" +
         std::string{ruleProperties()} +
         R"(}}},"exceptions":{"type":"array","maxItems":2000,"items":{"type":"object",)"
         R"("additionalProperties":false,"required":["date","kind"],"properties":{)"
         R"("id":{"type":"string","maxLength":64},)" +
         std::string{exceptionProperties()} + "}}}}}";
}

/// The schedule with what the body says in place of its own.
Availability draftFrom(const json& body, Schedule schedule, std::vector<DayException> exceptions) {
  take(body, "time_zone", schedule.time_zone);
  if (const auto rules = body.find("rules"); rules != body.end()) fillRules(*rules, schedule);
  schedule.check();
  if (const auto given = body.find("exceptions"); given != body.end()) {
    exceptions.clear();
    for (const auto& one : *given) {
      fillFrom(one, exceptions.emplace_back());
      check(exceptions.back());
    }
    std::stable_sort(exceptions.begin(), exceptions.end(),
                     [](const DayException& a, const DayException& b) { return a.date < b.date; });
  }
  return {Zone::get(schedule.time_zone), std::move(schedule.rules), std::move(exceptions)};
}

/// A date of the schedule, or the one that an instant falls on there.
cctz::civil_day dayOf(const Request& request, std::string_view name, const Zone& zone) {
  if (const auto date = parseDate(*request.query(name))) return *date;
  const Instant instant = fromEpoch(queryInstant(request, name).value());
  return cctz::civil_day{zone.toLocal(instant).wall};
}

void writeRemarks(JsonWriter& out, const std::vector<ClockRemark>& remarks) {
  out.key("remarks");
  out.array(remarks, [](JsonWriter& one, ClockRemark remark) { one.value(nameOf(remark)); });
}

void write(JsonWriter& out, const PreviewedWindow& one, const Zone& zone, const Zone& shown) {
  const auto begin = zone.toLocal(one.window.begin);
  const auto end = zone.toLocal(one.window.end);
  out.beginObject();
  out.member("start", formatInstant(one.window.begin));
  out.member("end", formatInstant(one.window.end));
  out.member("local_start", formatWall(begin.wall));
  out.member("local_end", formatWall(end.wall));
  out.member("offset_start", formatOffset(begin.offset_s));
  out.member("offset_end", formatOffset(end.offset_s));
  out.member("shown_start", formatWall(shown.toLocal(one.window.begin).wall));
  out.member("shown_end", formatWall(shown.toLocal(one.window.end).wall));
  out.member("wall_min", one.wall_min);
  out.member("elapsed_min", one.elapsed_min);
  writeRemarks(out, one.remarks);
  out.endObject();
}

}  // namespace

SchedulePreviewRoutes::SchedulePreviewRoutes(bulkhead::Registrar& host) {
  host.route(
      {.method = "POST",
       .path = "/schedules/{id}/preview",
       .scope = "booking:read",
       .summary = "Shows what a schedule, with the body's members in place of its own, comes "
                  "to day by day; nothing is stored",
       .query = kQuery,
       .request = draftSchema(),
       .response = kResponse,
       .errors = {"NOT_FOUND", "INVALID_TIME_ZONE"},
       .example =
           R"({"rules":[{"rrule":"FREQ=MONTHLY;BYDAY=1SA","start":"10:00","end":"14:00"}]})"},
      [](const Request& request, ReadTransaction& read) { return preview(request, read); });
}

Response SchedulePreviewRoutes::preview(const Request& request, ReadTransaction& read) {
  auto schedule = ScheduleStore::find(read, request.tenant(), request.param("id"));
  if (!schedule) throw notFound("schedule", request.param("id"));
  auto exceptions = ScheduleStore::exceptions(read, request.tenant(), schedule->id);
  const Availability draft =
      draftFrom(bodyOf(request), std::move(*schedule), std::move(exceptions));
  const Zone shown = Zone::get(request.query("time_zone").value_or(draft.zone.name()));
  const auto first = dayOf(request, "from", draft.zone);
  const auto last = dayOf(request, "to", draft.zone);
  if (last < first || last - first >= kDaysMax) {
    throw invalidField("to", *request.query("to"), "on or after from, and at most 400 days");
  }
  const auto days = booking::preview(draft, first, last);
  return Response::json([&](JsonWriter& out) {
    out.beginObject();
    out.member("time_zone", draft.zone.name());
    out.member("tzdata_version", tzdataVersion());
    out.key("days");
    out.array(days, [&](JsonWriter& one, const PreviewedDay& day) {
      one.beginObject();
      one.member("date", formatDate(day.date));
      one.member("weekday", nameOfWeekday(weekdayOf(day.date)));
      writeRemarks(one, day.remarks);
      one.key("windows");
      one.array(day.windows, [&](JsonWriter& item, const PreviewedWindow& window) {
        write(item, window, draft.zone, shown);
      });
      one.endObject();
    });
    out.endObject();
  });
}

}  // namespace booking
