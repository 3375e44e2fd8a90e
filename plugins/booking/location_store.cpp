#include "location_store.hpp"

namespace booking {
namespace {

using bulkhead::Row;
using bulkhead::values;

Location read(const Row& row) {
  Location noun;
  noun.id = row.string(0);
  noun.name = row.string(1);
  noun.time_zone = row.string(2);
  noun.address = row.optionalString(3);
  noun.active = row.boolean(4);
  noun.version = row.integer(5);
  noun.created_at = fromEpoch(row.integer(6));
  noun.updated_at = fromEpoch(row.integer(7));
  return noun;
}

}  // namespace

std::optional<Location> LocationStore::find(bulkhead::ReadTransaction& transaction,
                                            std::string_view tenant, std::string_view id) {
  return transaction.first(
      "select id, name, time_zone, address, active, version, created_at, updated_at "
      "from location where tenant = $1 and id = $2",
      values(tenant, id), read);
}

std::vector<Location> LocationStore::list(bulkhead::ReadTransaction& transaction,
                                          std::string_view tenant, std::string_view after,
                                          std::size_t limit) {
  return transaction.list(
      "select id, name, time_zone, address, active, version, created_at, updated_at "
      "from location where tenant = $1 and id > $2 order by id limit $3",
      values(tenant, after, limit), read);
}

void LocationStore::insert(bulkhead::Transaction& transaction, std::string_view tenant,
                           const Location& noun) {
  transaction.send(
      "insert into location (tenant, id, name, time_zone, address, active, version, created_at, "
      "updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      values(tenant, noun.id, noun.name, noun.time_zone, noun.address, noun.active, noun.version,
             epochSeconds(noun.created_at), epochSeconds(noun.updated_at)));
}

void LocationStore::update(bulkhead::Transaction& transaction, std::string_view tenant,
                           const Location& noun) {
  transaction.sendExpecting(
      1, versionConflict(),
      "update location set name = $3, time_zone = $4, address = $5, active = $6, version = $7, "
      "updated_at = $8 where tenant = $1 and id = $2 and version = $7 - 1",
      values(tenant, noun.id, noun.name, noun.time_zone, noun.address, noun.active, noun.version,
             epochSeconds(noun.updated_at)));
}

bool LocationStore::isReferenced(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                 std::string_view id) {
  return transaction
      .first(
          "select 1 where exists (select 1 from resource where tenant = $1 and location = $2) "
          "or exists (select 1 from appointment where tenant = $1 and location = $2)",
          values(tenant, id), [](const Row&) { return true; })
      .has_value();
}

void LocationStore::erase(bulkhead::Transaction& transaction, std::string_view tenant,
                          std::string_view id) {
  transaction.send("delete from location where tenant = $1 and id = $2", values(tenant, id));
}

}  // namespace booking
