#include "message_routes.hpp"

#include <string>
#include <string_view>

#include <bulkhead/json_fields.hpp>
#include <bulkhead/recovery.hpp>

#include "message_json.hpp"

namespace twilio {
namespace {

using bulkhead::Recovery;
using bulkhead::Request;
using bulkhead::RequiredSettings;
using bulkhead::Response;

constexpr std::string_view kNewMessage =
    R"({"type":"object","required":["to","text"],"additionalProperties":false,"properties":{
        "to":{"type":"string","maxLength":16,"pattern":"^\\+[1-9][0-9]{1,14}$","description":"E.164"},
        "text":{"type":"string","minLength":1,"maxLength":1600},
        "sender":{"type":"string","minLength":1,"maxLength":64,"description":"a number or messaging service of the account"},
        "reference":{"type":"string","minLength":1,"maxLength":255,"description":"the tenant's own id of it; it is sent once"},
        "media_urls":{"type":"array","maxItems":10,"items":{"type":"string","minLength":1,"maxLength":2048}}}})";
constexpr std::string_view kNewMessageExample =
    R"({"to":"+15005550006","text":"See you on Monday at ten.","reference":"bk_42"})";
constexpr std::string_view kMessage =
    R"({"type":"object","required":["id","status","reference"],"properties":{
        "id":{"type":"string","description":"Twilio's SID"},
        "status":{"enum":["queued","sent","delivered","undelivered","failed"]},
        "error_code":{"type":"string"},"segments":{"type":"integer"},"reference":{"type":"string"}}})";

Response send(const MessageDesk& desk, const Request& request, Recovery& recovery) {
  Draft draft = draftFrom(request.body());
  if (draft.reference.empty()) draft.reference = "key-" + recovery.token("sent");
  return Response::jsonText(201, recovery.call("sent", [&] {
    return messageWithReferenceJson(desk.send(request.context(), request.tenant(), draft));
  }));
}

void provideCalls(bulkhead::Registrar& host, const MessageDesk& desk,
                  const RequiredSettings& required) {
  constexpr std::string_view kMessaging = "messaging/1";
  host.provide(kMessaging, "send_message", [&](const Request& call) {
    required.require();
    return messageJson(desk.send(call.context(), call.tenant(), draftFrom(call.body())));
  });
  host.provide(kMessaging, "get_message", [&](const Request& call) {
    required.require();
    const std::string sid = bulkhead::textIn(nlohmann::json::parse(call.body()), "id");
    return messageJson(desk.look(call.context(), call.tenant(), sid));
  });
}

}  // namespace

void addMessageRoutes(bulkhead::Registrar& host, const MessageDesk& desk,
                      const RequiredSettings& required) {
  provideCalls(host, desk, required);
  host.route({.method = "POST",
              .path = "/messages",
              .scope = "twilio:write",
              .summary = "Sends a text message, once for its reference and its key",
              .request = kNewMessage,
              .response = kMessage,
              .success = 201,
              .errors = {"OPTED_OUT", "NUMBER_NOT_ACCEPTED", "SENDER_NOT_ACCEPTED",
                         "PROVIDER_UNREACHABLE", "PROVIDER_AMBIGUOUS", "PROVIDER_RATE_LIMITED",
                         "PROVIDER_KEY_REFUSED", "PROVIDER_REFUSED", "NOT_CONFIGURED"},
              .example = kNewMessageExample,
              .idempotency = bulkhead::Idempotency::Required,
              .recovery_points = {"sent"},
              .sanitize = false},
             [&](const Request& request, Recovery& recovery) {
               required.require();
               return send(desk, request, recovery);
             });
  host.route({.method = "GET",
              .path = "/messages/{id}",
              .scope = "twilio:read",
              .summary = "Tells what became of a message, as Twilio has it now",
              .response = kMessage,
              .errors = {"MESSAGE_NOT_FOUND", "PROVIDER_UNREACHABLE", "PROVIDER_RATE_LIMITED",
                         "PROVIDER_KEY_REFUSED", "PROVIDER_FAILED", "NOT_CONFIGURED"}},
             [&](const Request& request) {
               required.require();
               return Response::jsonText(
                   200, messageWithReferenceJson(
                            desk.look(request.context(), request.tenant(), request.param("id"))));
             });
}

}  // namespace twilio
