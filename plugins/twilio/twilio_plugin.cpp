#include <nlohmann/json.hpp>

#include <bulkhead/form.hpp>
#include <bulkhead/plugin.hpp>
#include <bulkhead/provider_health.hpp>

#include "message_desk.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "webhook_routes.hpp"

namespace twilio {
namespace {

using bulkhead::Context;
using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;
using Json = nlohmann::json;

constexpr std::string_view kStatusPath = "/api/twilio/v1/webhooks/status";

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

std::string optionalText(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? std::string{} : found->get<std::string>();
}

Draft draftOf(std::string_view body) {
  const Json document = Json::parse(body);
  Draft draft{.to = document.at("to"),
              .text = document.at("text"),
              .sender = optionalText(document, "sender"),
              .reference = optionalText(document, "reference")};
  if (const auto media = document.find("media_urls"); media != document.end())
    draft.media_urls = media->get<std::vector<std::string>>();
  return draft;
}

/// By the contract messaging/1; with `reference` by that of this plugin's own routes.
std::string answerOf(const KeptMessage& kept, bool with_reference) {
  const Message& message = kept.at_twilio.value();
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("id", message.sid);
    out.member("status", nameOf(message.progress));
    if (message.error_code) out.member("error_code", *message.error_code);
    if (message.segments) out.member("segments", *message.segments);
    if (with_reference) out.member("reference", kept.draft.reference);
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

Account accountOf(const Settings& settings) {
  const bool has_key = !settings.api_key_sid.empty();
  return {withoutSlash(settings.base_url), settings.account_sid,
          has_key ? settings.api_key_sid : settings.account_sid,
          has_key ? settings.api_key_secret : settings.auth_token};
}

MessageDesk::Options deskOptions(const Settings& settings) {
  const std::string base = withoutSlash(settings.public_base_url);
  return {settings.sender, base.empty() ? base : base + std::string{kStatusPath},
          settings.settle_time};
}

WebhookRoutes::Options webhookOptions(const Settings& settings) {
  return {settings.account_sid, settings.auth_token, withoutSlash(settings.public_base_url),
          settings.tenant};
}

}  // namespace

/// Twilio's door into this business: messages go out once, and their news come in verified.
class TwilioPlugin final : public bulkhead::Plugin {
 public:
  explicit TwilioPlugin(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        host_{host.host()},
        client_{host_, accountOf(settings_)},
        events_{host.events("messaging/1")},
        desk_{host_, client_, deskOptions(settings_),
              [this](bulkhead::Transaction& transaction, const KeptMessage& message) {
                publish(transaction, message);
              }},
        webhooks_{host, webhookOptions(settings_), desk_},
        api_{host_, [this](const Context& context) { client_.check(context); }} {
    if (settings_.api_key_sid.empty() != settings_.api_key_secret.empty())
      throw Error::configuration("CONFIGURATION_ERROR",
                                 "api_key_sid and api_key_secret are set together or not at all.");
    registerRoutes(host);
    host.provide("messaging/1", "send_message",
                 [this](const Request& call) { return sendFor(call); });
    host.provide("messaging/1", "get_message",
                 [this](const Request& call) { return lookFor(call); });
    host.health(
        "api", [this](const Context& context) { return api_.look(context, missing()); },
        bulkhead::ProviderHealth::kSchedule);
  }

 private:
  void registerRoutes(bulkhead::Registrar& host) {
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
               [this](const Request& request, bulkhead::Recovery& recovery) {
                 return send(request, recovery);
               });
    host.route({.method = "GET",
                .path = "/messages/{id}",
                .scope = "twilio:read",
                .summary = "Tells what became of a message, as Twilio has it now",
                .response = kMessage,
                .errors = {"MESSAGE_NOT_FOUND", "PROVIDER_UNREACHABLE", "PROVIDER_RATE_LIMITED",
                           "PROVIDER_KEY_REFUSED", "PROVIDER_FAILED", "NOT_CONFIGURED"}},
               [this](const Request& request) {
                 requireConfigured();
                 const auto message =
                     desk_.look(request.context(), request.tenant(), request.param("id"));
                 return answered(200, answerOf(message, true));
               });
  }

  Response send(const Request& request, bulkhead::Recovery& recovery) {
    requireConfigured();
    Draft draft = draftOf(request.body());
    if (draft.reference.empty()) draft.reference = "key-" + recovery.token("sent");
    return answered(201, recovery.call("sent", [&] {
      return answerOf(desk_.send(request.context(), request.tenant(), draft), true);
    }));
  }

  std::string sendFor(const Request& call) {
    requireConfigured();
    return answerOf(desk_.send(call.context(), call.tenant(), draftOf(call.body())), false);
  }

  std::string lookFor(const Request& call) {
    requireConfigured();
    const std::string sid = Json::parse(call.body()).at("id");
    return answerOf(desk_.look(call.context(), call.tenant(), sid), false);
  }

  void publish(bulkhead::Transaction& transaction, const KeptMessage& message) const {
    const std::string& sid = message.at_twilio.value().sid;
    const std::string key = sid + ":" + std::string{nameOf(message.at_twilio.value().progress)};
    events_.publish(transaction, "message_updated", answerOf(message, true),
                    {.tenant = message.tenant, .subject = sid, .key = key});
  }

  std::string missing() const {
    std::string names;
    if (settings_.account_sid.empty()) names = "account_sid";
    if (settings_.auth_token.empty()) names += names.empty() ? "auth_token" : " and auth_token";
    return names;
  }

  void requireConfigured() const {
    if (const std::string names = missing(); !names.empty())
      throw Error::configuration("NOT_CONFIGURED",
                                 "Set " + names + " in conf/plugins.d/twilio.properties.");
  }

  const Settings settings_;
  const bulkhead::Host host_;
  const TwilioClient client_;
  const bulkhead::EventSource events_;
  const MessageDesk desk_;
  const WebhookRoutes webhooks_;
  bulkhead::ProviderHealth api_;
};

}  // namespace twilio

BULKHEAD_PLUGIN(twilio::TwilioPlugin)
