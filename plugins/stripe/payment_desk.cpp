#include "payment_desk.hpp"

#include <algorithm>

#include <bulkhead/json_writer.hpp>

#include "payment_store.hpp"

namespace stripe {
namespace {

std::string_view nameOf(NewsKind kind) {
  switch (kind) {
    case NewsKind::Begun:
      break;
    case NewsKind::Succeeded:
      return "payment_succeeded";
    case NewsKind::Failed:
      return "payment_failed";
    case NewsKind::Canceled:
      return "payment_canceled";
    case NewsKind::Refunded:
      return "payment_refunded";
    case NewsKind::DisputeOpened:
      return "dispute_opened";
    case NewsKind::DisputeClosed:
      return "dispute_closed";
    case NewsKind::PayoutPaid:
      return "payout_paid";
  }
  return {};
}

bool isFinal(const std::string& status) {
  return status == "succeeded" || status == "canceled";
}

/// Whether what is known of the payment's objects is not these: then they are somebody's copies.
bool isMadeOfOthers(const Payment& payment, const PaymentNews& news) {
  const auto differ = [](const std::string& known, const std::string& told) {
    return !known.empty() && !told.empty() && known != told;
  };
  return differ(payment.session, news.session) || differ(payment.intent, news.intent);
}

/// Whether the payment is of another amount than the objects that it is told of. What an earlier
/// version has kept may be the amount that was captured.
bool isOfAnotherAmount(const Payment& payment, const PaymentNews& news) {
  if (payment.tenant.empty() || payment.is_unsealed || news.order_amount == 0) return false;
  return payment.amount != news.order_amount || payment.currency != news.currency;
}

/// One of the account that was begun elsewhere has Stripe's id, and is nobody's here.
Payment foreignPayment(const PaymentNews& news) {
  Payment payment;
  payment.id = news.intent.empty() ? news.session : news.intent;
  payment.amount = news.amount;
  payment.currency = news.currency;
  payment.created_s = news.occurred_s;
  return payment;
}

/// What is different after the news; nothing when they are old. The key is that of the change.
std::string change(Payment& payment, const PaymentNews& news) {
  const std::string whose = payment.id + ":";
  switch (news.kind) {
    case NewsKind::Begun:
      return {};
    case NewsKind::Succeeded:
      if (payment.status == "succeeded") return {};
      payment.status = "succeeded";
      return whose + "succeeded";
    case NewsKind::Failed:
      if (isFinal(payment.status) || news.occurred_s < payment.news_s) return {};
      payment.status = "failed";
      return whose +
             "failed:" + (news.object.empty() ? std::to_string(news.occurred_s) : news.object);
    case NewsKind::Canceled:
      if (isFinal(payment.status)) return {};
      payment.status = "canceled";
      return whose + "canceled";
    case NewsKind::Refunded:
      if (news.amount_refunded <= payment.amount_refunded) return {};
      payment.amount_refunded = news.amount_refunded;
      return whose + "refunded:" + std::to_string(news.amount_refunded);
    case NewsKind::DisputeOpened:
      return news.object + ":opened";
    case NewsKind::DisputeClosed:
      return news.object + ":closed";
    case NewsKind::PayoutPaid:
      return news.object + ":paid";
  }
  return {};
}

}  // namespace

void PaymentDesk::take(bulkhead::Transaction& transaction, const PaymentNews& news) const {
  Payment payment = news.kind == NewsKind::PayoutPaid ? Payment{} : paymentOf(transaction, news);
  if (news.kind == NewsKind::PayoutPaid) payment.id = news.object;
  const std::string key = change(payment, news);
  if (news.kind != NewsKind::PayoutPaid) {
    if (!news.session.empty()) payment.session = news.session;
    if (!news.intent.empty()) payment.intent = news.intent;
    if (news.kind != NewsKind::Begun) payment.news_s = std::max(payment.news_s, news.occurred_s);
    storeNews(transaction, payment);
  }
  if (!key.empty()) publish(transaction, news, payment, key);
}

Payment PaymentDesk::paymentOf(bulkhead::ReadTransaction& snapshot, const PaymentNews& news) const {
  if (auto sealed = sealedPayment(snapshot, news)) return *std::move(sealed);
  if (auto known = findPaymentMadeOf(snapshot, news.session, news.intent)) {
    if (!isOfAnotherAmount(*known, news)) return *std::move(known);
    host_.warn("An event tells a payment with another amount than it was made with", "session",
               news.session, "intent", news.intent);
    return foreignPayment(news);
  }
  if (auto unsealed = unsealedPayment(snapshot, news)) return *std::move(unsealed);
  if (!news.payment.empty()) {
    host_.warn("An event names a payment in metadata that are not ours", "session", news.session,
               "intent", news.intent);
  }
  return foreignPayment(news);
}

/// The payment that we made, also where its maker has died before it was kept.
std::optional<Payment> PaymentDesk::sealedPayment(bulkhead::ReadTransaction& snapshot,
                                                  const PaymentNews& news) const {
  if (news.payment.empty() || news.seal.empty()) return std::nullopt;
  const bool is_ours = seal_.isGood(
      snapshot, {news.payment, news.tenant, news.reference, news.order_amount, news.currency},
      news.seal);
  if (!is_ours) return std::nullopt;
  if (auto known = findPaymentOfAny(snapshot, news.payment)) {
    if (isMadeOfOthers(*known, news)) return std::nullopt;
    return known;
  }
  Payment payment = foreignPayment(news);
  payment.id = news.payment;
  payment.tenant = news.tenant;
  payment.reference = news.reference;
  payment.amount = news.order_amount;
  return payment;
}

/// The payment of an earlier version, which wrote no seals and did not know the intent yet. It is
/// believed until it is: then it needs no metadata.
std::optional<Payment> PaymentDesk::unsealedPayment(bulkhead::ReadTransaction& snapshot,
                                                    const PaymentNews& news) const {
  if (news.payment.empty() || !news.seal.empty()) return std::nullopt;
  auto known = findPaymentOfAny(snapshot, news.payment);
  if (!known || !known->is_unsealed || !known->intent.empty() || isMadeOfOthers(*known, news))
    return std::nullopt;
  const bool is_same = known->tenant == news.tenant && known->reference == news.reference &&
                       known->amount == news.order_amount && known->currency == news.currency;
  return is_same ? known : std::nullopt;
}

void PaymentDesk::publish(bulkhead::Transaction& transaction, const PaymentNews& news,
                          const Payment& payment, const std::string& key) const {
  const bool is_dispute =
      news.kind == NewsKind::DisputeOpened || news.kind == NewsKind::DisputeClosed;
  const std::string payload = bulkhead::toJson([&](bulkhead::JsonWriter& out) {
    const auto text = [&](std::string_view name, const std::string& value) {
      if (!value.empty()) out.member(name, value);
    };
    out.beginObject();
    out.member("id", payment.id);
    text("reference", payment.reference);
    text("tenant", payment.tenant);
    out.member("amount", news.amount);
    out.member("currency", news.currency);
    out.member("occurred_at", instantOf(news.occurred_s));
    if (payment.amount_refunded > 0) out.member("amount_refunded", payment.amount_refunded);
    if (news.fee) out.member("fee", *news.fee);
    if (news.kind == NewsKind::Failed) text("failure_code", news.failure_code);
    if (is_dispute) out.member("dispute", news.object);
    if (news.kind == NewsKind::DisputeClosed) out.member("outcome", news.outcome);
    out.endObject();
  });
  events_.publish(transaction, nameOf(news.kind), payload,
                  {.tenant = payment.tenant, .subject = payment.id, .key = key});
}

}  // namespace stripe
