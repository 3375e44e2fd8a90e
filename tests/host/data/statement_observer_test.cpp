#include <algorithm>
#include <gtest/gtest.h>
#include <mutex>

#include "data/sqlite_store.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using std::chrono::microseconds;
using Clock = std::chrono::steady_clock;

struct Told {
  std::string sql;
  microseconds duration;
  bool failed;
};

class ObservedStore : public ::testing::Test {
 protected:
  std::int64_t count(std::string_view sql) const {
    return std::count_if(told.begin(), told.end(), [&](const Told& one) { return one.sql == sql; });
  }

  TemporaryFolder folder;
  std::mutex mutex;
  std::vector<Told> told;
  std::unique_ptr<SqliteStore> store = openSqliteStore(
      {.path = folder / "store.db",
       .on_statement = [this](std::string_view sql, microseconds duration, bool failed) {
         const std::lock_guard lock{mutex};
         told.push_back({std::string{sql}, duration, failed});
       }});
};

TEST_F(ObservedStore, S52_TellsEachStatementAndEachCommit) {
  run(*store, "CREATE TABLE t (n INTEGER UNIQUE)");
  run(*store, "INSERT INTO t VALUES ($1)", {value(1)});
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 1);
  EXPECT_EQ(count("CREATE TABLE t (n INTEGER UNIQUE)"), 1);
  EXPECT_EQ(count("INSERT INTO t VALUES ($1)"), 1) << "values are not told";
  EXPECT_EQ(count("SELECT count(*) FROM t"), 1);
  EXPECT_EQ(count("COMMIT"), 3);
  EXPECT_TRUE(std::none_of(told.begin(), told.end(), [](const Told& one) { return one.failed; }));
}

TEST_F(ObservedStore, S52_TellsWhichFailed) {
  run(*store, "CREATE TABLE t (n INTEGER UNIQUE)");
  run(*store, "INSERT INTO t VALUES (1)");
  told.clear();
  EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO t VALUES (1)"); }), "DUPLICATE");
  ASSERT_GE(told.size(), 1U);
  EXPECT_TRUE(told[0].failed);
}

TEST_F(ObservedStore, S52_WhatTheCallerDoesWithARowIsNotTheEnginesTime) {
  microseconds with_rows{};
  const auto begun = Clock::now();
  store->read(
      [&](Transaction& tx) {
        tx.read("SELECT 1 UNION ALL SELECT 2", nullptr, 0, [&](const bulkhead_value*, std::size_t) {
          const auto until = Clock::now() + std::chrono::milliseconds{50};
          const auto received = Clock::now();
          while (Clock::now() < until) continue;
          with_rows += std::chrono::ceil<microseconds>(Clock::now() - received);
          return 0;
        });
      },
      within());
  const auto whole = std::chrono::ceil<microseconds>(Clock::now() - begun);
  ASSERT_EQ(count("SELECT 1 UNION ALL SELECT 2"), 1);
  const auto found = std::find_if(told.begin(), told.end(),
                                  [](const Told& one) { return one.sql.starts_with("SELECT"); });
  EXPECT_LE(found->duration, whole - with_rows);
}

}  // namespace
}  // namespace bulkhead::host::data
