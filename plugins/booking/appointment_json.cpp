#include "appointment_json.hpp"

#include <algorithm>

#include "body.hpp"
#include "exchange.hpp"
#include "lead_json.hpp"
#include "record_json.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;

constexpr std::string_view kServiceProperties =
    R"(,"service":{"type":"string","maxLength":64},"location":{"type":"string","maxLength":64},)"
    R"("slot_token":{"type":"string","maxLength":512},)"
    R"("source":{"enum":["web","call","sms","import","google"]})";

constexpr std::string_view kWishProperties =
    R"("start":{"type":"string","minLength":16,"maxLength":40},)"
    R"("time_zone":{"type":"string","maxLength":64},)"
    R"("resource":{"type":"string","maxLength":64},)"
    R"("duration":{"type":"integer","minimum":1,"maximum":1440})";

std::string bookingProperties() {
  return std::string{kWishProperties} + std::string{kServiceProperties} +
         R"(,"lead_id":{"type":"string","maxLength":64},"hold_id":{"type":"string","maxLength":64},)"
         R"("notes":{"type":"string","maxLength":4000},"answers":)" +
         std::string{answersSchema()} + R"(,"lead":)" + bodySchema(leadProperties());
}

bool isAnswerTo(const nlohmann::json& question, const nlohmann::json& answer) {
  const auto type = question.at("type").get<std::string>();
  if (type == "number") return answer.is_number();
  if (type == "boolean") return answer.is_boolean();
  if (type == "text" || !question.contains("options")) return answer.is_string();
  const auto& options = question.at("options");
  return std::find(options.begin(), options.end(), answer) != options.end();
}

std::string acceptedFor(const nlohmann::json& question) {
  const auto type = question.at("type").get<std::string>();
  if (type != "choice") return "a " + type;
  return "one of " + question.value("options", nlohmann::json::array()).dump();
}

Instant startFrom(const nlohmann::json& body) {
  const auto text = body.at("start").get<std::string>();
  if (const auto instant = parseInstant(text)) return *instant;
  const auto wall = parseWall(text);
  std::optional<std::string> zone;
  take(body, "time_zone", zone);
  if (!wall || !zone) {
    throw invalidField("start", text,
                       "an instant (\"2026-01-06T14:00:00Z\"), or a wall time "
                       "(\"2026-01-06T09:00\") together with time_zone");
  }
  return Zone::get(*zone).toInstant(*wall);
}

std::optional<std::string> shown(const std::optional<Instant>& instant) {
  if (!instant) return std::nullopt;
  return formatInstant(*instant);
}

}  // namespace

std::string bookingSchema() {
  return bodySchema(bookingProperties());
}

std::string orderSchema() {
  return bodySchema(R"("id":{"type":"string","minLength":1,"maxLength":64},)" +
                    bookingProperties());
}

std::string holdSchema() {
  return bodySchema(std::string{kWishProperties} + std::string{kServiceProperties});
}

std::string rescheduleSchema() {
  return bodySchema(std::string{kWishProperties} + R"(,"reason":{"type":"string","maxLength":500})",
                    R"("start")");
}

std::string_view appointmentSchema() {
  return R"({"type":"object","properties":{"id":{"type":"string"},"service":{"type":"string"},)"
         R"("resource":{"type":"string"},"location":{"type":["string","null"]},"lead_id":{"type":["string","null"]},)"
         R"("start":{"type":"string"},"end":{"type":"string"},"local_start":{"type":"string"},)"
         R"("offset":{"type":"string"},"time_zone":{"type":"string"},"tzdata_version":{"type":"string"},)"
         R"("status":{"enum":["held","pending","confirmed","checked_in","completed","no_show","cancelled","declined","expired"]},)"
         R"("hold_expires_at":{"type":["string","null"]},"source":{"type":"string"},"notes":{"type":"string"},)"
         R"("answers":{"type":"object"},"price":{"type":["object","null"]},)"
         R"("cancel":{"type":["object","null"]},"ics_sequence":{"type":"integer"},)"
         R"("reschedule_count":{"type":"integer"},"hold_extended":{"type":"boolean"},)"
         R"("previous":{"type":"array","items":{"type":"object"}},"version":{"type":"integer"},)"
         R"("created_at":{"type":"string"},"updated_at":{"type":"string"}}})";
}

