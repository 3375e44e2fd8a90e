#include "appointment_routes.hpp"

#include <string>
#include <utility>
#include <vector>

#include "appointment_json.hpp"
#include "appointment_store.hpp"
#include "body.hpp"
#include "exchange.hpp"
#include "lead_store.hpp"
#include "listing.hpp"
#include "record_json.hpp"
#include "service_store.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;
using nlohmann::json;

constexpr std::string_view kBookingExample =
    R"({"service":"haircut","start":"2026-01-06T14:00:00Z","lead":{"phone":"+12025550123"}})";
constexpr std::string_view kRescheduleExample = R"({"start":"2026-01-07T14:00:00Z"})";
constexpr std::string_view kReasonExample = R"({"by":"customer","reason":"ill"})";
constexpr std::string_view kActionRequest =
    R"({"type":"object","additionalProperties":false,"properties":{"by":{"enum":["customer","business"]},)"
    R"("reason":{"type":"string","maxLength":500}}})";
constexpr std::string_view kReassignRequest =
    R"({"type":"object","additionalProperties":false,"properties":{)"
    R"("resource":{"type":"string","maxLength":64},"reason":{"type":"string","maxLength":500}}})";
const std::string kPatchRequest =
    R"({"type":"object","additionalProperties":false,"minProperties":1,"properties":{)"
    R"("notes":{"type":"string","maxLength":4000},"lead_id":{"type":"string","maxLength":64},)"
    R"("answers":)" +
    std::string{answersSchema()} + "}}";
constexpr std::string_view kFilters =
    R"("from":{"type":"string","maxLength":40},"to":{"type":"string","maxLength":40},)"
    R"("status":{"type":"string","enum":["held","pending","confirmed","checked_in","completed","no_show","cancelled","declined","expired"]},)"
    R"("resource":{"type":"string","maxLength":64},"lead":{"type":"string","maxLength":64},)"
    R"("service":{"type":"string","maxLength":64})";

Response answer(int status, const Appointment& one) {
  return versioned(status, one.version, [&](JsonWriter& out) { write(out, one); });
}

Appointment get(ReadTransaction& read, const Request& request) {
  auto found = AppointmentStore::find(read, request.tenant(), request.param("id"));
  if (!found) throw notFound("appointment", request.param("id"));
  return std::move(*found);
}

Appointment getMatching(ReadTransaction& read, const Request& request) {
  Appointment one = get(read, request);
  requireMatch(request, one.version, [&](JsonWriter& out) { write(out, one); });
  return one;
}

const std::vector<Sort<Appointment>>& sorts() {
  static const std::vector<Sort<Appointment>> kSorts{
      {"start", "a.start_utc", false,
       [](const Appointment& one) { return std::to_string(epochSeconds(one.visit.begin)); }},
      {"created_at", "a.created_at", false,
       [](const Appointment& one) { return std::to_string(epochSeconds(one.created_at)); }},
      {"updated_at", "a.updated_at", false,
       [](const Appointment& one) { return std::to_string(epochSeconds(one.updated_at)); }}};
  return kSorts;
}

}  // namespace

AppointmentRoutes::AppointmentRoutes(bulkhead::Registrar& host, AppointmentDesk& desk,
                                     const BookingOrders& orders, Signatures& signatures)
    : host_{host.host()}, desk_{desk}, orders_{orders}, signatures_{signatures} {
  registerMaking(host);
  registerReading(host);
  registerActions(host);
}

void AppointmentRoutes::registerMaking(bulkhead::Registrar& host) {
  host.route(
      {.method = "POST",
       .path = "/appointments",
       .scope = "booking:write",
       .summary = "Books a visit",
       .request = bookingSchema(),
       .response = appointmentSchema(),
       .success = 201,
       .errors = {"SLOT_TAKEN", "OUTSIDE_AVAILABILITY", "DAILY_LIMIT", "NOTICE_TOO_SHORT",
                  "BEYOND_HORIZON", "SLOT_TOKEN_INVALID", "SLOT_TOKEN_EXPIRED", "HOLD_EXPIRED",
                  "ILLEGAL_TRANSITION", "NOT_FOUND", "DUPLICATE", "INVALID_TIME_ZONE"},
       .example = kBookingExample,
       .idempotency = bulkhead::Idempotency::Required},
      [this](const Request& request, Transaction& write) { return book(request, write); });
  host.route({.method = "PUT",
              .path = "/appointments/{id}",
              .scope = "booking:write",
              .summary = "Books a visit under the client's id; a repeat shows what was booked",
              .request = bookingSchema(),
              .response = appointmentSchema(),
              .success = 201,
              .errors = {"SLOT_TAKEN", "OUTSIDE_AVAILABILITY", "DAILY_LIMIT", "NOTICE_TOO_SHORT",
                         "BEYOND_HORIZON", "SLOT_TOKEN_INVALID", "SLOT_TOKEN_EXPIRED", "NOT_FOUND",
                         "DUPLICATE", "INVALID_TIME_ZONE"},
              .example = kBookingExample},
             [this](const Request& request, Transaction& write) { return put(request, write); });
}

