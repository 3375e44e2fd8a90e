#include <nlohmann/json.hpp>

#include <bulkhead/plugin.hpp>
#include <bulkhead/provider_health.hpp>
#include <bulkhead/signing.hpp>

#include "calendar_json.hpp"
#include "channel_store.hpp"
#include "connection.hpp"
#include "google_calendar_client.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "webhook_routes.hpp"

namespace google_calendar {
namespace {

using bulkhead::Context;
using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;
using Json = nlohmann::json;

constexpr std::string_view kWebhookPath = "/api/google-calendar/v1/webhooks";

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

std::string optionalText(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? std::string{} : found->get<std::string>();
}

EventDraft draftOf(const Json& document) {
  EventDraft draft{.id = document.at("id"),
                   .summary = document.at("summary"),
                   .description = optionalText(document, "description"),
                   .location = optionalText(document, "location"),
                   .start = document.at("start"),
                   .end = document.at("end"),
                   .time_zone = document.at("time_zone"),
                   .attendees = {}};
  if (const auto attendees = document.find("attendees"); attendees != document.end()) {
    for (const auto& one : *attendees)
      draft.attendees.push_back({one.at("email"), optionalText(one, "name")});
  }
  return draft;
}

std::unique_ptr<ServiceAccount> accountOf(const std::string& key_file) {
  return key_file.empty() ? nullptr : std::make_unique<ServiceAccount>(key_file);
}

std::string withoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Response answered(int status, std::string_view json) {
  return Response::json(status, [&](JsonWriter& out) { out.value(bulkhead::RawJson{json}); });
}

}  // namespace

/// Google's calendars for this business: busy times are read, events are written once, and changes
/// come in verified.
class GoogleCalendarPlugin final : public bulkhead::Plugin {
 public:
  explicit GoogleCalendarPlugin(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        host_{host.host()},
        client_{host_,
                accountOf(settings_.service_account),
                {withoutSlash(settings_.base_url), settings_.token_url, settings_.token_audience,
                 settings_.subject}},
        api_{host_, [this](const Context& context) { client_.check(context); }},
        webhooks_{host} {
    registerRoutes(host);
    provide(host);
    host.health(
        "api", [this](const Context& context) { return api_.look(context, missing()); },
        bulkhead::ProviderHealth::kSchedule);
  }

 private:
  void registerRoutes(bulkhead::Registrar& host) {
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
                 return answered(200, busy(request));
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
               [this](const Request& request, bulkhead::Recovery& recovery) {
                 requireTenant(request);
                 return openChannel(request, recovery);
               });
  }

  void provide(bulkhead::Registrar& host) {
    const auto answer = [this, &host](std::string_view call, auto handler) {
      host.provide("calendar/1", call, [this, handler](const Request& request) {
        requireTenant(request);
        const Json document = Json::parse(request.body());
        if (document.at("connection") != kConnection) throw noConnection();
        return handler(request, document);
      });
    };
    answer("list_calendars", [this](const Request& call, const Json&) {
      return calendarsJson(client_.calendars(call.context()));
    });
    answer("list_busy", [this](const Request& call, const Json&) { return busy(call); });
    answer("read_changes", [this](const Request& call, const Json& body) {
      return changesJson(client_.changes(call.context(), body.at("calendar").get<std::string>(),
                                         optionalText(body, "cursor"),
                                         {optionalText(body, "from"), optionalText(body, "to")}));
    });
    answer("put_event", [this](const Request& call, const Json& body) {
      return eventJson(
          client_.put(call.context(), body.at("calendar").get<std::string>(), draftOf(body)));
    });
    answer("delete_event", [this](const Request& call, const Json& body) {
      client_.remove(call.context(), body.at("calendar").get<std::string>(),
                     body.at("id").get<std::string>());
      return std::string{"{}"};
    });
  }

  std::string busy(const Request& request) {
    const Json document = Json::parse(request.body());
    return busyJson(client_.busy(request.context(), {document.at("from"), document.at("to")},
                                 document.at("calendars").get<std::vector<std::string>>()));
  }

  Response openChannel(const Request& request, bulkhead::Recovery& recovery) {
    if (settings_.public_base_url.empty())
      throw Error::configuration(
          "NOT_CONFIGURED", "Set public_base_url in conf/plugins.d/google-calendar.properties.");
    const std::string calendar = Json::parse(request.body()).at("calendar");
    const Channel channel = named(request, calendar, recovery);
    return answered(201,
                    recovery.call("opened", [&] { return opened(request, calendar, channel); }));
  }

  /// The same id and secret in every attempt, so that Google opens one channel.
  Channel named(const Request& request, const std::string& calendar, bulkhead::Recovery& recovery) {
    const std::string id = host_.newId();
    const std::string token = bulkhead::toHex(host_.randomBytes(32));
    const std::string kept = recovery.commit("named", [&](bulkhead::Transaction& transaction) {
      insertChannel(transaction,
                    {id, std::string{request.tenant()}, calendar, bulkhead::sha256Hex(token),
                     std::nullopt, std::nullopt},
                    host_.now().time_since_epoch().count());
      return id + ":" + token;
    });
    const auto colon = kept.find(':');
    return {kept.substr(0, colon),
            withoutSlash(settings_.public_base_url) + std::string{kWebhookPath},
            kept.substr(colon + 1)};
  }

  std::string opened(const Request& request, const std::string& calendar, const Channel& channel) {
    const OpenChannel open = client_.watch(request.context(), calendar, channel);
    std::optional<std::int64_t> expires_us;
    if (open.expires_ms) expires_us = *open.expires_ms * 1000;
    host_.write(request.context(), [&](bulkhead::Transaction& transaction) {
      keepOpened(transaction, channel.id, open.resource_id, expires_us);
    });
    return bulkhead::toJson([&](JsonWriter& out) {
      out.beginObject();
      out.member("id", channel.id);
      out.member("calendar", calendar);
      if (open.expires_ms) out.member("expires_ms", *open.expires_ms);
      out.endObject();
    });
  }

  std::string missing() const {
    std::string names;
    if (settings_.service_account.empty()) names = "service_account";
    if (settings_.tenant.empty()) names += names.empty() ? "tenant" : " and tenant";
    return names;
  }

  static Error noConnection() {
    return Error::notFound("CONNECTION_NOT_FOUND", "There is no such connection.");
  }

  void requireTenant(const Request& request) const {
    if (const std::string names = missing(); !names.empty())
      throw Error::configuration("NOT_CONFIGURED",
                                 "Set " + names + " in conf/plugins.d/google-calendar.properties.");
    if (request.tenant() != settings_.tenant) throw noConnection();
  }

  const Settings settings_;
  const bulkhead::Host host_;
  const GoogleCalendarClient client_;
  bulkhead::ProviderHealth api_;
  const WebhookRoutes webhooks_;
};

}  // namespace google_calendar

BULKHEAD_PLUGIN(google_calendar::GoogleCalendarPlugin)
