#pragma once

#include <filesystem>
#include <memory>
#include <variant>

#include "data/postgresql_options.hpp"
#include "data/sqlite_store.hpp"

namespace bulkhead::host::data {

/// How the store of one owner is opened, whatever its engine.
using StoreOptions = std::variant<SqliteOptions, PostgresqlOptions>;

Engine engineOf(const StoreOptions& options);
/// The file of a store that is one; throws Error (configuration, STORE_IS_NO_FILE) for PostgreSQL,
/// whose own tools make copies.
const std::filesystem::path& fileOf(const StoreOptions& options);
const StatementObserver& observerOf(const StoreOptions& options);
void observe(StoreOptions& options, StatementObserver observer);
/// Whether another host works on it until one has taken the other's place; see
/// SqliteOptions::lease_shared.
bool isLeaseShared(const StoreOptions& options);
void setLeaseShared(StoreOptions& options, bool shared);

/// See openSqliteStore and openPostgresqlStore.
std::unique_ptr<Store> openStore(StoreOptions options);

}  // namespace bulkhead::host::data
