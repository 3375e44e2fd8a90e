#include "webhook_routes.hpp"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include <bulkhead/form_writer.hpp>
#include <bulkhead/required_settings.hpp>

#include "reply_store.hpp"
#include "signature.hpp"
#include "twiml.hpp"

namespace twilio {
namespace {

using bulkhead::Error;
using bulkhead::Form;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;

/// Twilio waits 15 s for an answer.
constexpr std::chrono::seconds kReplyTime{10};
constexpr int kMediaMax = 10;
constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

constexpr std::string_view kStatusQuery =
    R"({"type":"object","properties":{"m":{"type":"string","maxLength":64,"description":"our id of the message"},
        "bodySHA256":{"type":"string","maxLength":64}}})";
constexpr std::string_view kInboundQuery =
    R"({"type":"object","properties":{"bodySHA256":{"type":"string","maxLength":64}}})";

std::string firstOf(const Form& form, std::string_view name) {
  return std::string{form.find(name).value_or(std::string_view{})};
}

InboundMessage inboundIn(const Form& form) {
  InboundMessage message{.sid = firstOf(form, "MessageSid"),
                         .from = firstOf(form, "From"),
                         .to = firstOf(form, "To"),
                         .text = firstOf(form, "Body"),
                         .media = {}};
  for (int i = 0; i < kMediaMax; ++i) {
    const std::string number = std::to_string(i);
    const auto url = form.find("MediaUrl" + number);
    if (!url || url->empty() || url->size() > kUrlBytesMax) break;
    message.media.push_back({std::string{*url}, firstOf(form, "MediaContentType" + number)});
  }
  return message;
}

/// By the contract messaging/1, as an event and as an ask.
std::string payloadOf(const InboundMessage& message) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("id", message.sid);
    out.member("from", message.from);
    out.member("to", message.to);
    out.member("text", message.text);
    if (!message.media.empty()) {
      out.key("media");
      out.array(message.media, [](JsonWriter& item, const InboundMessage::Media& one) {
        item.beginObject();
        item.member("url", one.url);
        if (!one.type.empty() && one.type.size() <= 100) item.member("type", one.type);
        item.endObject();
      });
    }
    out.endObject();
  });
}

std::vector<std::string> repliesIn(const bulkhead::AskAnswer& answer) {
  return nlohmann::json::parse(answer.json).at("replies").get<std::vector<std::string>>();
}

/// Twilio's own id of the delivery, else what it says.
std::string keyOf(const Request& request, std::string otherwise) {
  const auto token = request.header("i-twilio-idempotency-token");
  return token && !token->empty() && token->size() <= 128 ? std::string{*token}
                                                          : std::move(otherwise);
}

}  // namespace

WebhookRoutes::WebhookRoutes(bulkhead::Registrar& host, Options options, const MessageDesk& desk)
    : options_{std::move(options)},
      desk_{desk},
      host_{host.host()},
      received_{host.counter("webhooks_total", "Webhook deliveries by what became of them.",
                             {"outcome"})},
      events_{host.events("messaging/1")},
      asks_{host.asks("messaging/1")},
      inbox_{host.inbox("webhooks",
                        [this](const bulkhead::Message& message, Transaction& transaction) {
                          handle(message, transaction);
                        })} {
  host.route(
      {.method = "POST",
       .path = "/webhooks/status",
       .summary = "Takes in from Twilio how far a message has come",
       .access = bulkhead::Access::Public,
       .query = kStatusQuery,
       .success = 204,
       .errors = {"SIGNATURE_INVALID", "FORM_INVALID", "UNSUPPORTED_MEDIA_TYPE", "NOT_CONFIGURED"},
       .raw_body = true},
      [this](const Request& request) { return takeStatus(request); });
  host.route(
      {.method = "POST",
       .path = "/webhooks/inbound",
       .summary = "Takes in from Twilio what somebody has written, and answers "
                  "in TwiML",
       .access = bulkhead::Access::Public,
       .query = kInboundQuery,
       .response = R"({"type":"string","description":"a TwiML document"})",
       .errors = {"SIGNATURE_INVALID", "FORM_INVALID", "UNSUPPORTED_MEDIA_TYPE", "NOT_CONFIGURED"},
       .raw_body = true,
       .deadline = std::chrono::seconds{14}},
      [this](const Request& request) { return takeInbound(request); });
}

