#include "data/restore.hpp"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

#include "data/backup.hpp"
#include "data/migrations.hpp"
#include "data/write_lease.hpp"
#include "host/data/failing_disk.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

namespace fs = std::filesystem;

/// An installation of three stores whose state is one number each, and a backup of an earlier one.
class RestoreTest : public ::testing::Test {
 protected:
  RestoreTest() {
    fs::create_directory(folder / "data");
    for (const char* owner : {"ledger", "booking", "host"}) write(owner, 1);
    BackupOrder order{folder / "copy", readHere(storesIn(folder / "data")), "1.2.3", {}};
    writeBackup(order);
    for (const char* owner : {"ledger", "booking", "host"}) write(owner, 2);
    std::ofstream{folder / "keys.snapshot"} << "outdated";
  }

  void write(const std::string& owner, std::int64_t state) const {
    const auto store = open(owner);
    migrate(*store, owner, {{1, "state", "CREATE TABLE state (n INTEGER)"}}, within());
    run(*store, "DELETE FROM state");
    run(*store, "INSERT INTO state VALUES ($1)", {value(state)});
  }
  std::unique_ptr<SqliteStore> open(const std::string& owner) const {
    return openSqliteStore({.path = folder / ("data/" + owner + ".db")});
  }
  /// The state of each store that there is.
  std::map<std::string, std::int64_t> states() const {
    std::map<std::string, std::int64_t> all;
    for (const auto& store : storesIn(folder / "data"))
      all[store.owner] = number(*open(store.owner), "SELECT n FROM state");
    return all;
  }
  RestoreOrder order(bool replace = true) const {
    return {folder / "copy",
            folder / "data",
            {folder / "keys.snapshot"},
            replace,
            [](const std::string&) { return 1; }};
  }
  void refuses(const RestoreOrder& wanted, const std::string& code,
               const std::string& words) const {
    const auto before = states();
    try {
      restoreBackup(wanted);
      FAIL() << "it was restored";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.message();
      EXPECT_NE(error.message().find(words), std::string::npos) << error.message();
    }
    EXPECT_EQ(states(), before);
    EXPECT_FALSE(finishRestore(folder / "data")) << "something was left behind";
    EXPECT_TRUE(fs::exists(folder / "keys.snapshot"));
  }

  const std::map<std::string, std::int64_t> backed_up{{"booking", 1}, {"host", 1}, {"ledger", 1}};
  const std::map<std::string, std::int64_t> current{{"booking", 2}, {"host", 2}, {"ledger", 2}};
  TemporaryFolder folder;
};

TEST_F(RestoreTest, MakesTheStoresThoseOfTheBackupAndKeepsTheOthersAside) {
  const RestoreReport report = restoreBackup(order());
  EXPECT_EQ(states(), backed_up);
  EXPECT_EQ(report.restored.size(), 3U);
  for (const char* owner : {"ledger", "booking", "host"}) {
    const auto aside = openSqliteStore({.path = report.aside / (std::string{owner} + ".db")});
    EXPECT_EQ(number(*aside, "SELECT n FROM state"), 2) << owner;
  }
  EXPECT_FALSE(fs::exists(folder / "keys.snapshot")) << "it speaks of keys that were replaced";
  EXPECT_FALSE(finishRestore(folder / "data"));
  write("ledger", 3);
  restoreBackup(order());
  EXPECT_EQ(states(), backed_up) << "again, beside what was set aside before";
}

TEST_F(RestoreTest, AStoreThatTheBackupDoesNotHaveIsSetAsideAsWell) {
  write("newcomer", 5);
  const RestoreReport report = restoreBackup(order());
  EXPECT_EQ(states(), backed_up);
  EXPECT_TRUE(fs::exists(report.aside / "newcomer.db"));
}

