#include "webhook_routes.hpp"

#include <algorithm>
#include <utility>

#include <bulkhead/required_settings.hpp>
#include <bulkhead/signing.hpp>

#include "call_json.hpp"
#include "server_answer.hpp"

namespace vapi {
namespace {

using bulkhead::Error;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;

/// Vapi gives an assistant-request 7.5 s, and a tool call 20 s unless told otherwise.
constexpr std::chrono::seconds kAnswerTime{6};
constexpr std::string_view kReceived = R"({"received":true})";

bool isTold(std::string_view type) {
  return type == "status-update" || type == "end-of-call-report";
}

bool isToolCall(std::string_view type) {
  return type == "tool-calls" || type == "function-call";
}

}  // namespace

WebhookRoutes::WebhookRoutes(bulkhead::Registrar& host, WebhookGuard guard, bool is_configured,
                             const CallDesk& desk)
    : guard_{std::move(guard)},
      is_configured_{is_configured},
      desk_{desk},
      host_{host.host()},
      received_{host.counter("webhooks_total", "Webhook deliveries by what became of them.",
                             {"outcome"})},
      events_{host.events("voice/1")},
      asks_{host.asks("voice/1")},
      inbox_{host.inbox("webhooks",
                        [this](const bulkhead::Message& message, Transaction& transaction) {
                          handle(message, transaction);
                        })} {
  host.route({.method = "POST",
              .path = "/webhooks",
              .summary = "Takes in what Vapi tells of a call, and answers what it asks",
              .access = bulkhead::Access::Public,
              .response = R"({"type":"object"})",
              .errors = {"SIGNATURE_INVALID", "VALIDATION_ERROR", "NOT_CONFIGURED"},
              .raw_body = true,
              .deadline = std::chrono::seconds{7}},
             [this](const Request& request) { return take(request); });
}

Response WebhookRoutes::take(const Request& request) {
  requireVapi(request);
  const ServerMessage message = parseServerMessage(request.body());
  std::string answer{kReceived};
  if (isTold(message.type)) {
    keep(request, message);
  } else if (isToolCall(message.type)) {
    answer = toolResults(request, message);
  } else if (message.type == "assistant-request") {
    answer = assistantFor(request, message);
  } else {
    received_.record(1, {"ignored"});
  }
  return Response::jsonText(200, std::move(answer));
}

void WebhookRoutes::requireVapi(const Request& request) const {
  if (!is_configured_) throw bulkhead::notConfigured("vapi", "webhook_secret");
  const auto header = [&](std::string_view name) {
    return request.header(name).value_or(std::string_view{});
  };
  const auto refusal = guard_.refusal(
      {{header("webhook-id"), header("webhook-timestamp"), header("webhook-signature")},
       header("x-vapi-secret")},
      request.body(),
      std::chrono::duration_cast<std::chrono::seconds>(host_.now().time_since_epoch()));
  if (!refusal) return;
  received_.record(1, {"refused"});
  host_.warn("A webhook was refused", "reason", *refusal, "request", request.requestId());
  throw Error::validation("SIGNATURE_INVALID", *refusal);
}

void WebhookRoutes::keep(const Request& request, const ServerMessage& message) {
  if (!message.call) throw Error::validation("VALIDATION_ERROR", "The message has no call.");
  const auto id = request.header("webhook-id");
  const std::string key = id && id->size() <= 150 ? std::string{*id} : keyOf(message);
  const bool is_new = host_.write(request.context(), [&](Transaction& transaction) {
    return inbox_.keep(
        transaction,
        {.key = key, .type = message.type, .subject = message.call->id, .body = request.body()});
  });
  received_.record(1, {is_new ? "kept" : "duplicate"});
}

void WebhookRoutes::handle(const bulkhead::Message& message, Transaction& transaction) const {
  const ServerMessage told = parseServerMessage(message.body());
  if (!told.call) return;
  Call call = *told.call;
  if (told.type == "end-of-call-report") call.state = CallState::Ended;
  const auto kept = desk_.apply(transaction, call, call.id);
  if (!kept || told.type != "end-of-call-report") return;
  const std::string key = call.id + ":report";
  events_.publish(transaction, "call_ended", endedPayload(*kept, call),
                  {.tenant = kept->tenant, .subject = call.id, .key = key});
}

/// Results stand in the order of the calls, and all of them within the time for
/// one answer.
std::string WebhookRoutes::toolResults(const Request& request, const ServerMessage& message) const {
  const auto until = host_.monotonic() + kAnswerTime;
  ToolResults results{message.type == "function-call"};
  for (const ToolCall& tool : message.tool_calls) {
    ToolCall named = tool;
    if (named.id.empty()) named.id = bulkhead::sha256Hex(request.body());
    const std::string key = "tool:" + (message.call ? message.call->id : "") + ":" + named.id;
    results.add(named, answered(request, key, "tool_call", toolQuestion(message, named),
                                until - host_.monotonic()));
  }
  received_.record(1, {"answered"});
  return results.json();
}

std::string WebhookRoutes::assistantFor(const Request& request,
                                        const ServerMessage& message) const {
  if (!message.call) throw Error::validation("VALIDATION_ERROR", "The message has no call.");
  received_.record(1, {"answered"});
  return assistantAnswer(answered(request, "assistant:" + message.call->id, "assistant_request",
                                  assistantQuestion(message), kAnswerTime));
}

/// By the contract voice/1: what was answered before, or is answered now. Empty
/// where the question is none that can be asked.
std::string WebhookRoutes::answered(const Request& request, std::string_view key,
                                    std::string_view ask, const std::string& question,
                                    std::chrono::microseconds time) const {
  const auto before = host_.read(request.context(), [&](bulkhead::ReadTransaction& snapshot) {
    return findAnswer(snapshot, key);
  });
  if (before) return *before;
  std::string answer;
  try {
    answer =
        asks_.ask(request.context(), ask, question, std::max(time, std::chrono::microseconds{1}))
            .json;
  } catch (const Error& error) {
    host_.warn("A question of Vapi's was not answered", "ask", ask, "code", error.code());
    return {};
  }
  return host_.write(request.context(), [&](Transaction& transaction) {
    return keepAnswer(transaction, key, answer, host_.now().time_since_epoch().count());
  });
}

}  // namespace vapi
