#include "payments.hpp"

#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>
#include <bulkhead/provider_error.hpp>
#include <bulkhead/signing.hpp>

namespace stripe {
namespace {

using bulkhead::Error;

/// Stripe's key for a step at a payment: equal in every attempt at it.
std::string stripeKey(std::string_view operation, const Payment& payment, std::string_view key) {
  std::string whole{payment.id};
  whole += '\n';
  whole += key;
  return std::string{operation} + "_" + bulkhead::sha256Hex(whole);
}

Error keyReused(std::string_view what) {
  return Error::businessLogic("IDEMPOTENCY_KEY_REUSED",
                              "The idempotency key was used for " + std::string{what} + ".");
}

/// What `make` gives. Where Stripe has seen its key with another body, an earlier version has sent
/// that, and `make_as_before` sends it again.
template <class Make, class MakeAsBefore>
nlohmann::json onceUnderKey(const Make& make, const MakeAsBefore& make_as_before) {
  try {
    return make();
  } catch (const Error& error) {
    if (error.code() != "IDEMPOTENCY_KEY_REUSED") throw;
    return make_as_before();
  }
}

void refuseOther(const Payment& payment, std::string_view fingerprint) {
  if (!payment.fingerprint.empty() && payment.fingerprint != fingerprint)
    throw keyReused("another payment");
}

}  // namespace

Payment Payments::create(const Caller& caller, const PaymentOrder& asked,
                         std::string_view key) const {
  const std::string id = paymentId(caller.tenant, key);
  const PaymentOrder order = client_.completed(asked);
  const StripeClient::Marks unsealed{id, caller.tenant, {}};
  // The order as it was asked for; an earlier version took it with what its settings said.
  const std::string fingerprint = bulkhead::sha256Hex(StripeClient::sessionForm(asked, unsealed));
  if (const auto known = find(caller, id)) {
    if (known->fingerprint != bulkhead::sha256Hex(StripeClient::sessionForm(order, unsealed)))
      refuseOther(*known, fingerprint);
    if (!known->checkout_url.empty() || (!known->session.empty() && known->status != "pending"))
      return *known;
  }
  const Attempt attempt = beginAttempt(caller, order, id, fingerprint);
  Payment payment;
  payment.id = id;
  payment.tenant = caller.tenant;
  payment.reference = order.reference;
  payment.fingerprint = fingerprint;
  payment.amount = order.amount;
  payment.currency = order.currency;
  const auto made = onceUnderKey(
      [&] { return client_.createSession(caller.context, attempt.form, id); },
      [&] {
        payment.is_unsealed = true;
        return client_.createSession(caller.context,
                                     StripeClient::sessionForm(order, {id, caller.tenant, {}}), id);
      });
  readSession(made, payment);
  if (payment.checkout_url.empty()) throw bulkhead::provider::answerInvalid("Stripe");
  host_.write(caller.context,
              [&](bulkhead::Transaction& transaction) { insertPayment(transaction, payment); });
  return payment;
}

Attempt Payments::beginAttempt(const Caller& caller, const PaymentOrder& order, std::string_view id,
                               const std::string& fingerprint) const {
  auto kept = host_.read(caller.context, [&](bulkhead::ReadTransaction& snapshot) {
    return findAttempt(snapshot, id);
  });
  if (!kept) {
    const std::string seal = seal_.of(
        caller.context, {id, caller.tenant, order.reference, order.amount, order.currency});
    const Attempt fresh{fingerprint, StripeClient::sessionForm(order, {id, caller.tenant, seal})};
    kept = host_.write(caller.context, [&](bulkhead::Transaction& transaction) {
      return keepAttempt(transaction, id, fresh, host_.now().time_since_epoch().count());
    });
  }
  if (kept->fingerprint != fingerprint) throw keyReused("another payment");
  return *std::move(kept);
}

Payment Payments::get(const Caller& caller, std::string_view id) const {
  Payment payment = require(caller, id);
  if (!payment.session.empty()) {
    readSession(client_.session(caller.context, payment.session), payment);
  } else {
    readIntent(client_.intent(caller.context, payment.intent), payment);
  }
  return payment;
}

Payment Payments::capture(const Caller& caller, std::string_view id,
                          std::optional<std::int64_t> amount, std::string_view key) const {
  Payment payment = requireBegun(caller, id);
  readIntent(client_.captureIntent(caller.context, payment.intent, amount,
                                   stripeKey("capture", payment, key)),
             payment);
  return payment;
}

Payment Payments::cancel(const Caller& caller, std::string_view id, std::string_view key) const {
  Payment payment = get(caller, id);
  if (payment.status == "canceled") return payment;
  const std::string vendor_key = stripeKey("cancel", payment, key);
  // While its Checkout is open, a payment is canceled by that one's end.
  if (!payment.session.empty() && payment.status != "authorized" && payment.status != "succeeded") {
    readSession(client_.expireSession(caller.context, payment.session, vendor_key), payment);
  } else {
    readIntent(client_.cancelIntent(caller.context, payment.intent, vendor_key), payment);
  }
  return payment;
}

Refund Payments::refund(const Caller& caller, std::string_view id,
                        std::optional<std::int64_t> amount, std::string_view reason,
                        std::string_view key) const {
  const Payment payment = requireBegun(caller, id);
  const std::string vendor_key = stripeKey("refund", payment, key);
  auto given = host_.read(caller.context, [&](bulkhead::ReadTransaction& snapshot) {
    return findRefund(snapshot, vendor_key);
  });
  if (!given) {
    given = giveBack(caller, payment, {payment.intent, vendor_key, amount, reason});
    host_.write(caller.context, [&](bulkhead::Transaction& transaction) {
      keepRefund(transaction, vendor_key, *given);
    });
  }
  if (amount && *amount != given->amount) throw keyReused("another refund");
  return *std::move(given);
}

Refund Payments::giveBack(const Caller& caller, const Payment& payment,
                          const RefundOrder& order) const {
  if (const auto made = client_.findRefund(caller.context, payment.intent, order.key))
    return readRefund(*made, payment);
  const auto made = onceUnderKey([&] { return client_.createRefund(caller.context, order); },
                                 [&] {
                                   RefundOrder unmarked = order;
                                   unmarked.is_marked = false;
                                   return client_.createRefund(caller.context, unmarked);
                                 });
  return readRefund(made, payment);
}

std::optional<Payment> Payments::find(const Caller& caller, std::string_view id) const {
  return host_.read(caller.context, [&](bulkhead::ReadTransaction& snapshot) {
    return findPayment(snapshot, caller.tenant, id);
  });
}

Payment Payments::require(const Caller& caller, std::string_view id) const {
  auto payment = find(caller, id);
  if (!payment) throw Error::notFound("PAYMENT_NOT_FOUND", "There is no such payment.");
  return *std::move(payment);
}

/// A payment that its payer has begun: only then is there an intent.
Payment Payments::requireBegun(const Caller& caller, std::string_view id) const {
  Payment payment = require(caller, id);
  if (payment.intent.empty()) payment = get(caller, id);
  if (payment.intent.empty())
    throw Error::conflict("ILLEGAL_TRANSITION", "Nobody has begun to pay it.");
  return payment;
}

}  // namespace stripe