TEST_F(RestoreTest, AnEmptyInstallationNeedsNoForce) {
  fs::remove_all(folder / "data");
  fs::create_directory(folder / "data");
  const RestoreReport report = restoreBackup(order(false));
  EXPECT_EQ(states(), backed_up);
  EXPECT_TRUE(report.aside.empty());
}

TEST_F(RestoreTest, StoresThatAreThereAreNotReplacedUnlessSaid) {
  refuses(order(false), "RESTORE_WOULD_REPLACE", "--force");
}

TEST_F(RestoreTest, NobodyIsRestoredUnder) {
  const WriteLease held = WriteLease::acquire(folder / "data/booking.db");
  refuses(order(), "STORE_LEASE_HELD", std::to_string(::getpid()));
}

TEST_F(RestoreTest, AStoreThatIsNewerThanItsPluginIsRefusedByName) {
  RestoreOrder wanted = order();
  wanted.known_schema = [](const std::string& owner) { return owner == "ledger" ? 0 : 1; };
  refuses(wanted, "SCHEMA_TOO_NEW", "'ledger' is at migration 1");
  wanted.known_schema = [](const std::string&) { return std::nullopt; };
  EXPECT_EQ(restoreBackup(wanted).unknown.size(), 3U);
}

TEST_F(RestoreTest, ADamagedBackupIsRefusedByName) {
  std::fstream{folder / "copy/ledger.db", std::ios::in | std::ios::out | std::ios::binary}.put('x');
  refuses(order(), "BACKUP_DAMAGED", "ledger.db");
}

/// Runs `work` in a process that ends at its `change`-th change of the disk. False when it ended
/// before that.
bool dies(int change, const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    failing_disk::dieAt(change);
    try {
      work();
    } catch (const std::exception& failure) {
      std::fputs(failure.what(), stderr);
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 1) << "it failed instead of dying";
  return WEXITSTATUS(status) == 77;
}

TEST_F(RestoreTest, KilledAtEachStepAllStoresAreTheOldOnesOrAllTheNew) {
  std::set<std::map<std::string, std::int64_t>> seen;
  int change = 1;
  for (;; ++change) {
    for (const char* owner : {"ledger", "booking", "host"}) write(owner, 2);
    if (!dies(change, [&] { restoreBackup(order()); })) break;
    // the first start after it is killed on its way as well
    if (change % 3 == 0) dies(change / 3, [&] { finishRestore(folder / "data"); });
    finishRestore(folder / "data");
    const auto found = states();
    EXPECT_TRUE(found == current || found == backed_up) << "after change " << change;
    EXPECT_FALSE(finishRestore(folder / "data"));
    seen.insert(found);
  }
  EXPECT_EQ(states(), backed_up);
  EXPECT_EQ(seen.size(), 2U) << "it was never killed before, or never after, it was decided";
  EXPECT_GT(change, 20);
}

TEST_F(RestoreTest, NegativeControl_CopyingOneFileAfterTheOtherLeavesAMixture) {
  ASSERT_TRUE(dies(2, [&] {
    for (const char* file : {"booking.db", "host.db", "ledger.db"}) {
      fs::remove(folder / (std::string{"data/"} + file));
      fs::remove(folder / (std::string{"data/"} + file + "-wal"));
      fs::copy_file(folder / (std::string{"copy/"} + file), folder / (std::string{"data/"} + file));
    }
  }));
  const auto found = states();
  EXPECT_FALSE(found == current || found == backed_up);
}

TEST_F(RestoreTest, ItIsFinishedByOneAtATime) {
  fs::create_directory(folder / "data/restore.staging");
  {
    const WriteLease running = WriteLease::acquire(folder / "data/restore");
    EXPECT_EQ(codeOf([&] { finishRestore(folder / "data"); }), "STORE_LEASE_HELD");
  }
  EXPECT_TRUE(finishRestore(folder / "data"));
  EXPECT_EQ(states(), current);
}

}  // namespace
}  // namespace bulkhead::host::data
