#include "data/sqlite_store.hpp"

#include <atomic>
#include <fcntl.h>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "data/database_error.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using std::chrono::milliseconds;

TEST(SqliteStore, BindsByOrderToo) {
  const auto store = openSqliteStore({});
  run(*store, "CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT, amount)");
  run(*store, "INSERT INTO t VALUES (?, ?, ?)", {value(3), value("three"), value(30)});
  EXPECT_EQ(number(*store, "SELECT amount FROM t WHERE id = ?", {value(3)}), 30);
}

TEST(SqliteStore, RehearsedClosuresRunTwiceAndCountOnce) {
  const auto store = openSqliteStore({.rehearse_writes = true});
  run(*store, "CREATE TABLE t (n INTEGER PRIMARY KEY)");
  int runs = 0;
  store->write(
      [&](Transaction& tx) {
        ++runs;
        EXPECT_EQ(send(tx, "INSERT INTO t VALUES (1)"), 1);
      },
      within());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 1);
}

TEST(SqliteStore, TheFileIsForItsOwnerOnly) {
  const TemporaryFolder folder;
  const auto path = folder / "deep/er/store.db";
  const auto store = openSqliteStore({.path = path});
  run(*store, "CREATE TABLE t (n INTEGER)");
  for (const std::string suffix : {"", "-wal", "-shm", ".lease"}) {
    struct stat info {};
    ASSERT_EQ(::stat((path.string() + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << suffix;
  }
  EXPECT_GT(store->statistics().size_bytes, 0);
}

/// What another process would be told that wants the database file for itself.
bool isLockedForOthers(const std::filesystem::path& path) {
  const pid_t other = ::fork();
  if (other == 0) {
    constexpr off_t kSharedBytes = 0x40000002;  // SQLite's file format: where readers lock
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = kSharedBytes;
    range.l_len = 510;
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    ::_exit(::fcntl(file, F_GETLK, &range) == 0 && range.l_type != F_UNLCK ? 1 : 0);
  }
  int status = 0;
  ::waitpid(other, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

// Negative control: one descriptor of the file, opened and closed, and SQLite's locks are gone.
TEST(SqliteStore, OpeningAConnectionKeepsTheLocksOfTheOthers) {
  const TemporaryFolder folder;
  const auto path = folder / "store.db";
  const auto store = openSqliteStore({.path = path});
  run(*store, "CREATE TABLE t (n INTEGER)");
  ASSERT_TRUE(isLockedForOthers(path));
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0) << "opens a second connection";
  EXPECT_TRUE(store->ping()) << "and a third";
  EXPECT_TRUE(isLockedForOthers(path));
  ::close(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(isLockedForOthers(path));
}

TEST(SqliteStore, ReadersSeeTheirSnapshotAndDoNotWaitForTheWriter) {
  const TemporaryFolder folder;
  const auto store = openSqliteStore({.path = folder / "store.db"});
  run(*store, "CREATE TABLE t (n INTEGER)");
  store->read(
      [&](Transaction& tx) {
        EXPECT_EQ(number(tx, "SELECT count(*) FROM t"), 0);
        std::thread{[&] { run(*store, "INSERT INTO t VALUES (1)"); }}.join();
        EXPECT_EQ(number(tx, "SELECT count(*) FROM t"), 0);
      },
      within());
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 1);
}

TEST(SqliteStore, S103_AReadThatFindsNoFreeConnectionIsToldSo) {
  const TemporaryFolder folder;
  const auto store = openSqliteStore(
      {.path = folder / "store.db", .readers_max = 1, .checkout_timeout = milliseconds{20}});
  store->read(
      [&](Transaction&) {
        std::thread{[&] {
          EXPECT_EQ(codeOf([&] { number(*store, "SELECT 1"); }), "DATABASE_BUSY");
        }}.join();
      },
      within());
  EXPECT_EQ(number(*store, "SELECT 1"), 1);
}

TEST(SqliteStore, CheckpointEmptiesTheLog) {
  const TemporaryFolder folder;
  const auto path = folder / "store.db";
  const auto store = openSqliteStore({.path = path});
  run(*store, "CREATE TABLE t (n INTEGER)");
  ASSERT_GT(std::filesystem::file_size(path.string() + "-wal"), 0U);
  store->checkpoint(within());
  EXPECT_EQ(std::filesystem::file_size(path.string() + "-wal"), 0U);
}

class AwayStore : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  const std::filesystem::path path = folder / "data/store.db";
  const std::unique_ptr<SqliteStore> store = openSqliteStore(
      {.path = path, .retry_interval = milliseconds{1}, .inspection_interval = milliseconds{1}});

  void awaitAnswer() {
    const auto end = within();
    while (!store->ping()) ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
};

TEST_F(AwayStore, S102_WhatCannotBeOpenedIsUnavailableInTheExactWords) {
  std::ofstream{folder / "data"} << "a file where the folder should be";
  for (int i = 0; i < 2; ++i) {
    try {
      number(*store, "SELECT 1");
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Database);
      EXPECT_EQ(error.code(), "DATABASE_UNAVAILABLE");
      EXPECT_EQ(error.message(), "Database unavailable. Server running in degraded mode.");
    }
  }
  EXPECT_EQ(codeOf([&] { run(*store, "SELECT 1"); }), "DATABASE_UNAVAILABLE");
  EXPECT_FALSE(store->ping());
}

TEST_F(AwayStore, S105_RecoversWithoutARestart) {
  std::ofstream{folder / "data"} << "in the way";
  EXPECT_FALSE(store->ping());
  std::filesystem::remove(folder / "data");
  awaitAnswer();
  run(*store, "CREATE TABLE t (n INTEGER)");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0);
}

TEST_F(AwayStore, ADamagedFileIsUnavailableUntilItIsReplaced) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream{path} << std::string(8192, 'x');
  EXPECT_EQ(codeOf([&] { number(*store, "SELECT 1"); }), "DATABASE_UNAVAILABLE");
  EXPECT_EQ(codeOf([&] { run(*store, "SELECT 1"); }), "DATABASE_UNAVAILABLE");
  std::filesystem::remove(path);
  std::ofstream{path}.close();
  awaitAnswer();
  EXPECT_EQ(number(*store, "SELECT 1"), 1);
}

TEST_F(AwayStore, DamageFoundLaterDropsTheConnections) {
  run(*store, "CREATE TABLE t (n INTEGER)");
  run(*store, "INSERT INTO t VALUES (1)");
  store->checkpoint(within());
  std::filesystem::copy_file(path, folder / "good");
  {
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(4096);
    file << std::string(4096, 'x');
  }
  run(*store, "CREATE TABLE u (n INTEGER)");  // makes the writer read the schema's pages anew
  EXPECT_EQ(codeOf([&] { number(*store, "SELECT count(*) FROM t"); }), "DATABASE_UNAVAILABLE");
  EXPECT_EQ(codeOf([&] { number(*store, "SELECT 1"); }), "none");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(store->ping()) << "what answers is not all of it";
  std::filesystem::rename(folder / "good", path);
  awaitAnswer();
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 1);
}

