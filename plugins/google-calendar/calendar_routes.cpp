#include "calendar_routes.hpp"

#include <utility>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/recovery.hpp>

#include "calendar_json.hpp"
#include "connection.hpp"

namespace google_calendar {
namespace {

using bulkhead::Error;
using bulkhead::Recovery;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::textIn;
using Json = nlohmann::json;

constexpr std::string_view kBusyQuestion =
    R"({"type":"object","required":["calendars","from","to"],"additionalProperties":false,"properties":{
        "calendars":{"type":"array","minItems":1,"maxItems":50,"items":{"type":"string","minLength":1,"maxLength":255}},
        "from":{"type":"string","maxLength":40,"format":"date-time"},
        "to":{"type":"string","maxLength":40,"format":"date-time"}}})";
constexpr std::string_view kBusyExample =
    R"({"calendars":["primary"],"from":"2026-01-05T00:00:00Z","to":"2026-01-06T00:00:00Z"})";
constexpr std::string_view kBusyAnswer =
    R"({"type":"object","required":["busy"],"properties":{"busy":{"type":"array","items":{"type":"object",
        "required":["calendar","start","end"],"properties":{"calendar":{"type":"string"},
        "start":{"type":"string"},"end":{"type":"string"}}}}}})";
constexpr std::string_view kNewChannel =
    R"({"type":"object","required":["calendar"],"additionalProperties":false,"properties":{
        "calendar":{"type":"string","minLength":1,"maxLength":255}}})";
constexpr std::string_view kNewChannelExample = R"({"calendar":"primary"})";
constexpr std::string_view kChannel =
    R"({"type":"object","required":["id","calendar"],"properties":{"id":{"type":"string"},
        "calendar":{"type":"string"},"expires_ms":{"type":"integer","description":"it is not renewed"}}})";

Error noConnection() {
  return Error::notFound("CONNECTION_NOT_FOUND", "There is no such connection.");
}

}  // namespace

CalendarRoutes::CalendarRoutes(bulkhead::Registrar& host,
                               const bulkhead::RequiredSettings& required, std::string tenant,
                               const GoogleCalendarClient& client, const Channels& channels)
    : required_{required}, tenant_{std::move(tenant)}, client_{client}, channels_{channels} {
  addRoutes(host);
  provideCalls(host);
}

void CalendarRoutes::addRoutes(bulkhead::Registrar& host) {
  host.route({.method = "POST",
              .path = "/busy",
              .scope = "google-calendar:read",
              .summary = "Tells when somebody is busy",
              .request = kBusyQuestion,
              .response = kBusyAnswer,
              .errors = {"CONNECTION_NOT_FOUND", "CALENDAR_NOT_FOUND", "PROVIDER_UNREACHABLE",
                         "PROVIDER_AMBIGUOUS", "PROVIDER_RATE_LIMITED", "PROVIDER_KEY_REFUSED",
                         "PROVIDER_FAILED", "PROVIDER_ANSWER_INVALID", "NOT_CONFIGURED"},
              .example = kBusyExample},
             [this](const Request& request) {
               requireTenant(request);
               return Response::jsonText(200, busy(request));
             });
  host.route({.method = "POST",
              .path = "/channels",
              .scope = "google-calendar:write",
              .summary = "Lets Google tell for a week when a calendar changes",
              .request = kNewChannel,
              .response = kChannel,
              .success = 201,
              .errors = {"CONNECTION_NOT_FOUND", "CALENDAR_NOT_FOUND", "PROVIDER_UNREACHABLE",
                         "PROVIDER_AMBIGUOUS", "PROVIDER_RATE_LIMITED", "PROVIDER_KEY_REFUSED",
                         "PROVIDER_FAILED", "PROVIDER_REFUSED", "NOT_CONFIGURED"},
              .example = kNewChannelExample,
              .idempotency = bulkhead::Idempotency::Required,
              .recovery_points = {"named", "opened"}},
             [this](const Request& request, Recovery& recovery) {
               requireTenant(request);
               const std::string calendar = textIn(Json::parse(request.body()), "calendar");
               return Response::jsonText(
                   201, channels_.open({request.context(), request.tenant()}, calendar, recovery));
             });
}

void CalendarRoutes::provideCalls(bulkhead::Registrar& host) {
  const auto answer = [this, &host](std::string_view call, auto handler) {
    host.provide("calendar/1", call, [this, handler](const Request& request) {
      requireTenant(request);
      const Json document = Json::parse(request.body());
      if (textIn(document, "connection") != kConnection) throw noConnection();
      return handler(request, document);
    });
  };
  answer("list_calendars", [this](const Request& call, const Json&) {
    return calendarsJson(client_.calendars(call.context()));
  });
  answer("list_busy", [this](const Request& call, const Json&) { return busy(call); });
  answer("read_changes", [this](const Request& call, const Json& body) {
    return changesJson(client_.changes(call.context(), textIn(body, "calendar"),
                                       textIn(body, "cursor"),
                                       {textIn(body, "from"), textIn(body, "to")}));
  });
  answer("put_event", [this](const Request& call, const Json& body) {
    return eventJson(client_.put(call.context(), textIn(body, "calendar"), draftFrom(body)));
  });
  answer("delete_event", [this](const Request& call, const Json& body) {
    client_.remove(call.context(), textIn(body, "calendar"), textIn(body, "id"));
    return std::string{"{}"};
  });
}

std::string CalendarRoutes::busy(const Request& request) const {
  const Json document = Json::parse(request.body());
  return busyJson(client_.busy(request.context(),
                               {textIn(document, "from"), textIn(document, "to")},
                               document.at("calendars").get<std::vector<std::string>>()));
}

void CalendarRoutes::requireTenant(const Request& request) const {
  required_.require();
  if (request.tenant() != tenant_) throw noConnection();
}

}  // namespace google_calendar