void AppointmentRoutes::registerReading(bulkhead::Registrar& host) {
  host.route({.method = "GET",
              .path = "/appointments",
              .scope = "booking:read",
              .summary = "Lists appointments, by start unless sort says else",
              .query = listQuery(sorts(), kFilters),
              .response = pageSchema(appointmentSchema()),
              .errors = {"CURSOR_INVALID"}},
             [this](const Request& request, ReadTransaction& read) { return list(request, read); });
  host.route({.method = "GET",
              .path = "/appointments/{id}",
              .scope = "booking:read",
              .summary = "Shows an appointment",
              .response = appointmentSchema(),
              .errors = {"NOT_FOUND"}},
             [](const Request& request, ReadTransaction& read) {
               return answer(200, get(read, request));
             });
  host.route({.method = "GET",
              .path = "/appointments/{id}/history",
              .scope = "booking:read",
              .summary = "Shows every version of an appointment",
              .response = historySchema(),
              .errors = {"NOT_FOUND"}},
             [](const Request& request, ReadTransaction& read) {
               const Appointment one = get(read, request);
               const auto entries = AppointmentStore::history(read, request.tenant(), one.id);
               return Response::json([&](JsonWriter& out) {
                 out.beginObject();
                 out.key("items");
                 out.array(entries,
                           [](JsonWriter& line, const HistoryEntry& entry) { write(line, entry); });
                 out.endObject();
               });
             });
}

void AppointmentRoutes::registerActions(bulkhead::Registrar& host) {
  host.route({.method = "PATCH",
              .path = "/appointments/{id}",
              .scope = "booking:write",
              .summary = "Changes what an appointment says, never its time",
              .request = kPatchRequest,
              .response = appointmentSchema(),
              .errors = {"NOT_FOUND", "VERSION_CONFLICT"},
              .example = R"({"notes":"By the window"})",
              .if_match = true},
             [this](const Request& request, Transaction& write) { return patch(request, write); });
  host.route(
      {.method = "POST",
       .path = "/appointments/{id}/reschedule",
       .scope = "booking:write",
       .summary = "Moves an appointment",
       .request = rescheduleSchema(),
       .response = appointmentSchema(),
       .errors = {"NOT_FOUND", "VERSION_CONFLICT", "ILLEGAL_TRANSITION", "SLOT_TAKEN",
                  "OUTSIDE_AVAILABILITY", "DAILY_LIMIT", "NOTICE_TOO_SHORT", "BEYOND_HORIZON",
                  "INVALID_TIME_ZONE"},
       .example = kRescheduleExample,
       .idempotency = bulkhead::Idempotency::Required,
       .if_match = true},
      [this](const Request& request, Transaction& write) { return reschedule(request, write); });
  host.route(
      {.method = "POST",
       .path = "/appointments/{id}/reassign",
       .scope = "booking:write",
       .summary = "Gives a visit to another resource at the same time",
       .request = kReassignRequest,
       .optional_body = true,
       .response = appointmentSchema(),
       .errors = {"NOT_FOUND", "VERSION_CONFLICT", "ILLEGAL_TRANSITION", "SLOT_TAKEN",
                  "OUTSIDE_AVAILABILITY"},
       .example = R"({"resource":"ben","reason":"Anna is ill"})",
       .idempotency = bulkhead::Idempotency::Required,
       .if_match = true},
      [this](const Request& request, Transaction& write) { return reassign(request, write); });
  for (const Action action : {Action::Confirm, Action::Decline, Action::Cancel, Action::CheckIn,
                              Action::Complete, Action::NoShow, Action::UndoNoShow}) {
    const std::string name{nameOf(action)};
    host.route({.method = "POST",
                .path = "/appointments/{id}/" + name,
                .scope = "booking:write",
                .summary = "Takes the action " + name,
                .request = kActionRequest,
                .optional_body = true,
                .response = appointmentSchema(),
                .errors = {"NOT_FOUND", "VERSION_CONFLICT", "ILLEGAL_TRANSITION",
                           "CANCEL_WINDOW_PASSED", "SLOT_TAKEN"},
                .example = kReasonExample,
                .idempotency = bulkhead::Idempotency::Required,
                .if_match = true},
               [this, action](const Request& request, Transaction& write) {
                 return act(request, write, action);
               });
  }
}

