#include <Poco/Data/Session.h>
#include <barrier>
#include <fmt/format.h>
#include <future>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "data/postgresql_session.hpp"
#include "data/postgresql_store.hpp"
#include "host/data/postgresql_store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using std::chrono::milliseconds;

// Goal: sessions that the server ended while nobody used them cost nobody anything (S105).
TEST_F(PostgresqlStore, S105_EndedSessionsAreReplacedUnseen) {
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0);
  endSessions();
  EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO t VALUES (1)"); }), "none");
  endSessions();
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 1);
  endSessions();
  EXPECT_TRUE(store->ping());
}

TEST_F(PostgresqlStore, S103_WhoFindsNoFreeSessionIsToldSo) {
  options.sessions_max = 1;
  options.checkout_timeout = milliseconds{50};
  store = openPostgresqlStore(options);
  store->read(
      [&](Transaction&) {
        std::async(std::launch::async, [&] {
          EXPECT_EQ(codeOf([&] { number(*store, "SELECT 1"); }), "DATABASE_BUSY");
        }).get();
      },
      within());
  EXPECT_EQ(number(*store, "SELECT 1"), 1);
}

TEST_F(PostgresqlStore, S103_IdleSessionsGoDownToTheLeastNumber) {
  options.idle_timeout = milliseconds{1};
  options.sessions_min = 1;
  store = openPostgresqlStore(options);
  std::barrier together{3};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      store->read(
          [&](Transaction& tx) {
            number(tx, "SELECT 1");
            together.arrive_and_wait();
          },
          within());
    });
  }
  for (auto& thread : threads) thread.join();
  const auto sessions = [&] {
    return PostgresqlServer::shared().run(
        fmt::format("select count(*) from pg_stat_activity where application_name = "
                    "'bulkhead-store' and datname = '{}';",
                    text("SELECT current_database()")));
  };
  const auto become = [&](std::string_view count) {
    for (int i = 0; i < 100 && sessions() != count; ++i) std::this_thread::yield();
    return sessions();
  };
  EXPECT_EQ(become("3\n"), "3\n");
  EXPECT_TRUE(store->ping());
  EXPECT_EQ(become("2\n"), "2\n") << "the least number, and the one that answers for the health";
}

// Goal: a number that is held is held for every process, and free when its holder has gone.
TEST_F(PostgresqlStore, ANumberIsHeldOnce) {
  const auto other = openPostgresqlStore(options);
  auto hold = store->hold(7);
  ASSERT_NE(hold, nullptr);
  EXPECT_EQ(other->hold(7), nullptr);
  EXPECT_EQ(store->hold(7), nullptr);
  EXPECT_NE(other->hold(8), nullptr);
  hold.reset();
  hold = other->hold(7);
  EXPECT_NE(hold, nullptr);
  endSessions();
  EXPECT_EQ(other->hold(9) == nullptr, false) << "on a new session";
  EXPECT_EQ(store->hold(7), nullptr) << "which holds what the old one did";
  PostgresqlOptions elsewhere = options;
  elsewhere.schema = "elsewhere";
  EXPECT_NE(openPostgresqlStore(elsewhere)->hold(7), nullptr) << "the number of another store";
}

TEST_F(PostgresqlStore, EachOwnerHasASchemaOfItsOwn) {
  PostgresqlOptions other = options;
  other.owner = other.schema = "google-calendar";
  const auto second = openPostgresqlStore(other);
  run(*second, "CREATE TABLE t (id BIGINT)");
  run(*second, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0);
  EXPECT_EQ(number(*second, "SELECT count(*) FROM t"), 1);
  EXPECT_EQ(codeOf([&] { run(*store, "SET search_path TO public"); }), "DATABASE_ERROR");
}

TEST_F(PostgresqlStore, WhoComeToANewSchemaAtOnceAreAllServed) {
  for (int round = 0; round < 10; ++round) {
    options.schema = fmt::format("new_{}", round);
    store = openPostgresqlStore(options);
    std::barrier together{8};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        EXPECT_EQ(codeOf([&] { number(*store, "SELECT 1"); }), "none");
      });
    }
    for (auto& thread : threads) thread.join();
  }
}

TEST_F(PostgresqlStore, OneMaintainerAtATime) {
  const auto other = openPostgresqlStore(options);
  store->maintain(
      [&](Poco::Data::Session&) {
        std::async(std::launch::async, [&] {
          EXPECT_EQ(codeOf([&] {
                      other->maintain([](Poco::Data::Session&) {}, within(milliseconds{100}));
                    }),
                    "DATABASE_BUSY");
        }).get();
      },
      within());
  EXPECT_EQ(codeOf([&] { other->maintain([](Poco::Data::Session&) {}, within()); }), "none");
}

// Goal: a server that takes no more sessions is busy for who needs one, and not away for those
// that are there; health does not say so either.
TEST_F(PostgresqlStore, S103_ALimitOfTheServerIsNotItsAbsence) {
  PostgresqlServer& server = PostgresqlServer::shared();
  const std::string database = text("SELECT current_database()");
  ASSERT_EQ(server.run(fmt::format("create role few login; grant create on database {} to few;",
                                   database)),
            "");
  PostgresqlOptions few = options;
  few.url.replace(few.url.find("owner@"), 6, "few@");
  few.schema = "few";
  const auto limited = openPostgresqlStore(few);
  EXPECT_EQ(number(*limited, "SELECT 1"), 1);
  ASSERT_EQ(server.run("alter role few connection limit 1;"), "");
  limited->read(
      [&](Transaction& tx) {
        EXPECT_EQ(number(tx, "SELECT 1"), 1);
        std::async(std::launch::async, [&] {
          EXPECT_EQ(codeOf([&] { number(*limited, "SELECT 1"); }), "DATABASE_BUSY");
          EXPECT_TRUE(limited->ping());
        }).get();
      },
      within());
  EXPECT_EQ(number(*limited, "SELECT 1"), 1) << "at once";
}

// Goal: health does not wait for a table that a migration keeps, nor calls the server away for it.
TEST_F(PostgresqlStore, ALockedTableIsNoSickness) {
  store->maintain(
      [&](Poco::Data::Session& session) {
        runScript(session, "BEGIN; LOCK TABLE t");
        std::async(std::launch::async, [&] { EXPECT_TRUE(store->ping()); }).get();
        runScript(session, "ROLLBACK");
      },
      within());
  EXPECT_TRUE(store->ping());
  EXPECT_GT(store->statistics().size_bytes, 0);
}

TEST_F(PostgresqlStore, AFencedStoreDoesNothingMore) {
  store->fence();
  EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO t VALUES (1)"); }), "DATABASE_UNAVAILABLE");
  EXPECT_FALSE(store->ping());
}

}  // namespace
}  // namespace bulkhead::host::data
