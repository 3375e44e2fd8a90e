#include "stripe_client.hpp"

#include <array>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/form_writer.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/provider_error.hpp>
#include <bulkhead/url.hpp>

namespace stripe {
namespace {

using bulkhead::Context;
using bulkhead::Error;
using bulkhead::FormWriter;
using bulkhead::objectIn;
using bulkhead::OutboundAnswer;
using bulkhead::OutboundRequest;
using bulkhead::textIn;
using Json = nlohmann::json;
namespace provider = bulkhead::provider;

constexpr std::string_view kStripe = "Stripe";
constexpr std::string_view kCreateSession = "checkout.sessions.create";
constexpr int kPagesMax = 10;  // of a hundred

/// What Stripe says is wrong (docs.stripe.com/error-low-level).
struct Refusal {
  std::string type, code, param, decline_code;

  static Refusal of(const std::string& body) {
    const Json document = bulkhead::readJson(body);
    const Json* const error = objectIn(document, "error");
    if (error == nullptr) return {};
    return {textIn(*error, "type"), textIn(*error, "code"), textIn(*error, "param"),
            textIn(*error, "decline_code")};
  }
  std::string details() const {
    return bulkhead::toJson([&](bulkhead::JsonWriter& out) {
      out.object("type", type, "code", code, "param", param, "decline_code", decline_code);
    });
  }
};

bool isIllegalTransition(std::string_view code) {
  static constexpr std::array<std::string_view, 7> kCodes{
      "payment_intent_unexpected_state", "charge_already_captured",
      "charge_already_refunded",         "charge_disputed",
      "charge_expired_for_capture",      "charge_not_refundable",
      "refund_disputed_payment"};
  for (const auto known : kCodes) {
    if (code == known) return true;
  }
  return false;
}

Error notTaken(const Refusal& refusal, std::string_view operation) {
  const auto concerns = [&](std::string_view what) {
    return refusal.param.find(what) != std::string::npos ||
           refusal.code.starts_with(std::string{what} + "_");
  };
  if (isIllegalTransition(refusal.code))
    return Error::conflict("ILLEGAL_TRANSITION",
                           "The payment does not stand so that this is possible.");
  if (concerns("amount"))
    return Error::businessLogic("AMOUNT_NOT_ACCEPTED", "Stripe does not take this amount.");
  if (operation == kCreateSession && concerns("currency"))
    return Error::businessLogic("CURRENCY_NOT_ACCEPTED", "Stripe does not take this currency.");
  return provider::refused(kStripe);
}

Error errorOf(const OutboundAnswer& answer, const Refusal& refusal,
              const OutboundRequest& request) {
  const std::string& operation = request.operation;
  if (answer.outcome == bulkhead::Outcome::Ambiguous && request.method == "GET")
    return provider::unreachable(kStripe);
  if (!answer.isAnswered()) return provider::errorFor(kStripe, answer);
  if (refusal.code == "rate_limit" || refusal.code == "lock_timeout")
    return provider::rateLimited(kStripe, answer.retry_after_s);
  // Another request with this key is under way: what becomes of it is not known yet.
  if (answer.status == 409 || refusal.code == "idempotency_key_in_use")
    return provider::ambiguous(kStripe);
  if (refusal.type == "idempotency_error") {
    return Error::businessLogic("IDEMPOTENCY_KEY_REUSED",
                                "The idempotency key was used for another request.");
  }
  if (answer.status == 402 || refusal.type == "card_error")
    return Error::businessLogic("CARD_DECLINED", "The card was declined.");
  if (answer.status == 404 && operation != kCreateSession)
    return Error::notFound("PAYMENT_NOT_FOUND", "There is no such payment.");
  if (answer.status == 400) return notTaken(refusal, operation);
  return provider::errorFor(kStripe, answer);
}

}  // namespace

PaymentOrder StripeClient::completed(PaymentOrder order) const {
  if (order.return_url.empty()) order.return_url = settings_.return_url;
  return order;
}

std::string StripeClient::sessionForm(const PaymentOrder& order, const Marks& marks) {
  const auto metadata = [&](FormWriter& out) {
    for (const auto& [name, value] : order.metadata) out.field(name, value);
    out.field("payment", marks.payment);
    out.field("reference", order.reference);
    out.field("tenant", marks.tenant);
    if (!marks.seal.empty()) out.field("seal", marks.seal);
  };
  std::string form;
  FormWriter out{form};
  out.field("mode", "payment");
  out.array("line_items", std::array{order.amount}, [&](FormWriter& item, std::int64_t amount) {
    item.object("price_data", [&](FormWriter& price) {
      price.field("currency", lowerCase(order.currency));
      price.field("unit_amount", amount);
      price.object("product_data", [&](FormWriter& product) {
        product.field("name", order.description.empty() ? order.reference : order.description);
      });
    });
    item.field("quantity", 1);
  });
  if (!order.return_url.empty()) out.field("success_url", order.return_url);
  if (!order.customer_email.empty()) out.field("customer_email", order.customer_email);
  out.object("payment_intent_data", [&](FormWriter& data) {
    if (order.capture_later) data.field("capture_method", "manual");
    if (!order.description.empty()) data.field("description", order.description);
    data.object("metadata", metadata);
  });
  out.object("metadata", metadata);
  return form;
}

Json StripeClient::createSession(const Context& context, std::string_view form,
                                 std::string_view key) const {
  return post(context, "/v1/checkout/sessions", kCreateSession, form, key);
}

Json StripeClient::session(const Context& context, std::string_view id) const {
  return get(context,
             "/v1/checkout/sessions/" + FormWriter::encoded(id) +
                 "?expand[0]=payment_intent.latest_charge",
             "checkout.sessions.retrieve");
}

Json StripeClient::expireSession(const Context& context, std::string_view id,
                                 std::string_view key) const {
  return post(context, "/v1/checkout/sessions/" + FormWriter::encoded(id) + "/expire",
              "checkout.sessions.expire", {}, key);
}

Json StripeClient::intent(const Context& context, std::string_view id) const {
  return get(context, "/v1/payment_intents/" + FormWriter::encoded(id) + "?expand[0]=latest_charge",
             "paymentIntents.retrieve");
}

Json StripeClient::captureIntent(const Context& context, std::string_view id,
                                 std::optional<std::int64_t> amount, std::string_view key) const {
  std::string form;
  FormWriter{form}.field("amount_to_capture", amount);
  return post(context, "/v1/payment_intents/" + FormWriter::encoded(id) + "/capture",
              "paymentIntents.capture", form, key);
}

Json StripeClient::cancelIntent(const Context& context, std::string_view id,
                                std::string_view key) const {
  return post(context, "/v1/payment_intents/" + FormWriter::encoded(id) + "/cancel",
              "paymentIntents.cancel", {}, key);
}

Json StripeClient::createRefund(const Context& context, const RefundOrder& order) const {
  std::string form;
  FormWriter out{form};
  out.field("payment_intent", order.intent);
  out.field("amount", order.amount);
  if (!order.reason.empty()) out.field("reason", order.reason);
  if (order.is_marked)
    out.object("metadata", [&](FormWriter& metadata) { metadata.field("refund", order.key); });
  return post(context, "/v1/refunds", "refunds.create", form, order.key);
}

std::optional<Json> StripeClient::findRefund(const Context& context, std::string_view intent,
                                             std::string_view key) const {
  constexpr std::string_view kOperation = "refunds.list";
  std::string last;
  for (int page = 0; page < kPagesMax; ++page) {
    std::string target{"/v1/refunds?"};
    FormWriter query{target};
    query.field("payment_intent", intent);
    query.field("limit", 100);
    if (!last.empty()) query.field("starting_after", last);
    OutboundRequest listing = request("GET", target, kOperation);
    listing.repeatable = true;
    const Json answer = send(context, listing);
    requireMember(answer, "data", kOperation);
    for (const Json& refund : bulkhead::arrayIn(answer, "data")) {
      if (textIn(bulkhead::memberIn(refund, "metadata"), "refund") == key) return refund;
      last = textIn(refund, "id");
    }
    if (!bulkhead::flagIn(answer, "has_more") || last.empty()) return std::nullopt;
  }
  throw provider::ambiguous(kStripe);  // a page that was not seen may have it
}

void StripeClient::check(const Context& context) const {
  OutboundRequest balance = request("GET", "/v1/balance", "balance.retrieve");
  balance.timeout = std::chrono::seconds{8};
  balance.repeatable = true;
  const OutboundAnswer answer = host_.send(context, balance);
  // A restricted key may not see the balance, and is good for all the same.
  if (answer.isOk() || answer.status == 403) return;
  throw provider::errorFor(kStripe, answer);
}

OutboundRequest StripeClient::request(std::string_view method, std::string_view target,
                                      std::string_view operation) const {
  required_.require();
  OutboundRequest request;
  request.method = method;
  request.url = std::string{bulkhead::withoutSlash(settings_.base_url)} + std::string{target};
  request.headers = {{"Accept", "application/json"},
                     {"Authorization", "Bearer " + settings_.secret_key},
                     {"Content-Type", "application/x-www-form-urlencoded"},
                     {"Stripe-Version", std::string{kApiVersion}}};
  request.operation = operation;
  return request;
}

Json StripeClient::get(const Context& context, std::string_view target,
                       std::string_view operation) const {
  OutboundRequest reading = request("GET", target, operation);
  reading.repeatable = true;
  Json object = send(context, reading);
  requireMember(object, "id", operation);
  return object;
}

Json StripeClient::post(const Context& context, std::string_view target, std::string_view operation,
                        std::string_view form, std::string_view key) const {
  OutboundRequest writing = request("POST", target, operation);
  writing.headers.emplace_back("Idempotency-Key", key);
  writing.body = form;
  writing.repeatable = true;  // the key makes it so
  Json object = send(context, writing);
  requireMember(object, "id", operation);
  return object;
}

Json StripeClient::send(const Context& context, const OutboundRequest& request) const {
  const OutboundAnswer answer = host_.send(context, request);
  const std::string id{answer.header("request-id").value_or("")};
  if (!answer.isOk()) {
    const Refusal refusal = Refusal::of(answer.body);
    Error error = errorOf(answer, refusal, request);
    host_.warn("Stripe did not do what was asked", "operation", request.operation, "became",
               error.code(), "status", answer.status, "why", answer.code, "type", refusal.type,
               "stripe_code", refusal.code, "param", refusal.param, "stripe_request", id);
    if (answer.status >= 400 && answer.status < 500 && !refusal.type.empty())
      throw std::move(error).withDetails(refusal.details());
    throw error;
  }
  return bulkhead::readJson(answer.body);
}

/// Every object of Stripe's has an `id`, every list its `data`.
void StripeClient::requireMember(const Json& document, const char* name,
                                 std::string_view operation) const {
  const Json& member = bulkhead::memberIn(document, name);
  if (member.is_array() || (member.is_string() && !member.get_ref<const std::string&>().empty()))
    return;
  host_.warn("Stripe's answer cannot be read", "operation", operation);
  throw provider::answerInvalid(kStripe);
}

}  // namespace stripe
