#include "data/group_commit.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "host/data/failing_disk.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kEndlessInsert =
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
    "INSERT INTO t SELECT n + 1000000 FROM c";
constexpr std::string_view kEndlessSelect =
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c";

// A store whose first closure holds the writer until a number of others wait behind it, so that
// they form one group with it.
class Grouped : public ::testing::Test {
 protected:
  Grouped() { run(*store, "CREATE TABLE t (n INTEGER PRIMARY KEY)"); }

  void groupBehindALeader(const std::vector<std::function<void()>>& callers) {
    std::atomic<bool> leading{false};
    const auto lead = [&](Transaction& tx) {
      // Only in its first run: when the group is lost, nobody waits any more.
      const bool again = leading.exchange(true);
      while (!again && store->statistics().waiting < callers.size()) std::this_thread::yield();
      send(tx, "INSERT INTO t VALUES (0)");
    };
    std::thread leader{[&] { EXPECT_NO_THROW(store->write(lead, within())); }};
    while (!leading) std::this_thread::yield();
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < callers.size(); ++i) {
      threads.emplace_back([&caller = callers[i]] { EXPECT_NO_THROW(caller()); });
      if (i + 1 == callers.size()) break;
      while (store->statistics().waiting <= i) std::this_thread::yield();
    }
    leader.join();
    for (auto& thread : threads) thread.join();
  }

  std::function<void()> insert(int n) {
    return [this, n] { run(*store, "INSERT INTO t VALUES ($1)", {value(n)}); };
  }

  std::int64_t rows() { return number(*store, "SELECT count(*) FROM t"); }

  TemporaryFolder folder;
  // The budget is processor time: on a machine that is busy tenfold, a tenth of the callers'
  // patience.
  std::unique_ptr<SqliteStore> store = openSqliteStore({.path = folder / "store.db",
                                                        .closure_budget = milliseconds{200},
                                                        .group_time = seconds{10}});
};

TEST_F(Grouped, CallersThatQueueShareOneCommit) {
  const auto before = store->statistics();
  groupBehindALeader({insert(1), insert(2), insert(3), insert(4)});
  const auto after = store->statistics();
  EXPECT_EQ(after.writes - before.writes, 5U);
  EXPECT_EQ(after.commits - before.commits, 1U);
  EXPECT_EQ(rows(), 5);
}

TEST_F(Grouped, AThrowingClosureIsItsOwnCallersAlone) {
  std::string code;
  groupBehindALeader({insert(1),
                      [&] {
                        code = codeOf([&] {
                          store->write(
                              [](Transaction& tx) {
                                send(tx, "INSERT INTO t VALUES (2)");
                                throw Error::conflict("SLOT_TAKEN", "Taken.");
                              },
                              within());
                        });
                      },
                      insert(3)});
  EXPECT_EQ(code, "SLOT_TAKEN");
  EXPECT_EQ(number(*store, "SELECT group_concat(n) = '0,1,3' FROM (SELECT n FROM t ORDER BY n)"),
            1);
}

TEST_F(Grouped, ARefusalAfterAWriteIsUndoneByARunWithSavepoints) {
  int runs = 0;
  std::vector<std::string> codes(2);
  const auto counted = [&] {
    store->write(
        [&](Transaction& tx) {
          ++runs;
          send(tx, "INSERT INTO t VALUES ($1)", {value(100 + runs)});
        },
        within());
  };
  const auto refusing = [&](std::string& code) {
    return [&] {
      code = codeOf([&] {
        store->write(
            [](Transaction& tx) {
              send(tx, "INSERT INTO t VALUES (2)");
              throw Error::conflict("SLOT_TAKEN", "Taken.");
            },
            within());
      });
    };
  };
  groupBehindALeader({counted, refusing(codes[0])});
  EXPECT_EQ(runs, 2) << "the group had no savepoints, and only all of it could be undone";
  run(*store, "DELETE FROM t WHERE n = 0");
  groupBehindALeader({counted, refusing(codes[1])});
  EXPECT_EQ(runs, 3) << "the next groups have them";
  EXPECT_EQ(codes, (std::vector<std::string>{"SLOT_TAKEN", "SLOT_TAKEN"}));
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t WHERE n = 2"), 0);
  EXPECT_EQ(rows(), 3);
}

TEST_F(Grouped, ARefusalBeforeAnyWriteNeedsNoSavepoint) {
  int runs = 0;
  groupBehindALeader({[&] {
                        store->write(
                            [&](Transaction& tx) {
                              ++runs;
                              send(tx, "INSERT INTO t VALUES (1)");
                            },
                            within());
                      },
                      [&] {
                        codeOf([&] {
                          store->write(
                              [](Transaction& tx) {
                                number(tx, "SELECT count(*) FROM t");
                                throw Error::conflict("SLOT_TAKEN", "Taken.");
                              },
                              within());
                        });
                      }});
  EXPECT_EQ(runs, 1);
}

TEST_F(Grouped, WhatANestedClosureWroteBeforeItThrewIsUndoneAndTheRestGoesOn) {
  int runs = 0;
  store->write(
      [&](Transaction& tx) {
        ++runs;
        send(tx, "INSERT INTO t VALUES (1)");
        try {
          tx.nested([&] {
            send(tx, "INSERT INTO t VALUES (2)");
            throw Error::conflict("SLOT_TAKEN", "Taken.");
          });
        } catch (const Error&) {
          send(tx, "INSERT INTO t VALUES (3)");
        }
      },
      within());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(number(*store, "SELECT group_concat(n) = '1,3' FROM (SELECT n FROM t ORDER BY n)"), 1);
}