Response AppointmentRoutes::book(const Request& request, Transaction& write) const {
  return answer(201, orders_.book(write, callerOf(request, host_), bodyOf(request)));
}

/// The same body again is answered with what became of it.
Response AppointmentRoutes::put(const Request& request, Transaction& write) const {
  const Caller caller = callerOf(request, host_);
  json body = bodyOf(request);
  body["id"] = clientMadeId(request.param("id"));
  if (const auto made = orders_.findMade(write, caller, body)) return answer(200, *made);
  return answer(201, orders_.book(write, caller, body));
}

Response AppointmentRoutes::list(const Request& request, ReadTransaction& read) const {
  const Listing<Appointment> listing{request, read, signatures_, sorts(), "a.id"};
  AppointmentStore::Filter filter;
  if (const auto from = queryInstant(request, "from")) filter.starts.begin = fromEpoch(*from);
  if (const auto to = queryInstant(request, "to")) filter.starts.end = fromEpoch(*to);
  filter.updated_since = fromEpoch(queryInstant(request, "updated_since").value_or(0));
  filter.status = request.query("status");
  filter.resource = request.query("resource");
  filter.lead = request.query("lead");
  filter.service = request.query("service");
  return listing.page(AppointmentStore::list(read, request.tenant(), filter, listing.order()),
                      [](JsonWriter& out, const Appointment& one) { write(out, one); });
}

Response AppointmentRoutes::patch(const Request& request, Transaction& write) const {
  const Appointment before = getMatching(write, request);
  const json body = bodyOf(request);
  Appointment changed = before;
  take(body, "notes", changed.notes);
  take(body, "lead_id", changed.lead);
  if (body.contains("answers")) {
    take(body, "answers", changed.answers);
    const auto service = ServiceStore::find(write, request.tenant(), before.service);
    if (!service) throw notFound("service", before.service);
    checkAnswers(json::parse(service->questions.text), body.at("answers"));
  }
  if (changed.lead != before.lead && !LeadStore::find(write, request.tenant(), *changed.lead)) {
    throw notFound("lead", *changed.lead);
  }
  return answer(200, desk_.amend(write, callerOf(request, host_), before, std::move(changed)));
}

Response AppointmentRoutes::reschedule(const Request& request, Transaction& write) const {
  Appointment one = getMatching(write, request);
  const json body = bodyOf(request);
  Wish wish = wishFrom(body);
  wish.service = one.service;
  if (!wish.resource) wish.resource = one.resource;
  wish.kept_duration = one.visit.end - one.visit.begin;
  std::string reason;
  take(body, "reason", reason);
  return answer(200,
                desk_.reschedule(write, callerOf(request, host_), std::move(one), wish, reason));
}

Response AppointmentRoutes::reassign(const Request& request, Transaction& write) const {
  Appointment one = getMatching(write, request);
  const json body = bodyOf(request);
  std::optional<std::string> resource;
  std::string reason;
  take(body, "resource", resource);
  take(body, "reason", reason);
  return answer(200,
                desk_.reassign(write, callerOf(request, host_), std::move(one), resource, reason));
}

Response AppointmentRoutes::act(const Request& request, Transaction& write, Action action) const {
  Appointment one = getMatching(write, request);
  const json body = bodyOf(request);
  AppointmentDesk::Reason reason;
  take(body, "by", reason.by);
  take(body, "reason", reason.text);
  return answer(200, desk_.act(write, callerOf(request, host_), std::move(one), action, reason));
}

}  // namespace booking
