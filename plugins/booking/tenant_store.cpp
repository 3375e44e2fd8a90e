#include "tenant_store.hpp"

#include <string>

#include "record.hpp"
#include "record_column.hpp"

namespace booking {
namespace {

using bulkhead::Row;
using bulkhead::values;

Tenant read(const Row& row) {
  Tenant tenant;
  std::size_t column = 0;
  eachField<Tenant>([&](const auto& one) { fromColumn(row, column++, tenant.*one.member); });
  tenant.version = row.integer(column++);
  tenant.updated_at = fromEpoch(row.integer(column));
  return tenant;
}

/// "name, time_zone, ..., version, updated_at".
std::string columns() {
  std::string text;
  eachField<Tenant>([&](const auto& one) { text.append(one.column).append(", "); });
  return text + "version, updated_at";
}

std::string insertSql() {
  constexpr std::size_t kColumns = std::tuple_size_v<decltype(Tenant::fields())> + 3;
  std::string sql = "insert into tenant_settings (tenant, " + columns() + ") values ($1";
  for (std::size_t i = 2; i <= kColumns; ++i) sql += ", $" + std::to_string(i);
  return sql + ")";
}

}  // namespace

void TenantStore::touch(bulkhead::ReadTransaction& transaction) {
  transaction.first("select 1", values(), [](const Row& row) { return row.integer(0); });
}

Tenant TenantStore::get(bulkhead::ReadTransaction& transaction, std::string_view tenant) {
  static const std::string kSql = "select " + columns() + " from tenant_settings where tenant = $1";
  return transaction.first(kSql, values(tenant), read).value_or(Tenant{});
}

void TenantStore::put(bulkhead::Transaction& transaction, std::string_view tenant,
                      const Tenant& said) {
  static const std::string kInsert = insertSql();
  if (said.version > 1) {
    transaction.sendExpecting(1, versionConflict(),
                              "delete from tenant_settings where tenant = $1 and version = $2",
                              values(tenant, said.version - 1));
  }
  std::apply(
      [&](const auto&... one) {
        transaction.sendExpecting(1, versionConflict(), kInsert,
                                  values(tenant, toColumn(said.*one.member)..., said.version,
                                         epochSeconds(said.updated_at)));
      },
      Tenant::fields());
}

}  // namespace booking
