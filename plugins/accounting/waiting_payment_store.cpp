#include "waiting_payment_store.hpp"

#include <algorithm>
#include <charconv>

namespace accounting {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

/// Nobody counts further.
constexpr int kCountMax = 1000;

const std::string kSelect =
    "select id, payment, kind, body, code, message, tries, received_at, tried_at "
    "from waiting_payment where tenant = $1 and ";

WaitingPayment read(const Row& row) {
  return {row.string(0),  {row.string(1), row.string(2), row.string(3)},
          row.string(4),  row.string(5),
          row.integer(6), row.integer(7),
          row.integer(8)};
}

}  // namespace

std::string WaitingPaymentStore::placeAfter(const WaitingPayment& last) {
  return std::to_string(last.received_at) + '.' + last.id;
}

bool WaitingPaymentStore::readPlace(std::string_view text, Filter& filter) {
  const auto point = text.find('.');
  if (point == std::string_view::npos) return false;
  const char* const end = text.data() + point;
  filter.after_id = text.substr(point + 1);
  const auto read = std::from_chars(text.data(), end, filter.after_time);
  return read.ec == std::errc{} && read.ptr == end && !filter.after_id.empty();
}

std::vector<WaitingPayment> WaitingPaymentStore::list(ReadTransaction& transaction,
                                                      std::string_view tenant,
                                                      const Filter& filter) {
  const std::string sql = kSelect + "(received_at, id) > ($2, $3) and " +
                          (filter.payment ? "payment = $4" : "(payment = $4 or $4 is null)") +
                          " and " + (filter.code ? "code = $5" : "(code = $5 or $5 is null)") +
                          " order by received_at, id limit $6";
  return transaction.list(
      sql,
      values(tenant, filter.after_time, filter.after_id, filter.payment, filter.code, filter.limit),
      read);
}

std::optional<WaitingPayment> WaitingPaymentStore::find(ReadTransaction& transaction,
                                                        std::string_view tenant,
                                                        std::string_view id) {
  static const std::string kSql = kSelect + "id = $2";
  return transaction.first(kSql, values(tenant, id), read);
}

std::optional<WaitingPayment> WaitingPaymentStore::findSame(ReadTransaction& transaction,
                                                            std::string_view tenant,
                                                            const PaymentNews& news) {
  static const std::string kSql = kSelect + "payment = $2 and kind = $3 and body = $4";
  return transaction.first(kSql, values(tenant, news.payment, news.kind, news.body), read);
}

std::vector<WaitingCount> WaitingPaymentStore::counts(ReadTransaction& transaction) {
  std::vector<WaitingCount> counts;
  const auto code = [](const Row& row) { return row.string(0); };
  std::string last;
  while (const auto next = transaction.first(
             "select code from waiting_payment where code > $1 order by code limit 1", values(last),
             code)) {
    last = *next;
    counts.push_back(
        {last, *transaction.first("select count(*) from (select 1 from waiting_payment where "
                                  "code = $1 limit $2) counted",
                                  values(last, kCountMax),
                                  [](const Row& row) { return row.integer(0); })});
  }
  std::stable_sort(counts.begin(), counts.end(), [](const WaitingCount& a, const WaitingCount& b) {
    return a.payments > b.payments;
  });
  return counts;
}

bool WaitingPaymentStore::beginPass(Transaction& write, std::string_view tenant,
                                    std::string_view code) {
  const auto any = [](const Row&) { return true; };
  if (!write.first("select 1 from waiting_payment where code = $2 and tenant = $1 limit 1",
                   values(tenant, code), any))
    return false;
  return write
      .first(
          "insert into waiting_pass (tenant, code, again) values ($1, $2, 0) "
          "on conflict (tenant, code) do update set again = 1 returning again",
          values(tenant, code), [](const Row& row) { return row.integer(0) == 0; })
      .value();
}

bool WaitingPaymentStore::endPass(Transaction& write, std::string_view tenant,
                                  std::string_view code) {
  const auto again = write.first(
      "update waiting_pass set again = 0 where tenant = $1 and code = $2 and again = 1 "
      "returning 1",
      values(tenant, code), [](const Row&) { return true; });
  if (again) return false;
  write.send("delete from waiting_pass where tenant = $1 and code = $2", values(tenant, code));
  return true;
}

void WaitingPaymentStore::insert(Transaction& write, std::string_view tenant,
                                 const WaitingPayment& waiting) {
  write.send(
      "insert into waiting_payment (tenant, id, payment, kind, body, code, message, tries, "
      "received_at, tried_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      values(tenant, waiting.id, waiting.news.payment, waiting.news.kind, waiting.news.body,
             waiting.code, waiting.message, waiting.tries, waiting.received_at, waiting.tried_at));
}

void WaitingPaymentStore::update(Transaction& write, std::string_view tenant,
                                 const WaitingPayment& waiting) {
  write.send(
      "update waiting_payment set code = $3, message = $4, tries = $5, tried_at = $6 "
      "where tenant = $1 and id = $2",
      values(tenant, waiting.id, waiting.code, waiting.message, waiting.tries, waiting.tried_at));
}

void WaitingPaymentStore::erase(Transaction& write, std::string_view tenant, std::string_view id) {
  write.send("delete from waiting_payment where tenant = $1 and id = $2", values(tenant, id));
}

}  // namespace accounting
