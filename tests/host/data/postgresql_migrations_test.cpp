#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "data/audit_log.hpp"
#include "data/migrations.hpp"
#include "host/data/postgresql_fixture.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

const std::vector<Migration> kMigrations{
    {1, "tables",
     "-- expand\nCREATE TABLE a (id BIGINT);\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS "
     "$$ BEGIN RETURN 'it costs $5; '::text <> '' ; END $$;\nINSERT INTO a VALUES (1);"},
    {2, "more", "-- expand\nALTER TABLE a ADD COLUMN note TEXT;\nINSERT INTO a VALUES (2);"}};

class PostgresqlMigrations : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresqlServer::isInstalled()) GTEST_SKIP() << "PostgreSQL is not installed";
    ASSERT_EQ(PostgresqlServer::shared().trouble(), "");
    options = postgresqlOptions();
    store = openPostgresqlStore(options);
  }

  PostgresqlOptions options;
  std::unique_ptr<Store> store;
};

// Goal: many homes that start at once migrate once. Method: eight of them on a new database, and
// migrations that take their time.
TEST_F(PostgresqlMigrations, HomesThatStartAtOnceMigrateOnce) {
  auto slow = kMigrations;
  slow[0].sql += "SELECT pg_sleep(0.3);";
  std::vector<int> counts(8);
  std::vector<std::thread> threads;
  for (int& count : counts) {
    threads.emplace_back([&] {
      const auto own = openPostgresqlStore(options);
      EXPECT_NO_THROW(count = migrate(*own, "test", slow, within()));
    });
  }
  for (auto& thread : threads) thread.join();
  int all = 0;
  for (const int count : counts) all += count;
  EXPECT_EQ(all, 2);
  EXPECT_EQ(number(*store, "SELECT sum(id) FROM a"), 3);
  EXPECT_EQ(schemaVersion(*store, within()), 2);
}

TEST_F(PostgresqlMigrations, OneThatFailsLeavesNothing) {
  auto migrations = kMigrations;
  migrations.push_back(
      {3, "broken", "CREATE TABLE b (id BIGINT);\nINSERT INTO nowhere VALUES (1)"});
  EXPECT_EQ(codeOf([&] { migrate(*store, "test", migrations, within()); }), "MIGRATION_FAILED");
  EXPECT_EQ(schemaVersion(*store, within()), 2);
  EXPECT_EQ(number(*store, "SELECT count(*) FROM pg_class WHERE relname = 'b'"), 0);
  migrations[2].sql = "CREATE TABLE b (id BIGINT)";
  EXPECT_EQ(migrate(*store, "test", migrations, within()), 1);
}

// A server that goes meanwhile refuses nothing: it is asked again.
TEST_F(PostgresqlMigrations, ABrokenConnectionIsNoRefusal) {
  auto migrations = kMigrations;
  migrations[1].sql += "SELECT pg_terminate_backend(pg_backend_pid());";
  EXPECT_EQ(codeOf([&] { migrate(*store, "test", migrations, within()); }), "DATABASE_UNAVAILABLE");
  EXPECT_EQ(schemaVersion(*store, within()), 1);
  EXPECT_EQ(migrate(*store, "test", kMigrations, within()), 1);
}

// A check that waits for the commit is looked at before it: its failure is no success.
TEST_F(PostgresqlMigrations, ADeferredRuleIsNoSuccess) {
  migrate(*store, "test", kMigrations, within());
  auto migrations = kMigrations;
  migrations.push_back(
      {3, "late",
       "CREATE TABLE p (id BIGINT PRIMARY KEY);\nCREATE TABLE c (p BIGINT REFERENCES p "
       "DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO c VALUES (1)"});
  EXPECT_EQ(codeOf([&] { migrate(*store, "test", migrations, within()); }), "MIGRATION_FAILED");
  EXPECT_EQ(schemaVersion(*store, within()), 2);
}

TEST_F(PostgresqlMigrations, AChangedOneIsRefusedAndSoIsOlderCode) {
  migrate(*store, "test", kMigrations, within());
  auto changed = kMigrations;
  changed[0].sql += ' ';
  EXPECT_EQ(codeOf([&] { migrate(*store, "test", changed, within()); }), "MIGRATION_CHANGED");
  auto newer = kMigrations;
  newer.push_back({3, "contracts", "ALTER TABLE a DROP COLUMN note"});
  EXPECT_EQ(codeOf([&] { migrate(*store, "test", newer, within(), MigrationCompany::OlderCode); }),
            "MIGRATION_CONTRACTS");
  EXPECT_EQ(migrate(*store, "test", newer, within()), 1);
  EXPECT_EQ(codeOf([&] { migrate(*store, "test", kMigrations, within()); }), "SCHEMA_TOO_NEW");
}

// Goal: code that runs elsewhere on the same database is not left with a schema that it does not
// know. Method: another store has migrated, and so may work.
TEST_F(PostgresqlMigrations, WhatContractsWaitsUntilNobodyElseIsThere) {
  auto older = openPostgresqlStore(options);
  migrate(*older, "test", kMigrations, within());
  auto newer = kMigrations;
  newer.push_back({3, "expands", "-- expand\nALTER TABLE a ADD COLUMN place TEXT"});
  EXPECT_EQ(migrate(*store, "test", newer, within()), 1);
  newer.push_back({4, "contracts", "ALTER TABLE a DROP COLUMN note"});
  const auto apply = [&] { return codeOf([&] { migrate(*store, "test", newer, within()); }); };
  EXPECT_EQ(apply(), "MIGRATION_CONTRACTS");
  EXPECT_EQ(schemaVersion(*store, within()), 3);
  EXPECT_EQ(number(*older, "SELECT count(*) FROM a WHERE note IS NULL"), 2);
  older.reset();
  EXPECT_EQ(apply(), "none");
  EXPECT_EQ(schemaVersion(*store, within()), 4);
}

// Goal: the audit's rules hold there, too, and homes may make its tables at once.
TEST_F(PostgresqlMigrations, AnAuditRowIsSealedOnceAndStays) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      EXPECT_EQ(
          codeOf([&] { store->write([](Transaction& tx) { audit::prepare(tx); }, within()); }),
          "none");
    });
  }
  for (auto& thread : threads) thread.join();
  store->write([](Transaction& tx) { audit::append(tx, {}); }, within());
  EXPECT_EQ(codeOf([&] { run(*store, "UPDATE bulkhead_audit SET position = 1, hash = 'h'"); }),
            "none");
  for (const char* sql :
       {"UPDATE bulkhead_audit SET position = 2", "UPDATE bulkhead_audit SET actor = 'me'",
        "DELETE FROM bulkhead_audit", "TRUNCATE bulkhead_audit"})
    EXPECT_EQ(codeOf([&] { run(*store, sql); }), "CONSTRAINT_VIOLATION") << sql;
}

}  // namespace
}  // namespace bulkhead::host::data
