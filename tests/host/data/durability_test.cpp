// Kills a process that writes, and counts what reaches the disk.
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <set>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "data/sqlite_connection.hpp"
#include "host/data/failing_disk.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

constexpr int kAcknowledgements = 3;  // the descriptor that writing_process.cpp writes to

int syncsOf(Durability durability, int writes) {
  const TemporaryFolder folder;
  const auto store = openSqliteStore({.path = folder / "store.db", .durability = durability});
  run(*store, "CREATE TABLE t (n INTEGER)");
  const int before = failing_disk::syncs();
  for (int i = 0; i < writes; ++i) run(*store, "INSERT INTO t VALUES (1)");
  return failing_disk::syncs() - before;
}

TEST(Durability, EveryAcknowledgedWriteWasSynced) {
  EXPECT_GE(syncsOf(Durability::Full, 20), 20);
  EXPECT_EQ(syncsOf(Durability::Normal, 20), 0) << "the count must be able to tell the difference";
}

TEST(Durability, AGroupIsSyncedOnce) {
  const TemporaryFolder folder;
  const auto store = openSqliteStore({.path = folder / "store.db"});
  run(*store, "CREATE TABLE t (n INTEGER)");
  const int before = failing_disk::syncs();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 16; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 40; ++i) run(*store, "INSERT INTO t VALUES (1)");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LT(failing_disk::syncs() - before, 16 * 40);
  EXPECT_GE(failing_disk::syncs() - before, static_cast<int>(store->statistics().commits) - 1);
}

TEST(Durability, AStoreWhoseWritesFailIsAwayUntilOneSucceeds) {
  const TemporaryFolder folder;
  const auto store = openSqliteStore(
      {.path = folder / "store.db", .retry_interval = std::chrono::milliseconds{1}});
  run(*store, "CREATE TABLE t (n INTEGER)");
  ASSERT_TRUE(store->ping());
  {
    const failing_disk::Outage outage;
    EXPECT_TRUE(store->ping()) << "reading works, and nobody knows yet";
    EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO t VALUES (1)"); }), "DATABASE_UNAVAILABLE");
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(store->ping());
    EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0) << "it still reads";
  }
  const auto end = within();
  while (!store->ping()) ASSERT_LT(std::chrono::steady_clock::now(), end);
  run(*store, "INSERT INTO t VALUES (2)");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 1);
}

TEST(Durability, TheTrialWriteChangesNothing) {
  const TemporaryFolder folder;
  SqliteOptions options{.path = folder / "store.db"};
  const auto store = openSqliteStore(options);
  run(*store, "CREATE TABLE t (n INTEGER)");
  store->handOver(within());
  SqliteConnection connection{options, SqliteConnection::Role::Writer};
  connection.lend([](Poco::Data::Session& session) {
    session << "PRAGMA user_version = 7", Poco::Data::Keywords::now;
  });
  const int before = failing_disk::syncs();
  connection.proveWritable();
  EXPECT_GT(failing_disk::syncs(), before) << "it reached the disk";
  EXPECT_FALSE(connection.inTransaction());
  int version = 0;
  connection.lend([&](Poco::Data::Session& session) {
    session << "PRAGMA user_version", Poco::Data::Keywords::into(version),
        Poco::Data::Keywords::now;
  });
  EXPECT_EQ(version, 7);
  const failing_disk::Outage outage;
  EXPECT_EQ(codeOf([&] { connection.proveWritable(); }), "DATABASE_UNAVAILABLE");
}

class Child {
 public:
  explicit Child(const std::filesystem::path& store) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], kAcknowledgements);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    std::string program = BULKHEAD_BUILD_DIR "/bin/bulkhead_writing_process";
    std::string path = store.string();
    char* arguments[] = {program.data(), path.data(), nullptr};
    char* environment[] = {nullptr};
    if (::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environment) != 0) {
      throw std::runtime_error{"cannot start " + program};
    }
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    acknowledged_ = ends[0];
  }
  ~Child() { ::close(acknowledged_); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Every id that was acknowledged before the child was killed, after at least `count` of them.
  std::set<int> killAfter(std::size_t count) {
    std::set<int> ids;
    for (int id = 0; ::read(acknowledged_, &id, sizeof id) == sizeof id;) {
      ids.insert(id);
      if (ids.size() == count) ::kill(pid_, SIGKILL);
    }
    ::waitpid(pid_, nullptr, 0);
    return ids;
  }

 private:
  pid_t pid_ = 0;
  int acknowledged_ = -1;
};

/// A few, or as many as the run of the slow tests wants.
std::size_t killRounds() {
  const char* wanted = std::getenv("BULKHEAD_KILL_ROUNDS");
  return wanted == nullptr ? 3 : std::strtoull(wanted, nullptr, 10);
}

TEST(Durability, KilledAnywhereEveryAcknowledgedWriteIsThereAndWhole) {
  const TemporaryFolder folder;
  const auto path = folder / "store.db";
  {
    const auto store = openSqliteStore({.path = path});
    run(*store, "CREATE TABLE booking (id INTEGER PRIMARY KEY)");
    run(*store, "CREATE TABLE line (booking INTEGER, amount INTEGER)");
  }
  std::set<int> acknowledged;
  const std::size_t rounds = killRounds();
  for (std::size_t round = 1; round <= rounds; ++round) {
    if (round > 1) run(*openSqliteStore({.path = path}), "DELETE FROM booking");
    if (round > 1) run(*openSqliteStore({.path = path}), "DELETE FROM line");
    acknowledged = Child{path}.killAfter(100 + 7 * round);
    ASSERT_GE(acknowledged.size(), 100 + 7 * round);

    const auto store = openSqliteStore({.path = path});
    for (const int id : acknowledged) {
      EXPECT_EQ(number(*store, "SELECT count(*) FROM booking WHERE id = $1", {value(id)}), 1);
    }
    EXPECT_EQ(number(*store, "SELECT sum(amount) FROM line"), 0);
    EXPECT_EQ(number(*store, "SELECT count(*) FROM line"),
              2 * number(*store, "SELECT count(*) FROM booking"));
  }
}

}  // namespace
}  // namespace bulkhead::host::data
