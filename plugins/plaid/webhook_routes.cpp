#include "webhook_routes.hpp"

#include <chrono>
#include <string>

#include <bulkhead/error.hpp>
#include <bulkhead/timestamp.hpp>

#include "connection_store.hpp"

namespace plaid {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Message;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;
using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::string_view kReceived =
    R"({"type":"object","required":["received","duplicate"],"properties":{
        "received":{"type":"boolean"},"duplicate":{"type":"boolean","description":"It had been kept before."}}})";

/// The first webhooks of a connection may overtake it.
constexpr std::uint32_t kAttemptsForUnknown = 5;

std::string instantOf(Message::WallTime time) {
  return bulkhead::rfc3339(duration_cast<seconds>(time.time_since_epoch()));
}

std::string_view nameOf(ConnectionNews::Kind kind) {
  switch (kind) {
    case ConnectionNews::Kind::Updated:
      return "connection_updated";
    case ConnectionNews::Kind::NeedsAttention:
      return "connection_needs_attention";
    case ConnectionNews::Kind::Revoked:
      return "connection_revoked";
  }
  return {};
}

std::string payloadOf(const ConnectionNews& news, const Connection& connection,
                      Message::WallTime time) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("connection", connection.id);
    out.member("tenant", connection.tenant);
    out.member("occurred_at", instantOf(time));
    if (news.kind == ConnectionNews::Kind::Updated)
      out.member("transactions_available", news.transactions_available);
    if (news.kind == ConnectionNews::Kind::NeedsAttention) out.member("reason", news.reason);
    out.endObject();
  });
}

/// False for news that newer ones have overtaken. What was revoked is so until it is connected
/// anew: a webhook that comes late may have been signed anew, and look newer than it is.
bool takeOver(Connection& connection, const ConnectionNews& news, std::int64_t time_s) {
  if (connection.state == "revoked") return false;
  if (news.kind == ConnectionNews::Kind::Updated && !news.repaired) return true;
  if (time_s < connection.news_s) return false;
  connection.news_s = time_s;
  connection.reason = news.reason;
  connection.state = news.kind == ConnectionNews::Kind::Updated          ? "active"
                     : news.kind == ConnectionNews::Kind::NeedsAttention ? "needs_attention"
                                                                         : "revoked";
  return true;
}

}  // namespace

WebhookRoutes::WebhookRoutes(bulkhead::Registrar& host, const Settings& settings,
                             const PlaidClient& client)
    : settings_{settings},
      host_{host.host()},
      client_{client},
      keys_{host.host(), client},
      events_{host.events("bank-feed/1")},
      inbox_{
          host.inbox("webhooks", [this](const Message& message,
                                        Transaction& transaction) { take(message, transaction); })},
      outcomes_{host.counter("webhook_events_total", "Webhook deliveries by what became of them.",
                             {"outcome"})} {
  host.route({.method = "POST",
              .path = "/webhooks",
              .summary = "Takes in one webhook from Plaid",
              .access = bulkhead::Access::Public,
              .response = kReceived,
              .errors = {"SIGNATURE_INVALID", "ENVIRONMENT_MISMATCH", "NOT_CONFIGURED",
                         "PROVIDER_UNREACHABLE", "PROVIDER_RATE_LIMITED", "PROVIDER_KEY_REFUSED",
                         "PROVIDER_FAILED", "PROVIDER_ANSWER_INVALID"},
              .raw_body = true},
             [this](const Request& request) { return receive(request); });
}

Response WebhookRoutes::receive(const Request& request) {
  client_.requireConfigured();
  const WebhookToken token = requireToken(request);
  const Webhook webhook = parseWebhook(request.body());
  requireEnvironment(request, webhook);
  const std::string key = token.body_sha256 + ":" + std::to_string(token.issued_s);
  const std::string type = webhook.type + "/" + webhook.code;
  const bool is_new = host_.write(request.context(), [&](Transaction& transaction) {
    return inbox_.keep(transaction, {.key = key,
                                     .type = type,
                                     .subject = webhook.item,
                                     .body = request.body(),
                                     .event_time = Message::WallTime{seconds{token.issued_s}}});
  });
  outcomes_.record(1, {is_new ? "stored" : "duplicate"});
  return Response::json(
      [&](JsonWriter& out) { out.object("received", true, "duplicate", !is_new); });
}

/// Time and body are looked at before the key is asked for: who cannot even copy a fresh webhook of
/// Plaid's costs no question.
WebhookToken WebhookRoutes::requireToken(const Request& request) {
  const auto token = WebhookToken::parse(request.header("plaid-verification").value_or(""));
  Verdict verdict = Verdict::Malformed;
  if (token) {
    verdict =
        judgeClaims(*token, request.body(), duration_cast<seconds>(host_.now().time_since_epoch()),
                    duration_cast<seconds>(settings_.webhook_tolerance));
  }
  if (verdict == Verdict::Accepted) {
    const auto key = keys_.find(request.context(), token->key_id);
    if (!key) verdict = Verdict::UnknownKey;
    if (key && !isSignedBy(*token, *key)) verdict = Verdict::Mismatch;
  }
  if (verdict != Verdict::Accepted) refuse(request, "SIGNATURE_INVALID", describe(verdict));
  return *token;
}

void WebhookRoutes::refuse(const Request& request, std::string_view code,
                           std::string_view why) const {
  outcomes_.record(1, {"refused"});
  host_.warn("A webhook was refused", "reason", why, "request", request.requestId());
  throw Error::validation(code, why);
}

/// A webhook of the other environment was meant for another installation.
void WebhookRoutes::requireEnvironment(const Request& request, const Webhook& webhook) const {
  for (const std::string_view known : {"sandbox", "production"}) {
    const bool is_ours = settings_.base_url == "https://" + std::string{known} + ".plaid.com";
    if (is_ours && !webhook.environment.empty() && webhook.environment != known)
      refuse(request, "ENVIRONMENT_MISMATCH", "The webhook's environment is not that of base_url.");
  }
}

void WebhookRoutes::take(const Message& message, Transaction& transaction) const {
  const Webhook webhook = parseWebhook(message.body());
  const auto news = newsOf(webhook);
  if (!news) return;
  auto connection = findConnectionOfAny(transaction, webhook.item);
  if (!connection) {
    if (message.attempt() < kAttemptsForUnknown)
      throw Error::notFound("CONNECTION_NOT_FOUND", "The webhook's connection is not there yet.");
    return;
  }
  const auto time = message.eventTime().value_or(message.received());
  if (!takeOver(*connection, *news, duration_cast<seconds>(time.time_since_epoch()).count()))
    return;
  storeState(transaction, *connection);
  events_.publish(transaction, nameOf(news->kind), payloadOf(*news, *connection, time),
                  {.tenant = connection->tenant, .subject = connection->id, .key = message.id()});
}

}  // namespace plaid