/// The form, once it is known to be Twilio's: its names and values are what is
/// signed.
Form WebhookRoutes::verified(const Request& request) const {
  if (options_.auth_token.empty() || options_.public_base_url.empty())
    throw bulkhead::notConfigured("twilio", "auth_token and public_base_url");
  // the query has the parameters of its contract alone, whose text has one
  // spelling
  std::string url = options_.public_base_url + std::string{request.path()};
  char separator = '?';
  for (const char* name : {"m", "bodySHA256"}) {
    if (const auto value = request.query(name)) {
      url += separator + std::string{name} + "=" + bulkhead::FormWriter::encoded(*value);
      separator = '&';
    }
  }
  const auto signature = request.header("x-twilio-signature").value_or(std::string_view{});
  if (!request.header("content-type").value_or("").starts_with(kFormType)) {
    if (!isBodySigned(signature, url, request.body(), options_.auth_token)) refuse(request);
    throw Error::validation("UNSUPPORTED_MEDIA_TYPE", "Twilio's messages come as forms.");
  }
  Form form = Form::of(request);
  if (!isFormSigned(signature, url, form.fields(), options_.auth_token)) refuse(request);
  if (form.find("AccountSid").value_or("") != options_.account_sid) refuse(request);
  return form;
}

void WebhookRoutes::refuse(const Request& request) const {
  received_.record(1, {"refused"});
  host_.warn("A webhook was refused", "request", request.requestId());
  throw Error::validation("SIGNATURE_INVALID",
                          "X-Twilio-Signature is not that of this request, by this account.");
}

Response WebhookRoutes::takeStatus(const Request& request) {
  const Form form = verified(request);
  const std::string sid{form.get("MessageSid")};
  const std::string key = keyOf(request, sid + ":" + std::string{form.get("MessageStatus")});
  const std::string id{request.query("m").value_or(std::string_view{})};
  const bool is_new = host_.write(request.context(), [&](Transaction& transaction) {
    return inbox_.keep(transaction, {.key = key,
                                     .type = "status",
                                     .subject = sid,
                                     .body = request.body(),
                                     .headers = {{"m", id}}});
  });
  received_.record(1, {is_new ? "kept" : "duplicate"});
  return Response::noContent();
}

Response WebhookRoutes::takeInbound(const Request& request) {
  const Form form = verified(request);
  const InboundMessage message = inboundIn(form);
  if (message.sid.empty() || message.from.empty() || message.to.empty())
    throw Error::validation("FORM_INVALID", "MessageSid, From or To is missing.");
  const bool is_new = host_.write(request.context(), [&](Transaction& transaction) {
    return inbox_.keep(
        transaction,
        {.key = message.sid, .type = "inbound", .subject = message.from, .body = request.body()});
  });
  received_.record(1, {is_new ? "kept" : "duplicate"});
  return Response::text(200, replyTo(request, message), "text/xml");
}

/// The document that says it to them. Whoever asks again, because our answer
/// was lost, hears the same.
std::string WebhookRoutes::replyTo(const Request& request, const InboundMessage& message) const {
  const auto said = host_.read(request.context(), [&](bulkhead::ReadTransaction& snapshot) {
    return findReply(snapshot, message.sid);
  });
  if (said) return *said;
  const bulkhead::AskAnswer answer =
      asks_.ask(request.context(), "inbound_message", payloadOf(message), kReplyTime);
  const std::string document = twimlOf(repliesIn(answer));
  return host_.write(request.context(), [&](Transaction& transaction) {
    return keepReply(transaction, message.sid, document, host_.now().time_since_epoch().count());
  });
}

void WebhookRoutes::handle(const bulkhead::Message& message, Transaction& transaction) const {
  const Form form = Form::parse(message.body());
  if (message.type() == "inbound") return publishInbound(message, form, transaction);
  handleStatus(message, form, transaction);
}

void WebhookRoutes::handleStatus(const bulkhead::Message& message, const Form& form,
                                 Transaction& transaction) const {
  const auto progress = progressOf(form.get("MessageStatus"));
  if (!progress) return;  // a word of Twilio's that means nothing to us
  Message news{.sid = std::string{form.get("MessageSid")}, .progress = *progress};
  if (std::string code = firstOf(form, "ErrorCode"); !code.empty() && code.size() <= 50)
    news.error_code = std::move(code);
  desk_.apply(transaction, news, message.header("m").value_or(std::string_view{}));
}

void WebhookRoutes::publishInbound(const bulkhead::Message& message, const Form& form,
                                   Transaction& transaction) const {
  const InboundMessage inbound = inboundIn(form);
  const std::string tenant =
      findCorrespondent(transaction, inbound.from, inbound.to).value_or(options_.tenant);
  events_.publish(transaction, "message_received", payloadOf(inbound),
                  {.tenant = tenant, .subject = message.subject(), .key = inbound.sid});
}

}  // namespace twilio
