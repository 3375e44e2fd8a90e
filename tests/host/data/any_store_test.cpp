#include <Poco/Data/Session.h>
#include <Poco/Data/Statement.h>
#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "data/sqlite_store.hpp"
#include "host/data/postgresql_fixture.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using std::chrono::milliseconds;

enum class Kind { File, Memory, Postgresql };

// What holds for one engine holds for the others, on a disk or in memory.
class AnyStore : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::Postgresql) {
      if (!PostgresqlServer::isInstalled()) GTEST_SKIP() << "PostgreSQL is not installed";
      ASSERT_EQ(PostgresqlServer::shared().trouble(), "");
      store = openPostgresqlStore(postgresqlOptions());
    } else {
      store = openSqliteStore(
          {.path = GetParam() == Kind::Memory ? std::filesystem::path{} : folder / "store.db"});
    }
    run(*store, std::string{"CREATE TABLE t (id BIGINT PRIMARY KEY, note TEXT, amount BIGINT, "
                            "share DOUBLE PRECISION, bytes "} +
                    (store->engine() == Engine::Sqlite ? "BLOB)" : "BYTEA)"));
  }

  TemporaryFolder folder;
  std::unique_ptr<Store> store;
};

TEST_P(AnyStore, BindsByNumber) {
  run(*store, "INSERT INTO t (id, note, amount) VALUES ($2, $1, $2)", {value("two"), value(2)});
  EXPECT_EQ(number(*store, "SELECT amount FROM t WHERE note = $1", {value("two")}), 2);
  EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO t (id) VALUES ($1)"); }), "DATABASE_ERROR");
}

TEST_P(AnyStore, RoundTripsEveryType) {
  bulkhead_value blob{};
  blob.type = BULKHEAD_BLOB;
  blob.bytes = {"a\0\\b\xff", 5};
  bulkhead_value real{};
  real.type = BULKHEAD_REAL;
  real.real = 0.1;
  const char* const sql = "INSERT INTO t VALUES ($1, $2, $3, $4, $5)";
  run(*store, sql, {value(9007199254740993), value("'\\$1 \xc3\xa4"), value(-1), real, blob});
  run(*store, sql, {value(2), value(""), bulkhead_value{}, bulkhead_value{}, bulkhead_value{}});
  int rows = 0;
  store->read(
      [&](Transaction& tx) {
        tx.read("SELECT id, note, amount, share, bytes FROM t ORDER BY id DESC", nullptr, 0,
                [&](const bulkhead_value* row, std::size_t count) {
                  EXPECT_EQ(count, 5U);
                  const auto text = [&](int i) {
                    return std::string{row[i].bytes.data, row[i].bytes.size};
                  };
                  if (rows++ == 0) {
                    EXPECT_EQ(row[0].integer, 9007199254740993);
                    EXPECT_EQ(text(1), "'\\$1 \xc3\xa4");
                    EXPECT_EQ(row[2].integer, -1);
                    EXPECT_EQ(row[3].real, 0.1);
                    EXPECT_EQ(row[4].type, BULKHEAD_BLOB);
                    EXPECT_EQ(text(4), (std::string{"a\0\\b\xff", 5}));
                  } else {
                    EXPECT_EQ(row[1].type, BULKHEAD_TEXT) << "an empty text is not NULL";
                    EXPECT_EQ(row[1].bytes.size, 0U);
                    EXPECT_EQ(row[2].type, BULKHEAD_NULL);
                    EXPECT_EQ(row[3].type, BULKHEAD_NULL);
                    EXPECT_EQ(row[4].type, BULKHEAD_NULL);
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

INSTANTIATE_TEST_SUITE_P(Engines, AnyStore,
                         ::testing::Values(Kind::File, Kind::Memory, Kind::Postgresql),
                         [](const auto& suite) {
                           return suite.param == Kind::File     ? "File"
                                  : suite.param == Kind::Memory ? "Memory"
                                                                : "Postgresql";
                         });

}  // namespace
}  // namespace bulkhead::host::data
