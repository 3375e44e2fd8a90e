#include "webhook_routes.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/list_setting.hpp>
#include <bulkhead/required_settings.hpp>

#include "event_store.hpp"
#include "payment_news.hpp"
#include "signature.hpp"

namespace stripe {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;
using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::int64_t kEventsDefault = 50;

constexpr std::string_view kReceived =
    R"({"type":"object","required":["received","duplicate"],"properties":{
        "received":{"type":"boolean"},"duplicate":{"type":"boolean","description":"The event had been stored before."}}})";
constexpr std::string_view kEventsQuery =
    R"({"type":"object","properties":{
        "limit":{"type":"integer","minimum":1,"maximum":200,"default":50},
        "before":{"type":"string","maxLength":255,"description":"id of the last event that was seen"}}})";
constexpr std::string_view kEvents =
    R"({"type":"object","required":["data"],"properties":{"data":{"type":"array","items":{"type":"object",
        "required":["id","type","livemode","created","received_us"],"properties":{
        "id":{"type":"string"},"type":{"type":"string"},"object_id":{"type":["string","null"]},
        "livemode":{"type":"boolean"},"api_version":{"type":["string","null"]},
        "created":{"type":"integer"},"received_us":{"type":"integer"}}}}}})";

bool isBlank(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isspace(c) != 0; });
}

std::int64_t integerQuery(const Request& request, std::string_view name, std::int64_t fallback) {
  const auto text = request.query(name);
  if (text) std::from_chars(text->data(), text->data() + text->size(), fallback);
  return fallback;
}

Response list(const Request& request, bulkhead::ReadTransaction& snapshot) {
  const std::int64_t limit = integerQuery(request, "limit", kEventsDefault);
  const auto events = listEvents(snapshot, request.query("before").value_or(""), limit);
  return Response::json([&](JsonWriter& out) {
    out.beginObject();
    out.key("data");
    out.array(events, [](JsonWriter& item, const StoredEvent& stored) {
      const Event& event = stored.event;
      item.object("id", event.id, "type", event.type, "object_id", event.object_id, "livemode",
                  event.livemode, "api_version", event.api_version, "created", event.created_s,
                  "received_us", stored.received_us);
    });
    out.endObject();
  });
}

}  // namespace

WebhookRoutes::WebhookRoutes(bulkhead::Registrar& host, const Settings& settings,
                             const PaymentDesk& desk)
    : settings_{settings},
      connected_accounts_{bulkhead::itemsOf(settings.connected_accounts)},
      host_{host.host()},
      desk_{desk},
      inbox_{host.inbox("webhooks",
                        [this](const bulkhead::Message& event, Transaction& done) {
                          const auto news = newsIn(nlohmann::json::parse(event.body()));
                          if (news) desk_.take(done, *news);
                        })},
      events_{host.counter("webhook_events_total", "Webhook deliveries by what became of them.",
                           {"outcome"})} {
  if (!settings_.webhook_secret.empty() && isBlank(settings_.webhook_secret)) {
    throw Error::configuration("BLANK_WEBHOOK_SECRET",
                               "webhook_secret is blank: anyone could sign with it.");
  }
  host.route({.method = "POST",
              .path = "/webhooks",
              .summary = "Takes in one event from Stripe",
              .access = bulkhead::Access::Public,
              .response = kReceived,
              .errors = {"SIGNATURE_INVALID", "LIVEMODE_MISMATCH", "NOT_CONFIGURED"},
              .raw_body = true},
             [this](const Request& request) { return receive(request); });
  host.route({.method = "GET",
              .path = "/events",
              .scope = "stripe:read",
              .summary = "Lists the events that were stored, newest first",
              .access = bulkhead::Access::Admin,
              .query = kEventsQuery,
              .response = kEvents},
             &list);
}

Response WebhookRoutes::receive(const Request& request) {
  if (settings_.webhook_secret.empty()) throw bulkhead::notConfigured("stripe", "webhook_secret");
  requireSignature(request);
  const Event event = parseEvent(request.body());
  requireMode(event);
  const bool is_for_us = isForUs(event);
  const bool is_new = is_for_us && keep(request, event);
  events_.record(1, {!is_for_us ? "passed" : is_new ? "stored" : "duplicate"});
  return Response::json(
      [&](JsonWriter& out) { out.object("received", true, "duplicate", is_for_us && !is_new); });
}

void WebhookRoutes::requireSignature(const Request& request) const {
  const Verdict verdict = verifySignature(
      request.header("stripe-signature").value_or(std::string_view{}), request.body(),
      settings_.webhook_secret, duration_cast<seconds>(host_.now().time_since_epoch()),
      duration_cast<seconds>(settings_.webhook_tolerance));
  if (verdict == Verdict::Accepted) return;
  events_.record(1, {"refused"});
  host_.warn("A webhook was refused", "reason", describe(verdict), "request", request.requestId());
  throw Error::validation("SIGNATURE_INVALID", describe(verdict));
}

/// An event of the other mode was meant for another installation.
void WebhookRoutes::requireMode(const Event& event) const {
  const std::string_view key = settings_.secret_key;
  const bool is_live_key = key.find("_live_") != std::string_view::npos;
  const bool is_test_key = key.find("_test_") != std::string_view::npos;
  if ((is_live_key && !event.livemode) || (is_test_key && event.livemode)) {
    events_.record(1, {"refused"});
    throw Error::validation("LIVEMODE_MISMATCH",
                            "The event's mode (live or test) is not that of secret_key.");
  }
}

/// Of a connected account come as many events as its owner likes, and none is of our money.
bool WebhookRoutes::isForUs(const Event& event) const {
  return event.account.empty() || std::find(connected_accounts_.begin(), connected_accounts_.end(),
                                            event.account) != connected_accounts_.end();
}

bool WebhookRoutes::keep(const Request& request, const Event& event) const {
  return host_.write(request.context(), [&](Transaction& transaction) {
    if (!storeEvent(transaction, event, host_.now().time_since_epoch().count())) return false;
    inbox_.keep(transaction, {.key = event.id,
                              .type = event.type,
                              .subject = event.subject,
                              .body = request.body(),
                              .event_time = bulkhead::Message::WallTime{seconds{event.created_s}}});
    return true;
  });
}

}  // namespace stripe
