#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "data/store.hpp"

namespace bulkhead::host::data {

/// One step of a schema, from a file NNNN_name.sql. Its text may hold many statements, triggers
/// included, but no BEGIN or COMMIT of its own.
struct Migration {
  int number = 0;  ///< 1, 2, 3 ... without gaps
  std::string name;
  std::string sql;
};

/// What a migration means for code that does not know it. A file whose first line is "-- expand"
/// says that such code works on; all others contract.
enum class MigrationKind { Expand, Contract };
MigrationKind kindOf(const Migration& migration);

/// Who else works on the store while it is migrated.
enum class MigrationCompany { Nobody, OlderCode };

/// Where the migrations of an owner's schema are written down.
inline constexpr const char* kSchemaMigrations = "schema_migrations";

/// Brings the store of `owner` to the last of `migrations`: each in a transaction of its own, with
/// a row in `table` (number, name, sha256, applied_at, kind). Returns how many were
/// applied. Newer ones that another version applied are accepted when they only expand.
///
/// Throws Error (kind Configuration) before anything was changed: MIGRATIONS_INVALID for a list
/// that is not 1, 2, 3 ...; MIGRATION_CHANGED when an applied one has another text now;
/// SCHEMA_TOO_NEW when newer code has contracted the schema; MIGRATION_CONTRACTS when one that is
/// not applied yet would, while older code works on it, here or (on PostgreSQL) in another process;
/// and MIGRATION_FAILED when a statement
/// failed, with those before it kept. A store that is away throws DATABASE_UNAVAILABLE.
int migrate(Store& store, const std::string& owner, const std::vector<Migration>& migrations,
            std::chrono::steady_clock::time_point deadline,
            MigrationCompany company = MigrationCompany::Nobody,
            const std::string& table = kSchemaMigrations);

/// Number of the last applied migration; 0 for a new database.
int schemaVersion(Store& store, std::chrono::steady_clock::time_point deadline);

}  // namespace bulkhead::host::data
