#include "plugins/table_rows.hpp"

#include <string>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

namespace bulkhead::host {
namespace {

constexpr std::string_view kSqliteTables =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name "
    "NOT LIKE 'bulkhead_%' AND name <> 'schema_migrations' ORDER BY name";
constexpr std::string_view kPostgresqlTables =
    "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND "
    "relkind IN ('r', 'p') AND relname NOT LIKE 'bulkhead_%' AND relname <> 'schema_migrations' "
    "ORDER BY relname";

std::vector<std::string> tableNames(data::Transaction& transaction) {
  std::vector<std::string> names;
  transaction.read(
      transaction.engine() == data::Engine::Postgresql ? kPostgresqlTables : kSqliteTables, nullptr,
      0, [&](const bulkhead_value* columns, std::size_t count) {
        names.push_back(Row{columns, count}.string(0));
        return 0;
      });
  return names;
}

/// "appointments" for a table "appointment": what the rows are, as monitoring speaks of them.
std::string pluralOf(std::string name) {
  if (name.ends_with("s")) return name;
  if (!name.ends_with("y")) return name + "s";
  name.pop_back();
  return name + "ies";
}

std::int64_t countRows(data::Transaction& transaction, const std::string& table) {
  std::int64_t count = 0;
  transaction.read("SELECT count(*) FROM \"" + table + "\"", nullptr, 0,
                   [&](const bulkhead_value* columns, std::size_t) {
                     count = columns[0].integer;
                     return 0;
                   });
  return count;
}

}  // namespace

std::vector<TableRows> countTableRows(data::Store& store,
                                      std::chrono::steady_clock::time_point deadline) {
  std::vector<TableRows> counts;
  try {
    store.read(
        [&](data::Transaction& transaction) {
          counts.clear();
          for (const auto& name : tableNames(transaction)) {
            counts.push_back({pluralOf(name), countRows(transaction, name)});
          }
        },
        deadline);
  } catch (const Error&) {
    counts.clear();  // the health check says that the store is away
  }
  return counts;
}

}  // namespace bulkhead::host
