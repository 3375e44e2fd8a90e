// What Poco::Data 1.11 does on SQLite, and why the store does otherwise. A test that fails here
// says that a new Poco changed, and that its cure may go.
#include <Poco/AutoPtr.h>
#include <Poco/Data/SQLite/SQLiteException.h>
#include <Poco/Data/SQLite/SessionImpl.h>
#include <Poco/Data/SQLite/Utility.h>
#include <Poco/Data/Session.h>
#include <Poco/Nullable.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using namespace Poco::Data::Keywords;
using Poco::Data::Session;

Session plainSession(const std::filesystem::path& path) {
  Poco::AutoPtr<Poco::Data::SessionImpl> session{
      new Poco::Data::SQLite::SessionImpl{path.string()}};
  return Session{session};
}

int pragma(Session& session, const std::string& name) {
  int result = -1;
  session << "PRAGMA " + name, into(result), now;
  return result;
}

TEST(PocoDataTraps, BeginDefersTheLockAndThenFailsAtOnce) {
  const TemporaryFolder folder;
  Session first = plainSession(folder / "plain.db");
  Session second = plainSession(folder / "plain.db");
  first << "PRAGMA journal_mode=WAL", now;
  first << "CREATE TABLE t (n INTEGER)", now;
  sqlite3_busy_timeout(Poco::Data::SQLite::Utility::dbHandle(first), 2000);

  int count = 0;
  first.begin();
  first << "SELECT count(*) FROM t", into(count), now;
  second << "INSERT INTO t VALUES (1)", now;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_THROW((first << "INSERT INTO t VALUES (2)", now), Poco::Exception);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{1})
      << "no busy timeout helps a snapshot that is too old";
  first.rollback();
}

TEST(PocoDataTraps, BeginImmediateAsAStatementHoldsButIsNotCalledATransaction) {
  const TemporaryFolder folder;
  Session session = plainSession(folder / "plain.db");
  session << "BEGIN IMMEDIATE", now;
  EXPECT_FALSE(session.isTransaction());
  EXPECT_EQ(sqlite3_get_autocommit(Poco::Data::SQLite::Utility::dbHandle(session)), 0);
  session << "ROLLBACK", now;
}

TEST(PocoDataTraps, ForeignKeysAreOffByDefaultAndOnInTheStore) {
  const TemporaryFolder folder;
  Session plain = plainSession(folder / "plain.db");
  EXPECT_EQ(pragma(plain, "foreign_keys"), 0);
  const auto store = openSqliteStore({.path = folder / "store.db"});
  store->maintain(
      [](Session& session) {
        EXPECT_EQ(pragma(session, "foreign_keys"), 1);
        EXPECT_EQ(pragma(session, "synchronous"), 2);
      },
      within());
}

TEST(PocoDataTraps, NullBecomesEmptyTextUnlessNullable) {
  const TemporaryFolder folder;
  Session session = plainSession(folder / "plain.db");
  std::string text = "before";
  Poco::Nullable<std::string> nullable{"before"};
  session << "SELECT CAST(NULL AS TEXT)", into(text), now;
  session << "SELECT CAST(NULL AS TEXT)", into(nullable), now;
  EXPECT_NE(text, "before");
  EXPECT_TRUE(nullable.isNull());
}

TEST(PocoDataTraps, DollarsInLiteralsAreTextInTheStore) {
  const auto store = openSqliteStore({});
  store->read(
      [](Transaction& tx) {
        EXPECT_EQ(number(tx, "SELECT $1 + length('cost $5')", {value(1)}), 8);
      },
      within());
}

TEST(PocoDataTraps, ASessionStaysConnectedInItsOwnEyesAfterTheFileIsGone) {
  const TemporaryFolder folder;
  Session session = plainSession(folder / "plain.db");
  session << "CREATE TABLE t (n INTEGER)", now;
  std::filesystem::remove(folder / "plain.db");
  EXPECT_TRUE(session.isConnected());

  const auto store = openSqliteStore({.path = folder / "store.db"});
  run(*store, "CREATE TABLE t (n INTEGER)");
  ASSERT_TRUE(store->ping());
  std::filesystem::remove(folder / "store.db");
  EXPECT_FALSE(store->ping());
}

TEST(PocoDataTraps, ClosingASessionWithLiveStatementsLeavesTheFileOpen) {
  const TemporaryFolder folder;
  const auto path = folder / "store.db";
  {
    const auto store = openSqliteStore({.path = path});
    run(*store, "CREATE TABLE t (n INTEGER)");
    number(*store, "SELECT count(*) FROM t");
  }
  EXPECT_FALSE(std::filesystem::exists(path.string() + "-wal"))
      << "the last connection takes the log with it only if it was really closed";
}

}  // namespace
}  // namespace bulkhead::host::data
