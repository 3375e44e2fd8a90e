#include "payment_routes.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/json_fields.hpp>
#include <bulkhead/recovery.hpp>

namespace stripe {
namespace {

using bulkhead::integerIn;
using bulkhead::Recovery;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::textIn;
using Json = nlohmann::json;

constexpr std::string_view kOrder =
    R"({"type":"object","required":["amount","currency","reference"],"additionalProperties":false,"properties":{
        "amount":{"type":"integer","minimum":1,"maximum":9007199254740991,"description":"In minor units of the currency."},
        "currency":{"type":"string","minLength":3,"maxLength":3,"pattern":"^[A-Z]{3}$","description":"ISO 4217."},
        "reference":{"type":"string","minLength":1,"maxLength":255,"description":"Your own id of what is paid: an invoice, an appointment."},
        "description":{"type":"string","minLength":1,"maxLength":500,"description":"What the payer reads."},
        "customer":{"type":"object","additionalProperties":false,"properties":{"email":{"type":"string","minLength":1,"maxLength":254}}},
        "return_url":{"type":"string","minLength":1,"maxLength":2048},
        "capture":{"enum":["now","later"],"default":"now"},
        "metadata":{"type":"object","maxProperties":20,"additionalProperties":{"type":"string","maxLength":500}}}})";
constexpr std::string_view kExample =
    R"({"amount":4900,"currency":"EUR","reference":"INV-2026-0042","description":"Invoice 42"})";
constexpr std::string_view kLink =
    R"({"type":"object","required":["id","url","status","amount","currency","reference"],"properties":{
        "id":{"type":"string"},"url":{"type":"string","description":"Where the payer pays."},
        "status":{"type":"string"},"amount":{"type":"integer"},"currency":{"type":"string"},
        "reference":{"type":"string"},"created_at":{"type":"string"}}})";

std::string linkOf(const Payment& payment) {
  return bulkhead::toJson([&](bulkhead::JsonWriter& out) {
    out.object("id", payment.id, "url", payment.checkout_url, "status", payment.status, "amount",
               payment.amount, "currency", payment.currency, "reference", payment.reference,
               "created_at", instantOf(payment.created_s));
  });
}

/// The members of a call at a payment that is there.
struct Step {
  explicit Step(const Request& call, const char* payment = "id")
      : request(Json::parse(call.body())),
        id{textIn(request, payment)},
        key{textIn(request, "idempotency_key")},
        amount{integerIn(request, "amount")} {}

  Json request;
  std::string id, key;
  std::optional<std::int64_t> amount;
};

void provideCalls(bulkhead::Registrar& host, const Payments& payments) {
  constexpr std::string_view kPayments = "payments/1";
  host.provide(kPayments, "create_payment", [&payments](const Request& call) {
    const Step step{call};
    return toJson(
        payments.create({call.context(), call.tenant()}, parseOrder(call.body()), step.key));
  });
  host.provide(kPayments, "get_payment", [&payments](const Request& call) {
    return toJson(payments.get({call.context(), call.tenant()}, Step{call}.id));
  });
  host.provide(kPayments, "capture_payment", [&payments](const Request& call) {
    const Step step{call};
    return toJson(
        payments.capture({call.context(), call.tenant()}, step.id, step.amount, step.key));
  });
  host.provide(kPayments, "cancel_payment", [&payments](const Request& call) {
    const Step step{call};
    return toJson(payments.cancel({call.context(), call.tenant()}, step.id, step.key));
  });
  host.provide(kPayments, "create_refund", [&payments](const Request& call) {
    const Step step{call, "payment"};
    return toJson(payments.refund({call.context(), call.tenant()}, step.id, step.amount,
                                  textIn(step.request, "reason"), step.key));
  });
}

}  // namespace

void addPaymentRoutes(bulkhead::Registrar& host, const Payments& payments) {
  provideCalls(host, payments);
  host.route(
      {.method = "POST",
       .path = "/payment-links",
       .scope = "stripe:write",
       .summary = "Makes a page of Stripe's on which somebody pays",
       .request = kOrder,
       .response = kLink,
       .success = 201,
       .errors = {"NOT_CONFIGURED", "AMOUNT_NOT_ACCEPTED", "CURRENCY_NOT_ACCEPTED", "CARD_DECLINED",
                  "PROVIDER_UNREACHABLE", "PROVIDER_AMBIGUOUS", "PROVIDER_RATE_LIMITED",
                  "PROVIDER_KEY_REFUSED", "PROVIDER_REFUSED", "PROVIDER_FAILED",
                  "PROVIDER_ANSWER_INVALID"},
       .example = kExample,
       .idempotency = bulkhead::Idempotency::Required,
       .recovery_points = {"created"}},
      [&payments](const Request& request, Recovery& recovery) {
        std::string link = recovery.call("created", [&] {
          return linkOf(payments.create({request.context(), request.tenant()},
                                        parseOrder(request.body()), recovery.token("created")));
        });
        return Response::jsonText(201, std::move(link));
      });
}

}  // namespace stripe
