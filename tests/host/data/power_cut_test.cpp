// Cuts the power of a store that is written to, and looks at what is left.
#include <Poco/Data/Session.h>
#include <atomic>
#include <cstdlib>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "data/database_error.hpp"
#include "data/migrations.hpp"
#include "host/data/forgetful_disk.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using Disk = ForgetfulDisk;

constexpr int kThreads = 3;
constexpr int kCutsOfOneStore = 20;
constexpr int kChangesMax = 150;  // a write of the store is some five of them

std::uint64_t seedOfRun() {
  const char* given = std::getenv("BULKHEAD_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

struct Damage {
  int lost = 0;      ///< acknowledged and not there
  int torn = 0;      ///< half of a transaction is there
  int unusable = 0;  ///< the store could not be read any more
  int cuts = 0;
  std::size_t acknowledged = 0;
};

/// A store whose power is cut again and again while kThreads write to it.
class CutStore {
 public:
  CutStore(std::uint64_t seed, Durability durability, Disk::Sync sync)
      : disk_{seed, sync}, random_{seed}, durability_{durability} {}

  /// Writes until the power fails, and looks. False when the store is of no use any more.
  bool cut(Damage& damage) {
    disk_.failAt(1 + static_cast<int>(random_() % kChangesMax));
    const std::size_t before = acknowledgements_;
    writeUntilItFails();
    disk_.powerOn();
    damage.acknowledged += acknowledgements_ - before;
    ++damage.cuts;
    try {
      inspect(damage);
      return true;
    } catch (const Error&) {
      ++damage.unusable;
      return false;
    }
  }

 private:
  std::unique_ptr<SqliteStore> open() const {
    return openSqliteStore({.path = folder_ / "store.db",
                            .durability = durability_,
                            .retry_interval = std::chrono::milliseconds{0}});
  }

  static int prepare(SqliteStore& store) {
    return migrate(store, "test",
                   {{1, "booking", "CREATE TABLE booking (id INTEGER PRIMARY KEY)"},
                    {2, "line", "CREATE TABLE line (booking INTEGER, amount INTEGER)"}},
                   within());
  }

  void writeUntilItFails() {
    const auto store = open();
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        try {
          if (prepared_ == 0) {
            const std::lock_guard lock{mutex_};
            prepare(*store);
            prepared_ = 1;
          }
          while (!disk_.hasFailed()) writeOne(*store);
        } catch (const Error&) {
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }

  void writeOne(SqliteStore& store) {
    const int id = ++next_;
    store.write(
        [&](Transaction& tx) {
          send(tx, "INSERT INTO booking VALUES ($1)", {value(id)});
          send(tx, "INSERT INTO line VALUES ($1, 1), ($1, -1)", {value(id)});
        },
        within());
    if (id % 10 == 0) store.checkpoint(within());
    const std::lock_guard lock{mutex_};
    acknowledged_.insert(id);
    ++acknowledgements_;
  }

  void inspect(Damage& damage) {
    const auto store = open();
    if (prepared_ == 0) prepare(*store);
    prepared_ = 1;
    std::set<std::int64_t> there;
    store->read(
        [&](Transaction& tx) {
          there.clear();
          tx.read("SELECT id FROM booking", nullptr, 0,
                  [&](const bulkhead_value* columns, std::size_t) {
                    there.insert(columns[0].integer);
                    return 0;
                  });
        },
        within());
    damage.lost += static_cast<int>(
        std::erase_if(acknowledged_, [&](const int id) { return there.count(id) == 0; }));
    damage.torn += static_cast<int>(
        number(*store,
               "SELECT count(*) FROM (SELECT id FROM booking WHERE (SELECT count(*) FROM line "
               "WHERE line.booking = booking.id) <> 2)") +
        number(*store, "SELECT count(*) FROM line WHERE booking NOT IN (SELECT id FROM booking)"));
    bool sound = false;
    store->maintain(
        [&](Poco::Data::Session& session) {
          std::string answer;
          session << "PRAGMA integrity_check", Poco::Data::Keywords::into(answer),
              Poco::Data::Keywords::now;
          sound = answer == "ok";
        },
        within());
    if (!sound) throw databaseUnavailable();
  }

  TemporaryFolder folder_;
  Disk disk_;
  std::mt19937_64 random_;
  const Durability durability_;
  std::mutex mutex_;
  std::atomic<int> prepared_{0};
  std::atomic<int> next_{0};
  std::set<int> acknowledged_;
  std::size_t acknowledgements_ = 0;
};

Damage cutThePower(int cuts, Durability durability, Disk::Sync sync = Disk::Sync::Kept) {
  const std::uint64_t seed = seedOfRun();
  fmt::print("BULKHEAD_SEED={}\n", seed);
  Damage damage;
  std::unique_ptr<CutStore> store;
  for (int i = 0; i < cuts; ++i) {
    if (i % kCutsOfOneStore == 0 || !store) {
      store.reset();
      store = std::make_unique<CutStore>(seed + static_cast<std::uint64_t>(i), durability, sync);
    }
    if (!store->cut(damage)) store.reset();
  }
  fmt::print("{} cuts, {} acknowledged writes: {} lost, {} torn, {} stores unusable\n", damage.cuts,
             damage.acknowledged, damage.lost, damage.torn, damage.unusable);
  return damage;
}

TEST(PowerCut, AtTwoHundredPointsNothingAcknowledgedIsLostAndNothingIsHalfThere) {
  const Damage damage = cutThePower(200, Durability::Full);
  EXPECT_EQ(damage.lost, 0);
  EXPECT_EQ(damage.torn, 0);
  EXPECT_EQ(damage.unusable, 0);
  EXPECT_GT(damage.acknowledged, 500U) << "the power was cut before anything happened";
}

TEST(PowerCut, NegativeControl_AStoreThatDoesNotSyncEachCommitLosesSome) {
  const Damage damage = cutThePower(40, Durability::Normal);
  EXPECT_GT(damage.lost + damage.unusable, 0);  // an early cut loses the tables as well
  EXPECT_EQ(damage.torn, 0) << "it loses the last ones, whole";
}

TEST(PowerCut, NegativeControl_WithoutSyncWritesAreLost) {
  const Damage damage = cutThePower(40, Durability::Full, Disk::Sync::Ignored);
  EXPECT_GT(damage.lost + damage.torn + damage.unusable, 0);
}

}  // namespace
}  // namespace bulkhead::host::data
