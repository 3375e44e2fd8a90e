#include "data/migrations.hpp"

#include <gtest/gtest.h>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

std::vector<Migration> twoSteps() {
  return {{1, "accounts", "CREATE TABLE account (id INTEGER PRIMARY KEY, note TEXT);"},
          {2, "guards", R"sql(
            CREATE TABLE trail (id INTEGER, note TEXT);
            -- a trigger has statements, and semicolons, of its own; 'costs $5' is no parameter
            CREATE TRIGGER leave_trail AFTER INSERT ON account BEGIN
              INSERT INTO trail VALUES (new.id, 'costs $5; ' || new.note);
              UPDATE trail SET note = note || '?' WHERE id = new.id;
            END;
            INSERT INTO account VALUES (1, 'first');
          )sql"}};
}

class Migrations : public ::testing::TestWithParam<bool> {
 protected:
  TemporaryFolder folder;
  std::unique_ptr<SqliteStore> store = openSqliteStore(
      {.path = GetParam() ? std::filesystem::path{} : folder / "store.db", .owner = "ledger"});

  int apply(const std::vector<Migration>& list) {
    return migrate(*store, "ledger", list, within());
  }
  std::string refusal(const std::vector<Migration>& list) {
    return codeOf([&] { apply(list); });
  }
};

TEST_P(Migrations, AreAppliedOnceAndInOrder) {
  EXPECT_EQ(apply(twoSteps()), 2);
  EXPECT_EQ(apply(twoSteps()), 0);
  EXPECT_EQ(schemaVersion(*store, within()), 2);
  EXPECT_EQ(number(*store, "SELECT count(*) FROM schema_migrations"), 2);
}

TEST_P(Migrations, HoldManyStatementsAndTriggers) {
  apply(twoSteps());
  EXPECT_EQ(number(*store, "SELECT count(*) FROM trail WHERE note = 'costs $5; first?'"), 1);
}

TEST_P(Migrations, ARefusedOneLeavesNothingAndKeepsThoseBeforeIt) {
  auto list = twoSteps();
  list.push_back({3, "broken", "CREATE TABLE half (n INTEGER); INSERT INTO nowhere VALUES (1);"});
  EXPECT_EQ(refusal(list), "MIGRATION_FAILED");
  EXPECT_EQ(schemaVersion(*store, within()), 2);
  EXPECT_EQ(number(*store, "SELECT count(*) FROM sqlite_master WHERE name = 'half'"), 0);
  list[2].sql = "CREATE TABLE half (n INTEGER);";
  EXPECT_EQ(apply(list), 1);
}

TEST_P(Migrations, OlderCodeWorksOnWhatNewerCodeHasExpandedAndOnNothingElse) {
  auto list = twoSteps();
  list.push_back({3, "more", "-- expand\nALTER TABLE account ADD COLUMN more TEXT;"});
  EXPECT_EQ(apply(list), 3);
  EXPECT_EQ(apply(twoSteps()), 0);
  list.push_back({4, "less", "DROP TABLE trail;"});
  EXPECT_EQ(apply(list), 1);
  EXPECT_EQ(refusal(twoSteps()), "SCHEMA_TOO_NEW");
}

TEST_P(Migrations, WhileOlderCodeWorksOnlyExpansionsAreApplied) {
  const auto besideOlderCode = [&](const std::vector<Migration>& list) {
    return codeOf([&] { migrate(*store, "ledger", list, within(), MigrationCompany::OlderCode); });
  };
  apply(twoSteps());
  auto list = twoSteps();
  list.push_back({3, "more", "-- expand\nALTER TABLE account ADD COLUMN more TEXT;"});
  EXPECT_EQ(besideOlderCode(list), "none");
  list.push_back({4, "further", "-- expand\nCREATE TABLE further (n INTEGER);"});
  list.push_back({5, "less", "DROP TABLE trail;"});
  EXPECT_EQ(besideOlderCode(list), "MIGRATION_CONTRACTS");
  EXPECT_EQ(schemaVersion(*store, within()), 3) << "nothing was applied before the refusal";
  EXPECT_EQ(apply(list), 2) << "nobody else works on it";
}

TEST_P(Migrations, AChangedTextIsRefused) {
  apply(twoSteps());
  auto list = twoSteps();
  list[0].sql += " ";
  EXPECT_EQ(refusal(list), "MIGRATION_CHANGED");
}

TEST_P(Migrations, GapsAreRefusedBeforeAnythingHappens) {
  auto list = twoSteps();
  list[1].number = 3;
  EXPECT_EQ(refusal(list), "MIGRATIONS_INVALID");
  EXPECT_EQ(schemaVersion(*store, within()), 0);
}

TEST_P(Migrations, ADatabaseNewerThanTheCodeIsRefusedWithBothVersions) {
  apply(twoSteps());
  try {
    apply({twoSteps()[0]});
    FAIL() << "older code ran on a newer schema";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "SCHEMA_TOO_NEW");
    EXPECT_NE(error.message().find("at migration 2 (guards)"), std::string::npos);
    EXPECT_NE(error.message().find("knows only 1"), std::string::npos);
  }
}

TEST_P(Migrations, AStoreUsesTheNewSchemaWithoutReopening) {
  apply({twoSteps()[0]});
  run(*store, "INSERT INTO account VALUES (7, 'before')");
  apply(twoSteps());
  run(*store, "INSERT INTO account VALUES (8, 'after')");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM trail"), 2);
}

INSTANTIATE_TEST_SUITE_P(Engines, Migrations, ::testing::Bool(),
                         [](const auto& suite) { return suite.param ? "Memory" : "File"; });

}  // namespace
}  // namespace bulkhead::host::data
