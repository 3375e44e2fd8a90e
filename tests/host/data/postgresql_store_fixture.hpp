#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>

#include "host/data/postgresql_fixture.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {

/// A store with one table.
class PostgresqlStore : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresqlServer::isInstalled()) GTEST_SKIP() << "PostgreSQL is not installed";
    ASSERT_EQ(PostgresqlServer::shared().trouble(), "");
    options = postgresqlOptions();
    store = openPostgresqlStore(options);
    run(*store, "CREATE TABLE t (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL DEFAULT 0)");
  }

  std::string text(std::string_view sql, const Values& values = {}) {
    std::string found = "no row";
    store->read(
        [&](Transaction& tx) {
          tx.read(sql, values.data(), values.size(), [&](const bulkhead_value* row, std::size_t) {
            found.assign(row[0].bytes.data == nullptr ? "" : row[0].bytes.data, row[0].bytes.size);
            return 0;
          });
        },
        within());
    return found;
  }

  /// Ends all sessions of the store's database, from another one.
  void endSessions() {
    const std::string name = text("SELECT current_database()");
    PostgresqlServer::shared().run(fmt::format(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{}';",
        name));
  }

  PostgresqlOptions options;
  std::unique_ptr<Store> store;
};

}  // namespace bulkhead::host::data
