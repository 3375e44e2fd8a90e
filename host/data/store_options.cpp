#include "data/store_options.hpp"

#include <utility>

#include <bulkhead/error.hpp>

#include "data/postgresql_store.hpp"

namespace bulkhead::host::data {

Engine engineOf(const StoreOptions& options) {
  return std::holds_alternative<SqliteOptions>(options) ? Engine::Sqlite : Engine::Postgresql;
}

const std::filesystem::path& fileOf(const StoreOptions& options) {
  if (const auto* sqlite = std::get_if<SqliteOptions>(&options)) return sqlite->path;
  throw Error::configuration("STORE_IS_NO_FILE",
                             "The stores are in PostgreSQL, which copies and restores them with "
                             "tools of its own: pg_dump, pg_basebackup.");
}

const StatementObserver& observerOf(const StoreOptions& options) {
  return std::visit([](const auto& one) -> const StatementObserver& { return one.on_statement; },
                    options);
}

void observe(StoreOptions& options, StatementObserver observer) {
  std::visit([&](auto& one) { one.on_statement = std::move(observer); }, options);
}

bool isLeaseShared(const StoreOptions& options) {
  return std::visit([](const auto& one) { return one.lease_shared; }, options);
}

void setLeaseShared(StoreOptions& options, bool shared) {
  std::visit([&](auto& one) { one.lease_shared = shared; }, options);
}

std::unique_ptr<Store> openStore(StoreOptions options) {
  if (auto* postgresql = std::get_if<PostgresqlOptions>(&options))
    return openPostgresqlStore(std::move(*postgresql));
  return openSqliteStore(std::get<SqliteOptions>(std::move(options)));
}

}  // namespace bulkhead::host::data