TEST_F(Grouped, AnOverrunThatEndsTheTransactionCostsTheOthersNothing) {
  std::string code;
  std::atomic<int> runs{0};
  const auto counted = [&] {
    store->write(
        [&](Transaction& tx) {
          ++runs;
          send(tx, "INSERT INTO t VALUES (1)");
        },
        within());
  };
  groupBehindALeader(
      {counted, [&] { code = codeOf([&] { run(*store, kEndlessInsert); }); }, insert(3)});
  EXPECT_EQ(code, "TRANSACTION_BUDGET_EXCEEDED");
  EXPECT_EQ(runs, 2) << "the interrupt rolled the whole group back, and it ran again";
  EXPECT_EQ(rows(), 3);
  EXPECT_EQ(store->statistics().interrupted, 1U);
}

TEST_F(Grouped, AnOverrunWhileReadingRollsBackItsOwnOnly) {
  std::string code;
  groupBehindALeader({[&] {
                        code = codeOf([&] {
                          store->write(
                              [](Transaction& tx) {
                                send(tx, "INSERT INTO t VALUES (1)");
                                number(tx, kEndlessSelect);
                              },
                              within());
                        });
                      },
                      insert(2)});
  EXPECT_EQ(code, "TRANSACTION_BUDGET_EXCEEDED");
  EXPECT_EQ(rows(), 2);
}

TEST_F(Grouped, OneThatSwallowsItsOverrunIsRefusedAllTheSame) {
  EXPECT_EQ(codeOf([&] {
              store->write(
                  [](Transaction& tx) {
                    EXPECT_THROW(number(tx, kEndlessSelect), Error);
                    EXPECT_THROW(send(tx, "INSERT INTO t VALUES (1)"), Error);
                  },
                  within());
            }),
            "TRANSACTION_BUDGET_EXCEEDED");
  EXPECT_EQ(rows(), 0);
}

// RAISE(ROLLBACK) ends the transaction under the closure. Unguarded, its next statement would be
// committed on its own.
TEST_F(Grouped, OneThatLostTheTransactionCannotWriteOutsideIt) {
  run(*store,
      "CREATE TRIGGER bomb BEFORE INSERT ON t WHEN new.n = 13 BEGIN "
      "SELECT raise(rollback, 'BOMB'); END");
  std::string code;
  groupBehindALeader({insert(1),
                      [&] {
                        code = codeOf([&] {
                          store->write(
                              [](Transaction& tx) {
                                try {
                                  send(tx, "INSERT INTO t VALUES (13)");
                                } catch (const Error&) {
                                  send(tx, "INSERT INTO t VALUES (14)");
                                }
                              },
                              within());
                        });
                      },
                      insert(3)});
  EXPECT_EQ(code, "BOMB");
  EXPECT_EQ(number(*store, "SELECT group_concat(n) = '0,1,3' FROM (SELECT n FROM t ORDER BY n)"),
            1);
}

TEST_F(Grouped, ARefusalThatRestedOnALostEffectIsDecidedAgain) {
  std::string first;
  std::string second;
  const auto take = [&](std::string& outcome, bool then_overrun) {
    return [this, &outcome, then_overrun] {
      outcome = codeOf([&] {
        store->write(
            [&](Transaction& tx) {
              if (number(tx, "SELECT count(*) FROM t WHERE n = 7") > 0) {
                throw Error::conflict("SLOT_TAKEN", "Taken.");
              }
              send(tx, "INSERT INTO t VALUES (7)");
              if (then_overrun) send(tx, kEndlessInsert);
            },
            within());
      });
    };
  };
  std::string third;
  groupBehindALeader({take(first, true), take(second, false), take(third, false)});
  EXPECT_EQ(first, "TRANSACTION_BUDGET_EXCEEDED");
  EXPECT_EQ((second == "none") + (third == "none"), 1);
  EXPECT_EQ((second == "SLOT_TAKEN") + (third == "SLOT_TAKEN"), 1);
}

TEST_F(Grouped, AFailedCommitIsEverybodysErrorAndTheNextWriteStartsAfresh) {
  const auto before = store->statistics();
  std::vector<std::string> codes(3);
  const auto write = [&](std::size_t i) {
    return [this, &codes, i] {
      codes[i] = codeOf([&] {
        store->write(
            [&](Transaction& tx) {
              send(tx, "INSERT INTO t VALUES ($1)", {value(static_cast<std::int64_t>(i))});
              if (i == 1) throw Error::conflict("SLOT_TAKEN", "Taken.");
            },
            within());
      });
    };
  };
  {
    const failing_disk::Outage outage;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < codes.size(); ++i) threads.emplace_back(write(i));
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(codes[0], "DATABASE_UNAVAILABLE");
  EXPECT_EQ(codes[2], "DATABASE_UNAVAILABLE");
  EXPECT_EQ(store->statistics().writes, before.writes) << "nobody was acknowledged";
  insert(10)();
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t WHERE n = 10"), 1);
}

TEST_F(Grouped, SixteenThreadsGroupByThemselves) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 16; ++thread) {
    threads.emplace_back([this, thread] {
      for (int i = 0; i < 50; ++i) insert(1000 * (thread + 1) + i)();
    });
  }
  for (auto& thread : threads) thread.join();
  const auto statistics = store->statistics();
  EXPECT_EQ(rows(), 800);
  EXPECT_GT(statistics.writes, statistics.commits);
}

}  // namespace
}  // namespace bulkhead::host::data
