#include "data/postgresql_store.hpp"

#include <Poco/Data/Session.h>
#include <Poco/Data/Statement.h>
#include <algorithm>
#include <atomic>
#include <barrier>
#include <fmt/format.h>
#include <future>
#include <gtest/gtest.h>
#include <thread>
#include <utility>
#include <vector>

#include "data/postgresql_session.hpp"
#include "host/data/postgresql_store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Goal: what the server undid is not acknowledged. Poco's commit() after a failed statement reports
// success: the control shows it on the same server.
TEST_F(PostgresqlStore, AFailureThatIsSwallowedIsNoCommit) {
  EXPECT_EQ(codeOf([&] {
              store->write(
                  [](Transaction& tx) {
                    send(tx, "INSERT INTO t VALUES (1)");
                    try {
                      send(tx, "INSERT INTO t VALUES (1)");
                    } catch (const Error&) {
                    }
                  },
                  within());
            }),
            "DUPLICATE");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0);
  auto plain = openSession(options);
  plain.begin();
  plain << "INSERT INTO t VALUES (1)", Poco::Data::Keywords::now;
  EXPECT_ANY_THROW((plain << "INSERT INTO t VALUES (1)", Poco::Data::Keywords::now));
  EXPECT_NO_THROW(plain.commit()) << "the trap is gone: docs/decisions/0004 may be looked at again";
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0);
}

TEST_F(PostgresqlStore, ADollarInALiteralIsNoParameter) {
  EXPECT_EQ(text("SELECT 'cost $5' || $1", {value("!")}), "cost $5!");
}

// A parameter that is compared with nothing, or is asked for null before, has a type all the same.
TEST_F(PostgresqlStore, AParameterMayBeAskedForNullAlone) {
  const std::string_view sql =
      "SELECT count(*) FROM t WHERE $1 is null AND ($2 is null OR 'a' = $2) AND ($3 is null OR id "
      "= $3)";
  EXPECT_EQ(number(*store, sql, {bulkhead_value{}, value("a"), value(1)}), 0);
  EXPECT_EQ(
      number(*store, "SELECT 1 WHERE $1 is null AND $2 is null", {bulkhead_value{}, value(1)}), -1);
}

// Goal: no digit is lost, whatever the type. Sums of integers are numeric on PostgreSQL.
TEST_F(PostgresqlStore, NumericKeepsItsDigitsAndASumIsAnInteger) {
  EXPECT_EQ(text("SELECT 12345678901234.5678::numeric"), "12345678901234.5678");
  run(*store, "INSERT INTO t VALUES (1, 9007199254740993), (2, 2)");
  EXPECT_EQ(number(*store, "SELECT sum(amount) FROM t"), 9007199254740995);
}

TEST_F(PostgresqlStore, BytesOfManyRowsStayApart) {
  run(*store, "CREATE TABLE b (id BIGINT, bytes BYTEA)");
  run(*store,
      "INSERT INTO b SELECT n, convert_to('row ' || n, 'UTF8') FROM generate_series(1, 9) n");
  int rows = 0;
  store->read(
      [&](Transaction& tx) {
        tx.read("SELECT bytes, bytes FROM b ORDER BY id", nullptr, 0,
                [&](const bulkhead_value* row, std::size_t) {
                  ++rows;
                  for (int i = 0; i < 2; ++i) {
                    EXPECT_EQ((std::string{row[i].bytes.data, row[i].bytes.size}),
                              fmt::format("row {}", rows));
                  }
                  return 0;
                });
      },
      within());
  EXPECT_EQ(rows, 9);
}

TEST_F(PostgresqlStore, ATextThatItCannotKeepIsARefusal) {
  run(*store, "CREATE TABLE s (note TEXT)");
  for (const std::string_view note : {std::string_view{"a\0b", 3}, std::string_view{"\xff"}})
    EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO s VALUES ($1)", {value(note)}); }),
              "TEXT_NOT_STORABLE");
}

TEST_F(PostgresqlStore, NoticesAreNotForTheTerminal) {
  ::testing::internal::CaptureStderr();
  run(*store, "DROP TABLE IF EXISTS nothing_of_the_kind");
  run(*store, "DO $$ BEGIN RAISE WARNING 'to nobody'; END $$");
  EXPECT_EQ(::testing::internal::GetCapturedStderr().find("nobody"), std::string::npos);
}

