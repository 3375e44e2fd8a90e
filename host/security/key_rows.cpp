#include "security/key_rows.hpp"

#include <fmt/format.h>
#include <string_view>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

namespace bulkhead::host {
namespace {

using data::Transaction;

template <typename... Arguments>
std::int64_t send(Transaction& transaction, std::string_view sql, const Arguments&... arguments) {
  const auto row = values(arguments...);
  return transaction.send(sql, row.data(), row.size());
}

template <typename Receive, typename... Arguments>
void each(Transaction& transaction, std::string_view sql, const Receive& receive,
          const Arguments&... arguments) {
  const auto row = values(arguments...);
  transaction.read(sql, row.data(), row.size(),
                   [&](const bulkhead_value* columns, std::size_t count) {
                     receive(Row{columns, count});
                     return 0;
                   });
}

Tenant tenantFrom(const Row& row) {
  return {row.string(0),
          row.string(1),
          row.string(2),
          row.string(3),
          row.text(4) == "active" ? TenantStatus::Active : TenantStatus::Suspended,
          row.integer(5)};
}

constexpr std::string_view nameOf(TenantStatus status) {
  return status == TenantStatus::Active ? "active" : "suspended";
}

// A hash that cannot be read becomes one that nothing matches.
ApiKeyRecord keyFrom(const Row& row) {
  ApiKeyRecord key;
  key.id = row.string(0);
  key.name = row.string(1);
  const auto hash = hashFromHex(row.text(2));
  key.secret_hash = hash.value_or(SecretHash{});
  key.requests_per_minute = row.optionalInteger(3);
  key.requests_per_hour = row.optionalInteger(4);
  key.created_us = row.integer(5);
  key.expires_us = row.optionalInteger(6);
  key.last_used_us = row.optionalInteger(7);
  key.revoked_us = row.optionalInteger(8);
  if (!hash && !key.revoked_us) key.revoked_us = 0;
  key.rotated_from = row.optionalString(9).value_or("");
  return key;
}

/// All keys by id, or the one of `id`.
std::vector<ApiKeyRecord> keysWhere(Transaction& transaction,
                                    const std::optional<std::string>& id) {
  std::vector<ApiKeyRecord> keys;
  const auto eachOf = [&](std::string_view columns, std::string_view id_column,
                          std::string_view order, const auto& receive) {
    const auto sql = [&](std::string_view where) {
      return fmt::format("SELECT {}{} ORDER BY {}", columns, where, order);
    };
    if (!id) return each(transaction, sql(""), receive);
    each(transaction, sql(fmt::format(" WHERE {} = $1", id_column)), receive, *id);
  };
  eachOf(
      "id, name, secret_hash, requests_per_minute, requests_per_hour, created_us, expires_us, "
      "last_used_us, revoked_us, rotated_from FROM api_key",
      "id", "id", [&](const Row& row) { keys.push_back(keyFrom(row)); });
  const auto attach = [&](std::string_view columns, std::string_view order,
                          std::vector<std::string> ApiKeyRecord::*list) {
    auto key = keys.begin();
    eachOf(columns, "api_key", order, [&](const Row& row) {
      while (key != keys.end() && key->id < row.text(0)) ++key;
      if (key != keys.end() && key->id == row.text(0)) ((*key).*list).push_back(row.string(1));
    });
  };
  attach("api_key, scope FROM api_key_scope", "api_key, scope", &ApiKeyRecord::scopes);
  attach("api_key, tenant FROM api_key_tenant", "api_key, tenant", &ApiKeyRecord::tenants);
  return keys;
}

}  // namespace

std::vector<Tenant> loadTenants(Transaction& transaction) {
  std::vector<Tenant> tenants;
  each(transaction, "SELECT id, slug, name, time_zone, status, created_us FROM tenant ORDER BY id",
       [&](const Row& row) { tenants.push_back(tenantFrom(row)); });
  return tenants;
}

std::vector<ApiKeyRecord> loadKeys(Transaction& transaction) {
  return keysWhere(transaction, {});
}

Tenant loadTenant(Transaction& transaction, const std::string& id_or_slug) {
  std::optional<Tenant> tenant;
  each(
      transaction,
      "SELECT id, slug, name, time_zone, status, created_us FROM tenant WHERE id = $1 OR slug = $1",
      [&](const Row& row) { tenant = tenantFrom(row); }, id_or_slug);
  if (!tenant) throw Error::notFound("NOT_FOUND", "There is no such tenant.");
  return *tenant;
}

ApiKeyRecord loadKey(Transaction& transaction, const std::string& id) {
  auto keys = keysWhere(transaction, id);
  if (keys.empty()) throw Error::notFound("NOT_FOUND", "There is no such key.");
  return std::move(keys.front());
}

bool insertTenant(Transaction& transaction, const Tenant& tenant) {
  return send(transaction,
              "INSERT INTO tenant (id, slug, name, time_zone, status, created_us) "
              "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (slug) DO NOTHING",
              tenant.id, tenant.slug, tenant.name, tenant.time_zone, nameOf(tenant.status),
              tenant.created_us) != 0;
}

void updateTenantStatus(Transaction& transaction, const Tenant& tenant) {
  send(transaction, "UPDATE tenant SET status = $2 WHERE id = $1", tenant.id,
       nameOf(tenant.status));
}

void insertKey(Transaction& transaction, const ApiKeyRecord& key) {
  const auto rotated_from =
      key.rotated_from.empty() ? std::nullopt : std::optional{key.rotated_from};
  send(transaction,
       "INSERT INTO api_key (id, name, secret_hash, requests_per_minute, requests_per_hour, "
       "created_us, expires_us, rotated_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
       key.id, key.name, toHex(key.secret_hash), key.requests_per_minute, key.requests_per_hour,
       key.created_us, key.expires_us, rotated_from);
  for (const std::string& scope : key.scopes) {
    send(transaction, "INSERT INTO api_key_scope VALUES ($1, $2)", key.id, scope);
  }
  for (const std::string& tenant : key.tenants) {
    send(transaction, "INSERT INTO api_key_tenant VALUES ($1, $2)", key.id, tenant);
  }
}

void updateKeyEnd(Transaction& transaction, const ApiKeyRecord& key) {
  send(transaction, "UPDATE api_key SET expires_us = $2, revoked_us = $3 WHERE id = $1", key.id,
       key.expires_us, key.revoked_us);
}

void updateLastUsed(Transaction& transaction, const std::string& id, std::int64_t used_us) {
  send(transaction, "UPDATE api_key SET last_used_us = $2 WHERE id = $1", id, used_us);
}

std::optional<std::string> successorOf(Transaction& transaction, const std::string& id) {
  std::optional<std::string> successor;
  each(
      transaction, "SELECT id FROM api_key WHERE rotated_from = $1",
      [&](const Row& row) { successor = row.string(0); }, id);
  return successor;
}

}  // namespace bulkhead::host