std::string_view historySchema() {
  return R"({"type":"object","properties":{"items":{"type":"array","items":{"type":"object","properties":{)"
         R"("version":{"type":"integer"},"action":{"type":"string"},"from":{"type":["string","null"]},)"
         R"("to":{"type":"string"},"start":{"type":"string"},"end":{"type":"string"},)"
         R"("resource":{"type":"string"},"actor":{"type":"string"},"request_id":{"type":"string"},)"
         R"("reason":{"type":"string"},"by":{"type":["string","null"]},)"
         R"("changes":{"type":"object"},"at":{"type":"string"}}}}}})";
}

Wish wishFrom(const nlohmann::json& body) {
  Wish wish;
  take(body, "service", wish.service);
  take(body, "resource", wish.resource);
  take(body, "location", wish.location);
  take(body, "duration", wish.duration_min);
  wish.start = startFrom(body);
  return wish;
}

std::string_view answersSchema() {
  return R"({"type":"object","maxProperties":50,"additionalProperties":)"
         R"({"type":["string","number","boolean"],"maxLength":2000}})";
}

void checkAnswers(const nlohmann::json& questions, const nlohmann::json& answers) {
  std::size_t asked = 0;
  for (const auto& question : questions) {
    const auto id = question.at("id").get<std::string>();
    const auto answer = answers.find(id);
    if (answer == answers.end()) {
      if (question.value("required", false)) {
        throw invalidField("answers." + id, "",
                           "given: " + question.at("label").get<std::string>());
      }
      continue;
    }
    ++asked;
    if (!isAnswerTo(question, *answer)) {
      throw invalidField("answers." + id, answer->dump(), acceptedFor(question));
    }
  }
  for (const auto& [id, answer] : answers.items()) {
    if (asked == answers.size()) return;
    const auto fits = [&](const nlohmann::json& question) { return question.at("id") == id; };
    if (std::none_of(questions.begin(), questions.end(), fits)) {
      throw invalidField("answers." + id, answer.dump(), "left out: the service does not ask it");
    }
  }
}

void write(JsonWriter& out, const Appointment& one) {
  out.beginObject();
  out.member("id", one.id);
  out.member("service", one.service);
  out.member("resource", one.resource);
  out.member("location", one.location);
  out.member("lead_id", one.lead);
  writeVisit(out, one.visit, Zone::get(one.time_zone));
  out.member("tzdata_version", one.tzdata_version);
  out.member("status", nameOf(one.status));
  out.member("hold_expires_at", shown(one.hold_expires_at));
  out.member("source", one.source);
  out.member("notes", one.notes);
  out.member("answers", bulkhead::RawJson{one.answers.text});
  out.key("price");
  writeValue(out, one.price);
  out.key("cancel");
  if (one.cancelled_by) {
    out.object("by", one.cancelled_by, "reason", one.cancel_reason, "at", shown(one.ended_at));
  } else {
    out.value(nullptr);
  }
  out.member("ics_sequence", one.ics_sequence);
  out.member("reschedule_count", one.reschedule_count);
  out.member("hold_extended", one.hold_extended);
  out.member("previous", bulkhead::RawJson{one.previous});
  out.member("version", one.version);
  out.member("created_at", formatInstant(one.created_at));
  out.member("updated_at", formatInstant(one.updated_at));
  out.endObject();
}

void write(JsonWriter& out, const HistoryEntry& entry) {
  std::optional<std::string_view> from;
  if (entry.from) from = nameOf(*entry.from);
  out.object("version", entry.version, "action", entry.action, "from", from, "to", nameOf(entry.to),
             "start", formatInstant(entry.visit.begin), "end", formatInstant(entry.visit.end),
             "resource", entry.resource, "actor", entry.actor, "request_id", entry.request_id,
             "reason", entry.reason, "by", entry.acted_by, "changes",
             bulkhead::RawJson{entry.changes}, "at", formatInstant(entry.at));
}

}  // namespace booking
