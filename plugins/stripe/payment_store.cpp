#include "payment_store.hpp"

#include <string>

namespace stripe {
namespace {

/// Stripe knows a key for a day at least, and thirty at most.
constexpr std::int64_t kAttemptsKeptUs = 31LL * 24 * 3600 * 1'000'000;

std::optional<std::string_view> orNone(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional{text};
}

std::string selecting(std::string_view condition) {
  return "SELECT id, tenant, reference, fingerprint, session, intent, status, amount, currency, "
         "amount_refunded, checkout_url, created_s, news_s, unsealed FROM payment WHERE " +
         std::string{condition};
}

Payment paymentFrom(const bulkhead::Row& row) {
  Payment payment;
  payment.id = row.string(0);
  payment.tenant = row.string(1);
  payment.reference = row.string(2);
  payment.fingerprint = row.string(3);
  payment.session = row.optionalString(4).value_or("");
  payment.intent = row.optionalString(5).value_or("");
  payment.status = row.string(6);
  payment.amount = row.integer(7);
  payment.currency = row.string(8);
  payment.amount_refunded = row.integer(9);
  payment.checkout_url = row.optionalString(10).value_or("");
  payment.created_s = row.integer(11);
  payment.news_s = row.integer(12);
  payment.is_unsealed = row.integer(13) != 0;
  return payment;
}

}  // namespace

void insertPayment(bulkhead::Transaction& transaction, const Payment& payment) {
  transaction.send(
      "INSERT INTO payment (id, tenant, reference, fingerprint, session, intent, status, amount, "
      "currency, amount_refunded, checkout_url, created_s, unsealed) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (id) DO UPDATE "
      "SET fingerprint = excluded.fingerprint, session = excluded.session, "
      "checkout_url = excluded.checkout_url WHERE payment.fingerprint = ''",
      bulkhead::values(payment.id, payment.tenant, payment.reference, payment.fingerprint,
                       orNone(payment.session), orNone(payment.intent), payment.status,
                       payment.amount, payment.currency, payment.amount_refunded,
                       orNone(payment.checkout_url), payment.created_s,
                       payment.is_unsealed ? 1 : 0));
  transaction.send("DELETE FROM attempt WHERE id = $1", bulkhead::values(payment.id));
}

std::optional<Payment> findPayment(bulkhead::ReadTransaction& snapshot, std::string_view tenant,
                                   std::string_view id) {
  return snapshot.first(selecting("tenant = $1 AND id = $2"), bulkhead::values(tenant, id),
                        &paymentFrom);
}

std::optional<Payment> findPaymentOfAny(bulkhead::ReadTransaction& snapshot, std::string_view id) {
  return snapshot.first(selecting("id = $1"), bulkhead::values(id), &paymentFrom);
}

std::optional<Payment> findPaymentMadeOf(bulkhead::ReadTransaction& snapshot,
                                         std::string_view session, std::string_view intent) {
  // Its intent may have been heard of before it was known whose it is.
  return snapshot.first(selecting("session = $1 OR intent = $2 ORDER BY CASE WHEN session = $1 "
                                  "THEN 0 WHEN tenant <> '' THEN 1 ELSE 2 END LIMIT 1"),
                        bulkhead::values(orNone(session), orNone(intent)), &paymentFrom);
}

void storeNews(bulkhead::Transaction& transaction, const Payment& payment) {
  transaction.send(
      "INSERT INTO payment (id, tenant, reference, fingerprint, session, intent, status, amount, "
      "currency, amount_refunded, created_s, news_s, unsealed) "
      "VALUES ($1, $2, $3, '', $4, $5, $6, $7, $8, $9, $10, $11, 0) ON CONFLICT (id) DO UPDATE SET "
      "session = excluded.session, intent = excluded.intent, status = excluded.status, "
      "amount_refunded = excluded.amount_refunded, news_s = excluded.news_s",
      bulkhead::values(payment.id, payment.tenant, payment.reference, orNone(payment.session),
                       orNone(payment.intent), payment.status, payment.amount, payment.currency,
                       payment.amount_refunded, payment.created_s, payment.news_s));
}

Attempt keepAttempt(bulkhead::Transaction& transaction, std::string_view id, const Attempt& attempt,
                    std::int64_t now_us) {
  transaction.send("DELETE FROM attempt WHERE began_us < $1",
                   bulkhead::values(now_us - kAttemptsKeptUs));
  transaction.send(
      "INSERT INTO attempt (id, fingerprint, form, began_us) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (id) DO NOTHING",
      bulkhead::values(id, attempt.fingerprint, attempt.form, now_us));
  return findAttempt(transaction, id).value_or(attempt);
}

std::optional<Attempt> findAttempt(bulkhead::ReadTransaction& snapshot, std::string_view id) {
  return snapshot.first("SELECT fingerprint, form FROM attempt WHERE id = $1", bulkhead::values(id),
                        [](const bulkhead::Row& row) {
                          return Attempt{row.string(0), row.string(1)};
                        });
}

void keepRefund(bulkhead::Transaction& transaction, std::string_view key, const Refund& refund) {
  transaction.send(
      "INSERT INTO refund (key, id, payment, status, amount, currency) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING",
      bulkhead::values(key, refund.id, refund.payment, refund.status, refund.amount,
                       refund.currency));
}

std::optional<Refund> findRefund(bulkhead::ReadTransaction& snapshot, std::string_view key) {
  return snapshot.first(
      "SELECT id, payment, status, amount, currency FROM refund WHERE key = $1",
      bulkhead::values(key), [](const bulkhead::Row& row) {
        return Refund{row.string(0), row.string(1), row.string(2), row.integer(3), row.string(4)};
      });
}

}  // namespace stripe
