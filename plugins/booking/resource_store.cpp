#include "resource_store.hpp"

namespace booking {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

Resource read(const Row& row) {
  Resource noun;
  noun.id = row.string(0);
  noun.name = row.string(1);
  noun.kind = row.string(2);
  noun.location = row.optionalString(3);
  noun.schedule = row.string(4);
  noun.priority = static_cast<int>(row.integer(5));
  noun.active = row.boolean(6);
  noun.version = row.integer(7);
  noun.created_at = fromEpoch(row.integer(8));
  noun.updated_at = fromEpoch(row.integer(9));
  return noun;
}

void readServices(ReadTransaction& transaction, std::string_view tenant, Resource& noun) {
  noun.services = transaction.list(
      "select service from resource_service where tenant = $1 and resource = $2 order by service",
      values(tenant, noun.id), [](const Row& row) { return row.string(0); });
}

void writeServices(Transaction& transaction, std::string_view tenant, const Resource& noun) {
  transaction.send("delete from resource_service where tenant = $1 and resource = $2",
                   values(tenant, noun.id));
  for (const auto& service : noun.services) {
    transaction.sendExpecting(1, notFound("service", service),
                              "insert into resource_service (tenant, service, resource) "
                              "select tenant, id, $3 from service where tenant = $1 and id = $2",
                              values(tenant, service, noun.id));
  }
}

}  // namespace

std::optional<Resource> ResourceStore::find(ReadTransaction& transaction, std::string_view tenant,
                                            std::string_view id) {
  auto found = transaction.first(
      "select id, name, kind, location, schedule, priority, active, version, created_at, "
      "updated_at from resource where tenant = $1 and id = $2",
      values(tenant, id), read);
  if (found) readServices(transaction, tenant, *found);
  return found;
}

std::vector<Resource> ResourceStore::list(ReadTransaction& transaction, std::string_view tenant,
                                          std::string_view after, std::size_t limit) {
  auto found = transaction.list(
      "select id, name, kind, location, schedule, priority, active, version, created_at, "
      "updated_at from resource where tenant = $1 and id > $2 order by id limit $3",
      values(tenant, after, limit), read);
  for (auto& noun : found) readServices(transaction, tenant, noun);
  return found;
}

void ResourceStore::insert(Transaction& transaction, std::string_view tenant,
                           const Resource& noun) {
  transaction.send(
      "insert into resource (tenant, id, name, kind, location, schedule, priority, active, "
      "version, created_at, updated_at) "
      "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      values(tenant, noun.id, noun.name, noun.kind, noun.location, noun.schedule, noun.priority,
             noun.active, noun.version, epochSeconds(noun.created_at),
             epochSeconds(noun.updated_at)));
  writeServices(transaction, tenant, noun);
}

void ResourceStore::update(Transaction& transaction, std::string_view tenant,
                           const Resource& noun) {
  transaction.sendExpecting(
      1, versionConflict(),
      "update resource set name = $3, kind = $4, location = $5, schedule = $6, priority = $7, "
      "active = $8, version = $9, updated_at = $10 "
      "where tenant = $1 and id = $2 and version = $9 - 1",
      values(tenant, noun.id, noun.name, noun.kind, noun.location, noun.schedule, noun.priority,
             noun.active, noun.version, epochSeconds(noun.updated_at)));
  writeServices(transaction, tenant, noun);
}

bool ResourceStore::isReferenced(ReadTransaction& transaction, std::string_view tenant,
                                 std::string_view id) {
  return transaction
      .first("select 1 from appointment_resource where tenant = $1 and resource = $2 limit 1",
             values(tenant, id), [](const Row&) { return true; })
      .has_value();
}

void ResourceStore::erase(Transaction& transaction, std::string_view tenant, std::string_view id) {
  transaction.send("delete from resource_service where tenant = $1 and resource = $2",
                   values(tenant, id));
  transaction.send("delete from resource where tenant = $1 and id = $2", values(tenant, id));
}

}  // namespace booking
