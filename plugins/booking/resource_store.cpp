#include "resource_store.hpp"

namespace booking {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

void ResourceServices::read(ReadTransaction& transaction, std::string_view tenant, Resource& noun) {
  noun.services = transaction.list(
      "select service from resource_service where tenant = $1 and resource = $2 order by service",
      values(tenant, noun.id), [](const Row& row) { return row.string(0); });
}

void ResourceServices::write(Transaction& transaction, std::string_view tenant,
                             const Resource& noun) {
  erase(transaction, tenant, noun.id);
  for (const auto& service : noun.services) {
    transaction.sendExpecting(1, notFound("service", service),
                              "insert into resource_service (tenant, service, resource) "
                              "select tenant, id, $3 from service where tenant = $1 and id = $2",
                              values(tenant, service, noun.id));
  }
}

void ResourceServices::erase(Transaction& transaction, std::string_view tenant,
                             std::string_view resource) {
  transaction.send("delete from resource_service where tenant = $1 and resource = $2",
                   values(tenant, resource));
}

std::optional<CalendarPlace> calendarOf(bulkhead::ReadTransaction& transaction,
                                        std::string_view tenant, std::string_view resource) {
  return transaction.first(
      "select calendar_connection, calendar from resource where tenant = $1 and id = $2 "
      "and calendar_connection is not null and calendar is not null",
      bulkhead::values(tenant, resource), [](const bulkhead::Row& row) {
        return CalendarPlace{row.string(0), row.string(1)};
      });
}

}  // namespace booking
