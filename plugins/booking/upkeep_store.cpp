#include "upkeep_store.hpp"

namespace booking {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::values;

UpkeepStore::Found read(const Row& row) {
  return {row.string(0), row.string(1), row.integer(2)};
}

}  // namespace

std::vector<UpkeepStore::Found> UpkeepStore::overdueHolds(ReadTransaction& transaction, Instant now,
                                                          std::int64_t limit) {
  return transaction.list(
      "select tenant, appointment, hold_until from appointment_resource where hold_until is not "
      "null and "
      "hold_until <= $1 order by hold_until limit $2",
      values(epochSeconds(now), limit), read);
}

std::vector<UpkeepStore::Found> UpkeepStore::unattended(ReadTransaction& transaction,
                                                        const Interval& ended, const Found& after,
                                                        std::int64_t limit) {
  return transaction.list(
      "select tenant, id, end_utc from appointment where status = 'confirmed' and end_utc >= $1 "
      "and end_utc < $2 and (end_utc, tenant, id) > ($3, $4, $5) order by end_utc, tenant, id "
      "limit $6",
      values(epochSeconds(ended.begin), epochSeconds(ended.end), after.over, after.tenant,
             after.appointment, limit),
      read);
}

std::optional<std::string> UpkeepStore::tenantAfter(ReadTransaction& transaction,
                                                    std::string_view tenant) {
  const auto next =
      transaction.first("select min(tenant) from appointment where tenant > $1", values(tenant),
                        [](const Row& row) { return row.optionalString(0); });
  return next ? *next : std::nullopt;
}

bool UpkeepStore::beginRebase(bulkhead::Transaction& transaction, std::string_view version,
                              Instant now) {
  const bool known = transaction
                         .first("select 1 from zone_rebase where tzdata_version = $1",
                                values(version), [](const Row&) { return true; })
                         .has_value();
  if (known) return false;
  transaction.send("insert into zone_rebase (tzdata_version, begun_at) values ($1, $2)",
                   values(version, epochSeconds(now)));
  return true;
}

}  // namespace booking