// Goal: each kind of rule is the refusal that it is on SQLite, and no word of the driver's is told.
TEST_F(PostgresqlStore, S58_ARuleOfTheSchemaIsARefusal) {
  run(*store,
      "CREATE TABLE secret (n BIGINT PRIMARY KEY, t BIGINT REFERENCES t (id), v BIGINT NOT "
      "NULL CHECK (v < 9), EXCLUDE USING btree (v WITH =))");
  run(*store,
      "CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.n = 20 THEN RAISE "
      "EXCEPTION 'NO_TWENTY' USING errcode = 'check_violation'; ELSIF new.n = 21 THEN RAISE "
      "EXCEPTION 'conflict TAKEN: It is taken.'; END IF; RETURN new; END $$");
  run(*store, "CREATE TRIGGER say BEFORE INSERT ON secret FOR EACH ROW EXECUTE FUNCTION say()");
  run(*store, "INSERT INTO secret VALUES (1, NULL, 1)");
  struct Case {
    std::string_view values;
    std::string_view code;
  };
  for (const Case& one :
       {Case{"(1, NULL, 2)", "DUPLICATE"}, Case{"(2, NULL, 1)", "DUPLICATE"},
        Case{"(2, 99, 2)", "REFERENCE_VIOLATION"}, Case{"(2, NULL, 9)", "CONSTRAINT_VIOLATION"},
        Case{"(20, NULL, 2)", "NO_TWENTY"}, Case{"(21, NULL, 2)", "TAKEN"},
        Case{"(2, NULL, NULL)", "DATABASE_ERROR"}, Case{"(2, NULL, 'x')", "DATABASE_ERROR"}}) {
    EXPECT_EQ(codeOf([&] { run(*store, fmt::format("INSERT INTO secret VALUES {}", one.values)); }),
              one.code)
        << one.values;
  }
  EXPECT_EQ(number(*store, "SELECT count(*) FROM secret"), 1);
}

// Goal: two who each look at what the other one writes do not both go through as if alone. Control:
// the same at READ COMMITTED, which breaks the rule. Method: both have read before either writes.
TEST_F(PostgresqlStore, WhoReadWhatAnotherOneWroteRunsAgain) {
  const auto both = [&](const std::function<void(std::int64_t, std::barrier<>&)>& one) {
    run(*store, "DELETE FROM t");
    std::barrier together{2};
    auto other = std::async(std::launch::async, [&] { one(2, together); });
    one(1, together);
    other.get();
    return number(*store, "SELECT count(*) FROM t");
  };
  std::atomic<int> runs{0};
  EXPECT_EQ(both([&](std::int64_t id, std::barrier<>& together) {
              bool first = true;
              store->write(
                  [&](Transaction& tx) {
                    ++runs;
                    const bool empty = number(tx, "SELECT count(*) FROM t") == 0;
                    if (std::exchange(first, false)) together.arrive_and_wait();
                    if (empty) send(tx, "INSERT INTO t VALUES ($1)", {value(id)});
                  },
                  within());
            }),
            1);
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(both([&](std::int64_t id, std::barrier<>& together) {
              auto plain = openSession(options);
              std::int64_t count = -1;
              plain << "BEGIN", Poco::Data::Keywords::now;
              plain << "SELECT count(*) FROM t", Poco::Data::Keywords::into(count),
                  Poco::Data::Keywords::now;
              together.arrive_and_wait();
              if (count == 0)
                plain << fmt::format("INSERT INTO t VALUES ({})", id), Poco::Data::Keywords::now;
              plain << "COMMIT", Poco::Data::Keywords::now;
            }),
            2);
}

// Goal: who want different rows do not lose against each other, however small the table: it would
// be scanned otherwise, and so be read as a whole. Method: both have read before either writes.
TEST_F(PostgresqlStore, DifferentRowsOfASmallTableAreNoConflict) {
  run(*store, "INSERT INTO t VALUES (1), (2)");
  run(*store, "ANALYZE t");
  std::barrier together{2};
  std::atomic<int> runs{0};
  const auto add = [&](std::int64_t id) {
    bool first = true;
    store->write(
        [&](Transaction& tx) {
          ++runs;
          const auto now = number(tx, "SELECT amount FROM t WHERE id = $1", {value(id)});
          if (std::exchange(first, false)) together.arrive_and_wait();
          send(tx, "UPDATE t SET amount = $2 WHERE id = $1", {value(id), value(now + 1)});
        },
        within());
  };
  auto other = std::async(std::launch::async, [&] { add(2); });
  add(1);
  other.get();
  EXPECT_EQ(runs, 2);
}

