#include "data/sqlite_store.hpp"

#include <Poco/Data/Session.h>
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

// What holds for a file holds in memory.
class AnyStore : public ::testing::TestWithParam<bool> {
 protected:
  AnyStore() { run(*store, "CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT, amount)"); }

  TemporaryFolder folder;
  std::unique_ptr<SqliteStore> store =
      openSqliteStore({.path = GetParam() ? std::filesystem::path{} : folder / "store.db"});
};

TEST_P(AnyStore, BindsByNumberAndByOrder) {
  run(*store, "INSERT INTO t VALUES ($2, $1, $2)", {value("two"), value(2)});
  run(*store, "INSERT INTO t VALUES (?, ?, ?)", {value(3), value("three"), value(30)});
  EXPECT_EQ(number(*store, "SELECT amount FROM t WHERE note = $1", {value("two")}), 2);
  EXPECT_EQ(number(*store, "SELECT amount FROM t WHERE id = ?", {value(3)}), 30);
}

TEST_P(AnyStore, RoundTripsEveryType) {
  bulkhead_value blob{};
  blob.type = BULKHEAD_BLOB;
  blob.bytes = {"a\0b", 3};
  bulkhead_value real{};
  real.type = BULKHEAD_REAL;
  real.real = 0.5;
  run(*store, "INSERT INTO t VALUES (9007199254740993, $1, $2)", {real, blob});
  run(*store, "INSERT INTO t VALUES (2, $1, $2)", {bulkhead_value{}, value("")});
  int rows = 0;
  store->read(
      [&](Transaction& tx) {
        tx.read("SELECT id, amount, note FROM t ORDER BY id DESC", nullptr, 0,
                [&](const bulkhead_value* row, std::size_t count) {
                  EXPECT_EQ(count, 3U);
                  if (rows++ == 0) {
                    EXPECT_EQ(row[0].integer, 9007199254740993);
                    EXPECT_EQ((std::string{row[1].bytes.data, row[1].bytes.size}),
                              (std::string{"a\0b", 3}));
                  } else {
                    EXPECT_EQ(row[1].type, BULKHEAD_TEXT) << "an empty text is not NULL";
                    EXPECT_EQ(row[1].bytes.size, 0U);
                    EXPECT_EQ(row[2].type, BULKHEAD_NULL);
                  }
                  return 0;
                });
      },
      within());
  EXPECT_EQ(rows, 2);
}

TEST_P(AnyStore, TellsRowsChanged) {
  store->write(
      [](Transaction& tx) {
        EXPECT_EQ(send(tx, "INSERT INTO t (id) VALUES (1), (2), (3)"), 3);
        EXPECT_EQ(send(tx, "UPDATE t SET note = 'x' WHERE id > 1"), 2);
        EXPECT_EQ(send(tx, "UPDATE t SET note = 'x' WHERE id > 9"), 0);
        EXPECT_EQ(send(tx, "CREATE INDEX i ON t (note)"), 0);
      },
      within());
}

TEST_P(AnyStore, AReaderMayStopAndMayAskFurther) {
  run(*store, "INSERT INTO t (id) VALUES (1), (2), (3)");
  store->read(
      [](Transaction& tx) {
        int rows = 0;
        const std::string_view sql = "SELECT id FROM t WHERE id >= $1 ORDER BY id";
        const Values from{value(1)};
        tx.read(sql, from.data(), 1, [&](const bulkhead_value* row, std::size_t) {
          const std::int64_t id = row[0].integer;
          EXPECT_EQ(number(tx, sql, {value(id)}), 3) << "the same statement, within itself";
          return ++rows == 2 ? 1 : 0;
        });
        EXPECT_EQ(rows, 2);
      },
      within());
}

TEST_P(AnyStore, AReadCannotWrite) {
  const auto in_read = [&](std::string_view sql) {
    return codeOf([&] { store->read([&](Transaction& tx) { send(tx, sql); }, within()); });
  };
  EXPECT_EQ(in_read("INSERT INTO t (id) VALUES (1)"), "DATABASE_ERROR");
  EXPECT_EQ(in_read("DELETE FROM t"), "DATABASE_ERROR");
  EXPECT_EQ(in_read("SELECT 1"), "none");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0);
}

// Each of these would let a closure out of the transaction that others share.
TEST_P(AnyStore, TransactionControlIsRefused) {
  for (const std::string_view sql :
       {"COMMIT", "ROLLBACK", "BEGIN", "SAVEPOINT a", "RELEASE bh", "ROLLBACK TO bh",
        "PRAGMA synchronous=OFF", "ATTACH ':memory:' AS other", "SELECT 1; SELECT 2", "",
        "INSERT INTO t (id) VALUES (:name)"}) {
    EXPECT_EQ(codeOf([&] { run(*store, sql); }), "DATABASE_ERROR") << sql;
  }
  run(*store, "INSERT INTO t (id) VALUES (1);  ");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 1);
}

TEST_P(AnyStore, ClosuresAreAtomicAndThrowToTheirCaller) {
  EXPECT_EQ(codeOf([&] {
              store->write(
                  [](Transaction& tx) {
                    send(tx, "INSERT INTO t (id) VALUES (1)");
                    throw Error::conflict("SLOT_TAKEN", "Taken.");
                  },
                  within());
            }),
            "SLOT_TAKEN");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0);
}

