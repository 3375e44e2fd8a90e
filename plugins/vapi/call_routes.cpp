#include "call_routes.hpp"

#include <string>
#include <string_view>

#include <bulkhead/json_fields.hpp>
#include <bulkhead/recovery.hpp>

#include "call_json.hpp"

namespace vapi {
namespace {

using bulkhead::Recovery;
using bulkhead::Request;
using bulkhead::RequiredSettings;
using bulkhead::Response;

constexpr std::string_view kNewCall =
    R"({"type":"object","required":["to"],"additionalProperties":false,"properties":{
        "to":{"type":"string","maxLength":16,"pattern":"^\\+[1-9][0-9]{1,14}$","description":"E.164"},
        "reference":{"type":"string","minLength":1,"maxLength":255,"description":"the tenant's own id of it; it is placed once"},
        "assistant":{"type":"string","minLength":1,"maxLength":255},
        "first_message":{"type":"string","minLength":1,"maxLength":2000},
        "variables":{"type":"object","maxProperties":50,"additionalProperties":{"type":"string","maxLength":2000}},
        "metadata":{"type":"object","maxProperties":20,"additionalProperties":{"type":"string","maxLength":500}}}})";
constexpr std::string_view kNewCallExample =
    R"({"to":"+15005550006","reference":"bk_42","variables":{"name":"Zoë"}})";
constexpr std::string_view kCall =
    R"({"type":"object","required":["id","status"],"properties":{
        "id":{"type":"string","description":"Vapi's id"},
        "status":{"enum":["scheduled","queued","ringing","in_progress","forwarding","ended"]},
        "ended_reason":{"type":"string"},"started_at":{"type":"string"},"ended_at":{"type":"string"},
        "transcript":{"type":"string"},"recording_url":{"type":"string"},"cost":{"type":"number"}}})";

std::string idIn(const Request& call) {
  return bulkhead::textIn(nlohmann::json::parse(call.body()), "id");
}

Response place(const CallDesk& desk, const Request& request, Recovery& recovery) {
  Draft draft = draftFrom(request.body());
  if (draft.reference.empty()) draft.reference = "key-" + recovery.token("placed");
  return Response::jsonText(201, recovery.call("placed", [&] {
    Call call = desk.start(request.context(), request.tenant(), draft);
    call.transcript.clear();  // of one that is over already; GET has it
    return callJson(call);
  }));
}

void provideCalls(bulkhead::Registrar& host, const CallDesk& desk,
                  const RequiredSettings& required) {
  constexpr std::string_view kVoice = "voice/1";
  host.provide(kVoice, "start_call", [&](const Request& call) {
    required.require();
    return callJson(desk.start(call.context(), call.tenant(), draftFrom(call.body())));
  });
  host.provide(kVoice, "get_call", [&](const Request& call) {
    required.require();
    return callJson(desk.look(call.context(), call.tenant(), idIn(call)));
  });
  host.provide(kVoice, "end_call", [&](const Request& call) {
    required.require();
    return callJson(desk.end(call.context(), call.tenant(), idIn(call)));
  });
}

}  // namespace

void addCallRoutes(bulkhead::Registrar& host, const CallDesk& desk,
                   const RequiredSettings& required) {
  provideCalls(host, desk, required);
  host.route({.method = "POST",
              .path = "/calls",
              .scope = "vapi:write",
              .summary = "Rings somebody up, once for its reference and its key",
              .request = kNewCall,
              .response = kCall,
              .success = 201,
              .errors = {"NUMBER_NOT_ACCEPTED", "ASSISTANT_NOT_FOUND", "PROVIDER_UNREACHABLE",
                         "PROVIDER_AMBIGUOUS", "PROVIDER_RATE_LIMITED", "PROVIDER_KEY_REFUSED",
                         "PROVIDER_REFUSED", "NOT_CONFIGURED"},
              .example = kNewCallExample,
              .idempotency = bulkhead::Idempotency::Required,
              .recovery_points = {"placed"},
              .sanitize = false},
             [&](const Request& request, Recovery& recovery) {
               required.require();
               return place(desk, request, recovery);
             });
  host.route({.method = "GET",
              .path = "/calls/{id}",
              .scope = "vapi:read",
              .summary = "Tells how a call stands, as Vapi has it now",
              .response = kCall,
              .errors = {"CALL_NOT_FOUND", "PROVIDER_UNREACHABLE", "PROVIDER_RATE_LIMITED",
                         "PROVIDER_KEY_REFUSED", "PROVIDER_FAILED", "NOT_CONFIGURED"}},
             [&](const Request& request) {
               required.require();
               return Response::jsonText(
                   200,
                   callJson(desk.look(request.context(), request.tenant(), request.param("id"))));
             });
}

}  // namespace vapi
