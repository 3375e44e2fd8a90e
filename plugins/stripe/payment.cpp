#include "payment.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include <bulkhead/error.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/signing.hpp>
#include <bulkhead/timestamp.hpp>

#include "expandable.hpp"

namespace stripe {
namespace {

using bulkhead::integerIn;
using bulkhead::objectIn;
using bulkhead::textIn;
using Json = nlohmann::json;

std::string statusOf(const Json& intent) {
  static const std::map<std::string, std::string, std::less<>> kStatuses{
      {"requires_action", "action_required"},
      {"requires_capture", "authorized"},
      {"succeeded", "succeeded"},
      {"canceled", "canceled"},
  };
  const std::string status = textIn(intent, "status");
  if (status == "requires_payment_method" && objectIn(intent, "last_payment_error") != nullptr)
    return "failed";
  const auto known = kStatuses.find(status);
  return known == kStatuses.end() ? "pending" : known->second;
}

std::string failureOf(const Json& intent) {
  const Json* const error = objectIn(intent, "last_payment_error");
  if (error == nullptr) return {};
  const std::string declined = textIn(*error, "decline_code");
  return declined.empty() ? textIn(*error, "code") : declined;
}

std::string sessionStatusOf(const Json& session) {
  const std::string status = textIn(session, "status");
  if (status == "expired") return "canceled";
  const bool is_paid = textIn(session, "payment_status") == "paid" ||
                       textIn(session, "payment_status") == "no_payment_required";
  return status == "complete" && is_paid ? "succeeded" : "pending";
}

std::string mapped(std::string text, int (*change)(int)) {
  std::transform(text.begin(), text.end(), text.begin(), [change](unsigned char c) {
    return c < 128 ? static_cast<char>(change(c)) : static_cast<char>(c);
  });
  return text;
}

int toUpper(int c) {
  return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}
int toLower(int c) {
  return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

}  // namespace

PaymentOrder parseOrder(std::string_view json) {
  static constexpr std::array<std::string_view, 4> kOurs{"payment", "reference", "seal", "tenant"};
  // Whose units at Stripe are not the minor units of ISO 4217.
  static constexpr std::array<std::string_view, 3> kOtherUnits{"ISK", "MGA", "UGX"};
  const Json request = Json::parse(json);
  PaymentOrder order;
  order.amount = request.at("amount").get<std::int64_t>();
  order.currency = textIn(request, "currency");
  if (std::find(kOtherUnits.begin(), kOtherUnits.end(), order.currency) != kOtherUnits.end()) {
    throw bulkhead::Error::businessLogic("CURRENCY_NOT_ACCEPTED",
                                         "ISK, MGA and UGX are not taken.");
  }
  order.reference = textIn(request, "reference");
  order.description = textIn(request, "description");
  order.return_url = textIn(request, "return_url");
  order.capture_later = textIn(request, "capture") == "later";
  if (const Json* customer = objectIn(request, "customer"))
    order.customer_email = textIn(*customer, "email");
  if (const Json* metadata = objectIn(request, "metadata")) {
    for (const auto& [name, value] : metadata->items()) {
      if (std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end()) {
        throw bulkhead::Error::businessLogic(
            "PROVIDER_REFUSED", "metadata has no members payment, reference, seal and tenant.");
      }
      order.metadata.emplace_back(name, value.get<std::string>());
    }
  }
  return order;
}

std::string paymentId(std::string_view tenant, std::string_view key) {
  constexpr std::size_t kDigits = 32;
  std::string whole{tenant};
  whole += '\n';
  whole += key;
  return "pay_" + bulkhead::sha256Hex(whole).substr(0, kDigits);
}

void readSession(const Json& session, Payment& payment) {
  payment.session = textIn(session, "id");
  if (auto url = textIn(session, "url"); !url.empty()) payment.checkout_url = std::move(url);
  payment.amount = integerIn(session, "amount_total").value_or(payment.amount);
  if (auto currency = textIn(session, "currency"); !currency.empty())
    payment.currency = upperCase(std::move(currency));
  payment.created_s = integerIn(session, "created").value_or(payment.created_s);
  if (auto intent = idIn(session, "payment_intent"); !intent.empty())
    payment.intent = std::move(intent);
  payment.status = sessionStatusOf(session);
  const Json* const intent = objectIn(session, "payment_intent");
  if (intent == nullptr || payment.status == "canceled") return;
  const std::int64_t created_s = payment.created_s;
  readIntent(*intent, payment);
  payment.created_s = created_s;
}

void readIntent(const Json& intent, Payment& payment) {
  payment.intent = textIn(intent, "id");
  payment.status = statusOf(intent);
  payment.failure_code = failureOf(intent);
  payment.amount = integerIn(intent, "amount").value_or(payment.amount);
  if (auto currency = textIn(intent, "currency"); !currency.empty())
    payment.currency = upperCase(std::move(currency));
  if (payment.created_s == 0) payment.created_s = integerIn(intent, "created").value_or(0);
  if (const Json* charge = objectIn(intent, "latest_charge"))
    payment.amount_refunded = refundedOf(*charge);
}

std::int64_t refundedOf(const Json& charge) {
  const std::int64_t told = integerIn(charge, "amount_refunded").value_or(0);
  const std::int64_t amount = integerIn(charge, "amount").value_or(0);
  const std::int64_t taken = integerIn(charge, "amount_captured").value_or(amount);
  return std::max<std::int64_t>(0, told - (amount - taken));
}

Refund readRefund(const Json& refund, const Payment& payment) {
  const std::string status = textIn(refund, "status");
  const bool is_final = status == "succeeded" || status == "failed" || status == "canceled";
  return {textIn(refund, "id"), payment.id, is_final ? status : "pending",
          integerIn(refund, "amount").value_or(0), upperCase(textIn(refund, "currency"))};
}

std::string toJson(const Payment& payment) {
  return bulkhead::toJson([&](bulkhead::JsonWriter& out) {
    const auto text = [&](std::string_view name, const std::string& value) {
      if (!value.empty()) out.member(name, value);
    };
    out.beginObject();
    out.member("id", payment.id);
    out.member("status", payment.status);
    out.member("amount", payment.amount);
    out.member("currency", payment.currency);
    out.member("amount_refunded", payment.amount_refunded);
    text("checkout_url", payment.checkout_url);
    text("failure_code", payment.failure_code);
    text("reference", payment.reference);
    if (payment.created_s != 0) out.member("created_at", instantOf(payment.created_s));
    out.endObject();
  });
}

std::string toJson(const Refund& refund) {
  return bulkhead::toJson([&](bulkhead::JsonWriter& out) {
    out.object("id", refund.id, "payment", refund.payment, "status", refund.status, "amount",
               refund.amount, "currency", refund.currency);
  });
}

std::string instantOf(std::int64_t unix_s) {
  return bulkhead::rfc3339(std::chrono::seconds{unix_s});
}

std::string upperCase(std::string text) {
  return mapped(std::move(text), &toUpper);
}
std::string lowerCase(std::string text) {
  return mapped(std::move(text), &toLower);
}

}  // namespace stripe