// Negative control: a plain connection goes on writing into the file that nobody can find again.
TEST_F(AwayStore, AFileThatDisappearedIsWaitedForAndNeverReplacedByAnEmptyOne) {
  run(*store, "CREATE TABLE t (n INTEGER)");
  store->checkpoint(within());
  sqlite3* plain = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &plain), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(plain, "SELECT count(*) FROM t", nullptr, nullptr, nullptr), SQLITE_OK);

  std::filesystem::rename(path, folder / "data/aside.db");
  EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO t VALUES (1)"); }), "DATABASE_UNAVAILABLE");
  EXPECT_FALSE(store->ping());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_NE(sqlite3_exec(plain, "INSERT INTO t VALUES (1)", nullptr, nullptr, nullptr),
            SQLITE_CANTOPEN);
  sqlite3_close(plain);

  std::filesystem::rename(folder / "data/aside.db", path);
  awaitAnswer();
  run(*store, "INSERT INTO t VALUES (2)");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t WHERE n = 2"), 1);
}

// A first migration, a health check, a reader and a writer come to a new file at the same moment:
// one of them makes it a write-ahead database, for which SQLite refuses to wait.
TEST(SqliteStore, WhoComeToANewFileAtOnceAreAllServed) {
  for (int round = 0; round < 50; ++round) {
    const TemporaryFolder folder;
    const auto store = openSqliteStore({.path = folder / "store.db"});
    std::vector<std::future<void>> all;
    all.push_back(std::async(std::launch::async, [&] { EXPECT_TRUE(store->ping()) << round; }));
    all.push_back(std::async(std::launch::async, [&] {
      EXPECT_EQ(number(*store, "SELECT count(*) FROM sqlite_master WHERE name = 'x'"), 0);
    }));
    all.push_back(std::async(std::launch::async, [&] {
      store->maintain([](Poco::Data::Session&) {}, within());
      run(*store, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    }));
    for (auto& one : all) EXPECT_NO_THROW(one.get()) << round;
  }
}

TEST(SqliteStore, S101_AnAttemptIsMadeAtMostOncePerInterval) {
  const TemporaryFolder folder;
  std::ofstream{folder / "data"} << "in the way";
  const auto store =
      openSqliteStore({.path = folder / "data/store.db", .retry_interval = std::chrono::hours{1}});
  EXPECT_FALSE(store->ping());
  std::filesystem::remove(folder / "data");
  EXPECT_FALSE(store->ping()) << "no attempt before the interval has passed";
  EXPECT_EQ(codeOf([&] { number(*store, "SELECT 1"); }), "DATABASE_UNAVAILABLE");
}

}  // namespace
}  // namespace bulkhead::host::data
