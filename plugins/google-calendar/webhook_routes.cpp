#include "webhook_routes.hpp"

#include <string>

#include <bulkhead/signing.hpp>

#include "connection.hpp"

namespace google_calendar {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;

std::string_view headerOf(const Request& request, std::string_view name) {
  return request.header(name).value_or(std::string_view{});
}

/// Whether the notification knows the channel's secret, and is of what the
/// channel watches.
bool isOf(const KeptChannel& channel, const Request& request) {
  const bool knows = bulkhead::isEqualInConstantTime(
      bulkhead::sha256Hex(headerOf(request, "x-goog-channel-token")), channel.token_hash);
  return knows &&
         (!channel.resource_id || *channel.resource_id == headerOf(request, "x-goog-resource-id"));
}

}  // namespace

WebhookRoutes::WebhookRoutes(bulkhead::Registrar& host)
    : host_{host.host()},
      received_{host.counter("webhooks_total", "Webhook deliveries by what became of them.",
                             {"outcome"})},
      events_{host.events("calendar/1")},
      inbox_{host.inbox("webhooks",
                        [this](const bulkhead::Message& message, Transaction& transaction) {
                          handle(message, transaction);
                        })} {
  host.route({.method = "POST",
              .path = "/webhooks",
              .summary = "Takes in from Google that a calendar has changed",
              .access = bulkhead::Access::Public,
              .success = 204,
              .errors = {"SIGNATURE_INVALID"},
              .raw_body = true,
              .body_limit_bytes = 4096},
             [this](const Request& request) { return take(request); });
}

Response WebhookRoutes::take(const Request& request) {
  try {
    const bool is_new = host_.write(
        request.context(), [&](Transaction& transaction) { return keep(request, transaction); });
    received_.record(1, {is_new ? "kept" : "duplicate"});
  } catch (const Error& error) {
    if (error.code() == "SIGNATURE_INVALID") {
      received_.record(1, {"refused"});
      host_.warn("A webhook was refused", "request", request.requestId());
    }
    throw;
  }
  return Response::noContent();
}

bool WebhookRoutes::keep(const Request& request, Transaction& transaction) const {
  const std::string id{headerOf(request, "x-goog-channel-id")};
  const auto channel = findChannel(transaction, id);
  if (!channel || !isOf(*channel, request))
    throw Error::validation("SIGNATURE_INVALID", "No channel of ours has this id and token.");
  const std::string resource{headerOf(request, "x-goog-resource-id")};
  if (!channel->resource_id && !resource.empty())
    keepOpened(transaction, id, resource, channel->expires_us);
  const std::string key = id + ":" + std::string{headerOf(request, "x-goog-message-number")};
  return inbox_.keep(transaction, {.key = key,
                                   .type = headerOf(request, "x-goog-resource-state"),
                                   .subject = channel->calendar,
                                   .tenant = channel->tenant});
}

void WebhookRoutes::handle(const bulkhead::Message& message, Transaction& transaction) const {
  if (message.type() == "sync") return;  // the channel is open, and nothing has changed
  const std::string payload = bulkhead::toJson([&](JsonWriter& out) {
    out.object("connection", kConnection, "calendar", message.subject());
  });
  events_.publish(transaction, "calendar_changed", payload,
                  {.tenant = message.tenant(), .subject = message.subject(), .key = message.id()});
}

}  // namespace google_calendar
