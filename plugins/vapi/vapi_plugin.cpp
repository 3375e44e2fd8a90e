#include <nlohmann/json.hpp>

#include <bulkhead/plugin.hpp>
#include <bulkhead/provider_health.hpp>

#include "call_desk.hpp"
#include "server_answer.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "webhook_routes.hpp"

namespace vapi {
namespace {

using bulkhead::Context;
using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;
using Json = nlohmann::json;

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

std::string optionalText(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? std::string{} : found->get<std::string>();
}

Draft::Pairs pairsOf(const Json& object, const char* name) {
  Draft::Pairs pairs;
  const auto found = object.find(name);
  if (found == object.end()) return pairs;
  for (const auto& [key, value] : found->items()) pairs.emplace_back(key, value.get<std::string>());
  return pairs;
}

Draft draftOf(std::string_view body) {
  const Json document = Json::parse(body);
  return {.to = document.at("to"),
          .reference = optionalText(document, "reference"),
          .assistant = optionalText(document, "assistant"),
          .first_message = optionalText(document, "first_message"),
          .variables = pairsOf(document, "variables"),
          .metadata = pairsOf(document, "metadata")};
}

/// By the contract voice/1.
std::string answerOf(const Call& call) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("id", call.id);
    out.member("status", nameOf(call.state));
    const auto text = [&](std::string_view name, const std::string& value) {
      if (!value.empty()) out.member(name, value);
    };
    text("ended_reason", call.ended_reason);
    text("started_at", call.started_at);
    text("ended_at", call.ended_at);
    text("transcript", call.transcript);
    text("recording_url", call.recording_url);
    if (call.cost) out.member("cost", *call.cost);
    out.endObject();
  });
}

Response answered(int status, std::string_view json) {
  return Response::json(status, [&](JsonWriter& out) { out.value(bulkhead::RawJson{json}); });
}

std::string withoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

WebhookGuard guardOf(const Settings& settings) {
  std::vector<std::string> secrets;
  for (const auto& secret : {settings.webhook_secret, settings.webhook_secret_previous}) {
    if (!secret.empty()) secrets.push_back(secret);
  }
  return {settings.webhook_authentication == "standard-webhooks", std::move(secrets)};
}

}  // namespace

/// Vapi's door into this business: calls are placed once, and their news come in verified.
class VapiPlugin final : public bulkhead::Plugin {
 public:
  explicit VapiPlugin(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        host_{host.host()},
        client_{host_,
                {withoutSlash(settings_.base_url), settings_.api_key, settings_.phone_number}},
        events_{host.events("voice/1")},
        desk_{host_,
              client_,
              {settings_.assistant, settings_.tenant, settings_.settle_time},
              [this](bulkhead::Transaction& transaction, const KeptCall& kept, const Call& call) {
                publish(transaction, kept, call);
              }},
        webhooks_{host, guardOf(settings_), !settings_.webhook_secret.empty(), desk_},
        api_{host_, [this](const Context& context) { client_.check(context); }} {
    registerRoutes(host);
    host.provide("voice/1", "start_call", [this](const Request& call) {
      requireConfigured();
      return answerOf(desk_.start(call.context(), call.tenant(), draftOf(call.body())));
    });
    host.provide("voice/1", "get_call", [this](const Request& call) {
      requireConfigured();
      return answerOf(desk_.look(call.context(), call.tenant(), idIn(call)));
    });
    host.provide("voice/1", "end_call", [this](const Request& call) {
      requireConfigured();
      return answerOf(desk_.end(call.context(), call.tenant(), idIn(call)));
    });
    host.health(
        "api", [this](const Context& context) { return api_.look(context, missing()); },
        bulkhead::ProviderHealth::kSchedule);
  }

 private:
  void registerRoutes(bulkhead::Registrar& host) {
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
               [this](const Request& request, bulkhead::Recovery& recovery) {
                 return place(request, recovery);
               });
    host.route({.method = "GET",
                .path = "/calls/{id}",
                .scope = "vapi:read",
                .summary = "Tells how a call stands, as Vapi has it now",
                .response = kCall,
                .errors = {"CALL_NOT_FOUND", "PROVIDER_UNREACHABLE", "PROVIDER_RATE_LIMITED",
                           "PROVIDER_KEY_REFUSED", "PROVIDER_FAILED", "NOT_CONFIGURED"}},
               [this](const Request& request) {
                 requireConfigured();
                 return answered(200, answerOf(desk_.look(request.context(), request.tenant(),
                                                          request.param("id"))));
               });
  }

  Response place(const Request& request, bulkhead::Recovery& recovery) {
    requireConfigured();
    Draft draft = draftOf(request.body());
    if (draft.reference.empty()) draft.reference = "key-" + recovery.token("placed");
    return answered(201, recovery.call("placed", [&] {
      Call call = desk_.start(request.context(), request.tenant(), draft);
      call.transcript.clear();  // of one that is over already; GET has it
      return answerOf(call);
    }));
  }

  static std::string idIn(const Request& call) { return Json::parse(call.body()).at("id"); }

  void publish(bulkhead::Transaction& transaction, const KeptCall& kept, const Call& call) const {
    const std::string key = call.id + ":" + std::string{nameOf(call.state)};
    events_.publish(transaction, "call_updated", updatedPayload(kept, call),
                    {.tenant = kept.tenant, .subject = call.id, .key = key});
  }

  std::string missing() const {
    std::string names;
    if (settings_.api_key.empty()) names = "api_key";
    if (settings_.phone_number.empty())
      names += names.empty() ? "phone_number" : " and phone_number";
    return names;
  }

  void requireConfigured() const {
    if (const std::string names = missing(); !names.empty())
      throw Error::configuration("NOT_CONFIGURED",
                                 "Set " + names + " in conf/plugins.d/vapi.properties.");
  }

  const Settings settings_;
  const bulkhead::Host host_;
  const VapiClient client_;
  const bulkhead::EventSource events_;
  const CallDesk desk_;
  const WebhookRoutes webhooks_;
  bulkhead::ProviderHealth api_;
};

}  // namespace vapi

BULKHEAD_PLUGIN(vapi::VapiPlugin)
