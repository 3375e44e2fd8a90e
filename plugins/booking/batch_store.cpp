#include "batch_store.hpp"

#include <bulkhead/error.hpp>

namespace booking {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

/// "created {...}\n": no JSON text has a line break.
void BatchPart::add(const BatchResult& result) {
  results += result.outcome;
  results += ' ';
  results += result.json;
  results += '\n';
}

void BatchStore::begin(Transaction& transaction, const BatchClaim& claim, Instant now,
                       Instant kept_from) {
  transaction.send(
      "delete from bulk_request where (tenant, route, key) in (select tenant, route, key from "
      "bulk_request "
      "where started_at < $1 order by started_at limit 1)",
      values(epochSeconds(kept_from)));
  const auto known = transaction.first(
      "select fingerprint from bulk_request where tenant = $1 and route = $2 and key = $3",
      values(claim.tenant, claim.route, claim.key), [](const Row& row) { return row.string(0); });
  if (!known) {
    transaction.send(
        "insert into bulk_request (tenant, route, key, fingerprint, started_at) values ($1, $2, "
        "$3, $4, "
        "$5)",
        values(claim.tenant, claim.route, claim.key, claim.fingerprint, epochSeconds(now)));
  } else if (*known != claim.fingerprint) {
    throw bulkhead::Error::businessLogic(
        "IDEMPOTENCY_KEY_REUSED",
        "This Idempotency-Key was used for another request. Use a new key for a new request.");
  }
}

std::optional<BatchPart> BatchStore::find(ReadTransaction& transaction, const BatchClaim& claim,
                                          std::size_t first) {
  return transaction.first(
      "select items, results from bulk_part where tenant = $1 and route = $2 and key = $3 "
      "and first = $4",
      values(claim.tenant, claim.route, claim.key, first), [](const Row& row) {
        return BatchPart{static_cast<std::size_t>(row.integer(0)), row.string(1)};
      });
}

void BatchStore::insert(Transaction& transaction, const BatchClaim& claim, std::size_t first,
                        const BatchPart& part) {
  transaction.send(
      "insert into bulk_part (tenant, route, key, first, items, results) values ($1, $2, $3, $4, "
      "$5, $6)",
      values(claim.tenant, claim.route, claim.key, first, part.items, part.results));
}

}  // namespace booking