// Goal: who is overtaken by another one's row at an exclusion constraint looks again, and says of
// it what it says of any. Method: both have looked before either writes.
TEST_F(PostgresqlStore, WhoIsExcludedByWhatItCouldNotSeeLooksAgain) {
  run(*store, "CREATE TABLE visit (slot BIGINT, EXCLUDE USING btree (slot WITH =))");
  std::barrier together{2};
  const auto take = [&] {
    bool first = true;
    return codeOf([&] {
      store->write(
          [&](Transaction& tx) {
            const auto taken = number(tx, "SELECT count(*) FROM visit WHERE slot = 1");
            if (std::exchange(first, false)) together.arrive_and_wait();
            tx.nested([&] {
              if (taken != 0) throw Error::conflict("SLOT_TAKEN", "It is taken.");
              send(tx, "INSERT INTO visit VALUES (1)");
            });
          },
          within());
    });
  };
  auto other = std::async(std::launch::async, take);
  std::vector<std::string> ends{take(), other.get()};
  std::sort(ends.begin(), ends.end());
  EXPECT_EQ(ends, (std::vector<std::string>{"SLOT_TAKEN", "none"}));
}

// Goal: two that take the same rows in different orders both succeed.
TEST_F(PostgresqlStore, ADeadlockIsRunAgain) {
  run(*store, "INSERT INTO t VALUES (1), (2)");
  std::barrier together{2};
  const auto add = [&](std::int64_t first_id, std::int64_t second_id) {
    bool first = true;
    store->write(
        [&](Transaction& tx) {
          send(tx, "UPDATE t SET amount = amount + 1 WHERE id = $1", {value(first_id)});
          if (std::exchange(first, false)) together.arrive_and_wait();
          send(tx, "UPDATE t SET amount = amount + 1 WHERE id = $1", {value(second_id)});
        },
        within());
  };
  auto other = std::async(std::launch::async, [&] { add(2, 1); });
  add(1, 2);
  other.get();
  EXPECT_EQ(number(*store, "SELECT sum(amount) FROM t"), 4);
}

// Goal: many that want one row all get it, and none is told that it is busy. Method: a hot row.
TEST_F(PostgresqlStore, AHotRowStarvesNobody) {
  run(*store, "INSERT INTO t VALUES (1)");
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 15; ++n) {
        EXPECT_EQ(codeOf([&] {
                    store->write(
                        [](Transaction& tx) {
                          const auto now = number(tx, "SELECT amount FROM t WHERE id = 1");
                          send(tx, "UPDATE t SET amount = $1 WHERE id = 1", {value(now + 1)});
                        },
                        within());
                  }),
                  "none");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(number(*store, "SELECT amount FROM t"), 120);
}

// Goal: a statement that was kept survives a change of what it answers.
TEST_F(PostgresqlStore, AChangedTableDoesNotSpoilKeptStatements) {
  run(*store, "INSERT INTO t VALUES (1, 5)");
  EXPECT_EQ(number(*store, "SELECT * FROM t"), 1);
  run(*store, "ALTER TABLE t ALTER COLUMN id TYPE INTEGER");
  EXPECT_EQ(number(*store, "SELECT * FROM t"), 1);
}

TEST_F(PostgresqlStore, RehearsedClosuresRunTwiceAndCountOnce) {
  options.rehearse_writes = true;
  store = openPostgresqlStore(options);
  int runs = 0;
  store->write(
      [&](Transaction& tx) {
        ++runs;
        send(tx, "INSERT INTO t VALUES (1)");
      },
      within());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 1);
}

// Goal: a transaction that only writes is one round trip. Method: what is queued has not been heard
// of by the server before the end, as the failure that comes only then shows.
TEST_F(PostgresqlStore, WhatIsQueuedGoesOutWithTheCommit) {
  bool returned = false;
  EXPECT_EQ(codeOf([&] {
              store->write(
                  [&](Transaction& tx) {
                    tx.queue("INSERT INTO t VALUES (1)", nullptr, 0);
                    tx.queue("INSERT INTO t VALUES (1)", nullptr, 0);
                    tx.queue("INSERT INTO t VALUES (2)", nullptr, 0);
                    returned = true;
                  },
                  within());
            }),
            "DUPLICATE");
  EXPECT_TRUE(returned);
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0);
}

