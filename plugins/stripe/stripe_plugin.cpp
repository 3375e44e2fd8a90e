#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include <bulkhead/plugin.hpp>
#include <bulkhead/provider_health.hpp>

#include "event_store.hpp"
#include "payment_desk.hpp"
#include "payment_news.hpp"
#include "payment_routes.hpp"
#include "payments.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "signature.hpp"
#include "stripe_client.hpp"

namespace stripe {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;
using Json = nlohmann::json;

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

}  // namespace

/// Stripe's door into this business: what it says is verified, kept once, and acknowledged fast.
class StripePlugin final : public bulkhead::Plugin {
 public:
  explicit StripePlugin(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        host_{host.host()},
        client_{host_, settings_},
        payments_{host_, client_},
        api_{host_, [this](const bulkhead::Context& context) { client_.check(context); }},
        desk_{host.events("payments/1")},
        inbox_{host.inbox("webhooks",
                          [this](const bulkhead::Message& event, bulkhead::Transaction& done) {
                            if (const auto news = newsIn(Json::parse(event.body())))
                              desk_.take(done, *news);
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
               [this](const Request& request, bulkhead::ReadTransaction& snapshot) {
                 return list(request, snapshot);
               });
    addPaymentRoutes(host, payments_);
    host.health(
        "api",
        [this](const bulkhead::Context& context) { return api_.look(context, client_.missing()); },
        bulkhead::ProviderHealth::kSchedule);
    host.health("webhook", [this](const bulkhead::Context&) { return webhook(); });
  }

 private:
  Response receive(const Request& request) {
    if (settings_.webhook_secret.empty()) {
      throw Error::configuration("NOT_CONFIGURED",
                                 "Set webhook_secret in conf/plugins.d/stripe.properties.");
    }
    requireSignature(request);
    const Event event = parseEvent(request.body());
    requireMode(event);
    const bool is_new = host_.write(request.context(), [&](bulkhead::Transaction& transaction) {
      if (!storeEvent(transaction, event, nowUs())) return false;
      inbox_.keep(
          transaction,
          {.key = event.id,
           .type = event.type,
           .subject = event.subject,
           .body = request.body(),
           .event_time = bulkhead::Message::WallTime{std::chrono::seconds{event.created_s}}});
      return true;
    });
    events_.record(1, {is_new ? "stored" : "duplicate"});
    return Response::json(
        [&](JsonWriter& out) { out.object("received", true, "duplicate", !is_new); });
  }

  void requireSignature(const Request& request) {
    using std::chrono::duration_cast;
    const Verdict verdict =
        verifySignature(request.header("stripe-signature").value_or(std::string_view{}),
                        request.body(), settings_.webhook_secret,
                        duration_cast<std::chrono::seconds>(host_.now().time_since_epoch()),
                        duration_cast<std::chrono::seconds>(settings_.webhook_tolerance));
    if (verdict == Verdict::Accepted) return;
    events_.record(1, {"refused"});
    host_.warn("A webhook was refused", "reason", describe(verdict), "request",
               request.requestId());
    throw Error::validation("SIGNATURE_INVALID", describe(verdict));
  }

  /// An event of the other mode was meant for another installation.
  void requireMode(const Event& event) {
    const std::string_view key = settings_.secret_key;
    const bool is_live_key = key.find("_live_") != std::string_view::npos;
    const bool is_test_key = key.find("_test_") != std::string_view::npos;
    if ((is_live_key && !event.livemode) || (is_test_key && event.livemode)) {
      events_.record(1, {"refused"});
      throw Error::validation("LIVEMODE_MISMATCH",
                              "The event's mode (live or test) is not that of secret_key.");
    }
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

  /// Payments are taken without it, but nobody hears what becomes of them.
  bulkhead::Health webhook() const {
    if (!settings_.webhook_secret.empty()) return {};
    if (!client_.missing().empty())
      return {.message = "webhook_secret not set", .configured = false};
    return {.message = "webhook_secret not set"};
  }

  std::int64_t nowUs() const { return host_.now().time_since_epoch().count(); }

  const Settings settings_;
  const bulkhead::Host host_;
  const StripeClient client_;
  const Payments payments_;
  bulkhead::ProviderHealth api_;
  const PaymentDesk desk_;
  const bulkhead::Inbox inbox_;
  const bulkhead::Metric events_;
};

}  // namespace stripe

BULKHEAD_PLUGIN(stripe::StripePlugin)
