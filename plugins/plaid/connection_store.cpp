#include "connection_store.hpp"

#include <bulkhead/error.hpp>

namespace plaid {
namespace {

/// How far the clock by which Plaid signs may be behind ours.
constexpr std::int64_t kClockSkewS = 300;

Connection connectionFrom(const bulkhead::Row& row) {
  return {row.string(0),
          row.string(1),
          row.string(2),
          row.string(3),
          row.optionalString(4).value_or(""),
          row.integer(5),
          row.integer(6)};
}

}  // namespace

void keepConnection(bulkhead::Transaction& transaction, const Connection& connection) {
  transaction.sendExpecting(
      1,
      bulkhead::Error::conflict("CONNECTION_TAKEN", "This connection is another tenant's already."),
      "INSERT INTO connection (id, tenant, token, state, created_us, news_s) "
      "VALUES ($1, $2, $3, 'active', $4, 0) ON CONFLICT (id) DO UPDATE SET "
      "token = excluded.token, state = 'active', reason = NULL, news_s = $5 "
      "WHERE connection.tenant = excluded.tenant",
      bulkhead::values(connection.id, connection.tenant, connection.token, connection.created_us,
                       connection.created_us / 1'000'000 - kClockSkewS));
}

std::optional<Connection> findConnection(bulkhead::ReadTransaction& snapshot,
                                         std::string_view tenant, std::string_view id) {
  return snapshot.first(
      "SELECT id, tenant, token, state, reason, created_us, news_s FROM connection "
      "WHERE tenant = $1 AND id = $2",
      bulkhead::values(tenant, id), &connectionFrom);
}

std::optional<Connection> findConnectionOfAny(bulkhead::ReadTransaction& snapshot,
                                              std::string_view id) {
  return snapshot.first(
      "SELECT id, tenant, token, state, reason, created_us, news_s FROM connection WHERE id = $1",
      bulkhead::values(id), &connectionFrom);
}

void storeState(bulkhead::Transaction& transaction, const Connection& connection) {
  const std::optional<std::string_view> reason =
      connection.reason.empty() ? std::nullopt : std::optional<std::string_view>{connection.reason};
  transaction.send("UPDATE connection SET state = $2, reason = $3, news_s = $4 WHERE id = $1",
                   bulkhead::values(connection.id, connection.state, reason, connection.news_s));
}

std::vector<Connection> listConnections(bulkhead::ReadTransaction& snapshot,
                                        std::string_view tenant, std::int64_t limit) {
  return snapshot.list(
      "SELECT id, tenant, token, state, reason, created_us, news_s FROM connection WHERE tenant = "
      "$1 "
      "ORDER BY created_us DESC, id LIMIT $2",
      bulkhead::values(tenant, limit), &connectionFrom);
}

void removeConnection(bulkhead::Transaction& transaction, std::string_view tenant,
                      std::string_view id) {
  transaction.send("DELETE FROM connection WHERE tenant = $1 AND id = $2",
                   bulkhead::values(tenant, id));
}

}  // namespace plaid