// Goal: what is refused in a nested closure is undone alone, though it was queued.
TEST_F(PostgresqlStore, ARefusalInANestedClosureIsItsOwn) {
  store->write(
      [&](Transaction& tx) {
        tx.queue("INSERT INTO t VALUES (1)", nullptr, 0);
        EXPECT_EQ(codeOf([&] {
                    tx.nested([&] {
                      tx.queue("INSERT INTO t VALUES (2)", nullptr, 0);
                      tx.queue("INSERT INTO t VALUES (1)", nullptr, 0);
                    });
                  }),
                  "DUPLICATE");
        send(tx, "INSERT INTO t VALUES (3)");
      },
      within());
  EXPECT_EQ(number(*store, "SELECT sum(id) FROM t"), 4);
}

// Goal: the time of a statement that begins late ends with its caller's, on the server, too.
TEST_F(PostgresqlStore, AStatementThatBeginsLateHasWhatIsLeft) {
  const std::string_view limit =
      "SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'";
  store->write(
      [&](Transaction& tx) {
        EXPECT_GT(number(tx, limit), 2'000);
        number(tx, "SELECT 1 FROM pg_sleep(2.5)");
        EXPECT_LE(number(tx, limit), 1'500);
      },
      within(seconds{4}));
}

// Goal: what failed before a nested closure, and was not waited for, is not undone by it.
TEST_F(PostgresqlStore, ANestedClosureUndoesNothingOfTheOneAroundIt) {
  store->write(
      [&](Transaction& tx) {
        tx.queue("INSERT INTO t VALUES (1)", nullptr, 0);
        EXPECT_EQ(codeOf([&] {
                    tx.nested([&] {
                      tx.queue("INSERT INTO t VALUES (1)", nullptr, 0);
                      EXPECT_EQ(codeOf([&] {
                                  tx.nested([] { throw Error::conflict("INNER", "Refused."); });
                                }),
                                "INNER");
                    });
                  }),
                  "DUPLICATE");
        send(tx, "INSERT INTO t VALUES (3)");
      },
      within());
  EXPECT_EQ(number(*store, "SELECT sum(id) FROM t"), 4);
}

// Goal: what a statement says of rows is not for the log.
TEST_F(PostgresqlStore, AComplaintDoesNotQuoteRows) {
  auto plain = openSession(options);
  runScript(plain, "INSERT INTO t VALUES (4711)");
  try {
    runScript(plain, "INSERT INTO t VALUES (4711)");
    FAIL();
  } catch (const Poco::Exception& exception) {
    EXPECT_NE(exception.displayText().find("duplicate"), std::string::npos);
    EXPECT_EQ(exception.displayText().find("4711"), std::string::npos);
  }
}

TEST_F(PostgresqlStore, WhoRunsDoesNotWait) {
  store->write([&](Transaction&) { EXPECT_EQ(store->statistics().waiting, 0U); }, within());
}

// Goal: a URL that cannot be read is told without its password.
TEST(PostgresqlUrl, APasswordIsNotInWhatIsSaid) {
  PostgresqlOptions options;
  options.url = "postgresql://user:hunter2@host:port:port/x?no such=parameter";
  try {
    openPostgresqlStore(options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "DATABASE_URL");
    EXPECT_EQ(error.message().find("hunter2"), std::string::npos);
  }
}

TEST(PostgresqlUrl, APortIsANumber) {
  PostgresqlOptions options;
  for (const std::string ports : {"local:host:5", "local:0", "local:65536", "one:1,two:x"}) {
    options.url = "postgresql://" + ports + "/x";
    EXPECT_THROW(requireReadable(options), Error) << ports;
  }
  for (const std::string ports : {"local", "local:5432", "one:1,two", "one,two:2"}) {
    options.url = "postgresql://" + ports + "/x";
    EXPECT_NO_THROW(requireReadable(options)) << ports;
  }
}

TEST(PostgresqlUrl, ASocketIsNoHost) {
  PostgresqlOptions options;
  for (const std::string where : {"/db", "/db?host=/run/postgresql", "one,/db?host=", "/db?host=@x",
                                  "/db?host=one,/run/postgresql"}) {
    options.url = "postgresql://" + where;
    EXPECT_THROW(requireHost(options), Error) << where;
  }
  for (const std::string where : {"one/db", "one:1,two:2/db", "/db?hostaddr=127.0.0.1"}) {
    options.url = "postgresql://" + where;
    EXPECT_NO_THROW(requireHost(options)) << where;
  }
}

}  // namespace
}  // namespace bulkhead::host::data