TEST_P(AnyStore, NestedRollsBackOnlyItself) {
  store->write(
      [](Transaction& tx) {
        send(tx, "INSERT INTO t (id) VALUES (1)");
        EXPECT_THROW(tx.nested([&] {
          send(tx, "INSERT INTO t (id) VALUES (2)");
          tx.nested([&] { send(tx, "INSERT INTO t (id) VALUES (3)"); });
          throw std::runtime_error{"no"};
        }),
                     std::runtime_error);
        tx.nested([&] { send(tx, "INSERT INTO t (id) VALUES (4)"); });
      },
      within());
  EXPECT_EQ(number(*store, "SELECT sum(id) FROM t"), 5);
}

TEST_P(AnyStore, ForeignKeysHoldAndDeferredOnesBlameTheirOwner) {
  run(*store, "CREATE TABLE child (t INTEGER REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED)");
  EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO child VALUES (5)"); }), "REFERENCE_VIOLATION");
  store->write(
      [](Transaction& tx) {
        send(tx, "INSERT INTO child VALUES (5)");
        send(tx, "INSERT INTO t (id) VALUES (5)");
      },
      within());
  EXPECT_EQ(number(*store, "SELECT count(*) FROM child"), 1);
}

TEST_P(AnyStore, VerbsWithinVerbsAreRefusedWhereTheyCouldWaitForThemselves) {
  const auto nothing = [](Transaction&) {};
  const auto other = openSqliteStore({});
  const auto in_write = [&](const std::function<void()>& work) {
    return codeOf([&] { store->write([&](Transaction&) { work(); }, within()); });
  };
  const auto in_read = [&](const std::function<void()>& work) {
    return codeOf([&] { store->read([&](Transaction&) { work(); }, within()); });
  };
  EXPECT_EQ(in_write([&] { store->write(nothing, within()); }), "CALL_IN_TRANSACTION");
  EXPECT_EQ(in_write([&] { store->read(nothing, within()); }), "CALL_IN_TRANSACTION");
  EXPECT_EQ(in_write([&] { other->write(nothing, within()); }), "CALL_IN_TRANSACTION");
  EXPECT_EQ(in_read([&] { store->write(nothing, within()); }), "CALL_IN_TRANSACTION");
  EXPECT_EQ(in_read([&] { store->read(nothing, within()); }), "CALL_IN_TRANSACTION");
  EXPECT_EQ(in_read([&] { other->write(nothing, within()); }), "none");
  EXPECT_EQ(in_write([] {}), "none") << "the mark does not outlive its verb";
}

TEST_P(AnyStore, AReadIsInterruptedAtItsDeadline) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(codeOf([&] {
              store->read(
                  [](Transaction& tx) {
                    number(tx,
                           "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) "
                           "SELECT count(*) FROM c");
                  },
                  within(milliseconds{50}));
            }),
            "DEADLINE_EXCEEDED");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{5});
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0) << "the connection is usable afterwards";
}

// Transfers between accounts from 16 threads: the sum never changes, for any reader at any time.
TEST_P(AnyStore, SixteenThreadsKeepTheSum) {
  constexpr int kAccounts = 10;
  constexpr int kThreads = 16;
  constexpr int kTransfers = 60;
  for (int i = 0; i < kAccounts; ++i) {
    run(*store, "INSERT INTO t (id, amount) VALUES ($1, 100)", {value(i)});
  }
  std::atomic<bool> done{false};
  std::thread reader{[&] {
    while (!done) EXPECT_EQ(number(*store, "SELECT sum(amount) FROM t"), kAccounts * 100);
  }};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kTransfers; ++i) {
        store->write(
            [&](Transaction& tx) {
              const auto from = value((thread + i) % kAccounts);
              const auto to = value((thread * 3 + i * 7 + 1) % kAccounts);
              const auto left = number(tx, "SELECT amount FROM t WHERE id = $1", {from});
              send(tx, "UPDATE t SET amount = $2 WHERE id = $1", {from, value(left - 1)});
              send(tx, "UPDATE t SET amount = amount + 1 WHERE id = $1", {to});
            },
            within());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  done = true;
  reader.join();
  EXPECT_EQ(number(*store, "SELECT sum(amount) FROM t"), kAccounts * 100);
  EXPECT_EQ(store->statistics().writes, kThreads * kTransfers + kAccounts + 1U);
}

TEST_P(AnyStore, ManyDifferentStatementsDoNotGrowTheCacheForEver) {
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(number(*store, "SELECT " + std::to_string(i)), i);
  }
}

TEST_P(AnyStore, AMaintainerIsAloneAndItsFailureIsAnError) {
  EXPECT_EQ(codeOf([&] {
              store->maintain(
                  [](Poco::Data::Session& session) {
                    session << "INSERT INTO nowhere VALUES (1)", Poco::Data::Keywords::now;
                  },
                  within());
            }),
            "DATABASE_ERROR");
  store->maintain(
      [](Poco::Data::Session& session) {
        session << "INSERT INTO t (id) VALUES (1)", Poco::Data::Keywords::now;
      },
      within());
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 1);
  EXPECT_EQ(codeOf([&] { run(*store, "PRAGMA synchronous=OFF"); }), "DATABASE_ERROR")
      << "what a maintainer may, a closure still may not";
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyStore, ::testing::Bool(),
                         [](const auto& suite) { return suite.param ? "Memory" : "File"; });

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
