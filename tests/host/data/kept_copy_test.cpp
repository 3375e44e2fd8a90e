#include "data/kept_copy.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>

#include <bulkhead/error.hpp>

#include "data/sqlite_file.hpp"
#include "data/store_copy.hpp"
#include "data/write_lease.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host::data {
namespace {

namespace fs = std::filesystem;

std::string codeOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return "none";
}

class KeptCopyTest : public testing::Test {
 protected:
  KeptCopyTest() {
    std::ofstream{database_};
    run("PRAGMA journal_mode=WAL");
    run("CREATE TABLE schema_migrations (number INTEGER)");
    run("CREATE TABLE note (word TEXT)");
    run("INSERT INTO note VALUES ('one'), ('two')");
  }

  void run(const char* sql) const { SqliteFile{database_, SqliteFile::Mode::Shared}.run(sql); }
  std::int64_t notes() const {
    return SqliteFile{database_, SqliteFile::Mode::Shared}.number("SELECT count(*) FROM note");
  }
  std::size_t files() const {
    std::error_code none;
    const fs::directory_iterator entries{folder_ / "kept", none};
    return none ? 0 : static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }
  KeptCopy copy(std::function<bool()> go_on = {}) const {
    return KeptCopy{"p", database_, std::move(go_on)};
  }

  const TemporaryFolder folder_;
  const fs::path database_{folder_ / "p.db"};
};

TEST_F(KeptCopyTest, TheStoreBecomesWhatItWas) {
  KeptCopy kept = copy();
  kept.take();
  run("DELETE FROM note");
  run("ALTER TABLE note ADD COLUMN author TEXT");
  run("CREATE TABLE other (x)");
  kept.putBack();
  EXPECT_EQ(notes(), 2);
  const SqliteFile file{database_, SqliteFile::Mode::Shared};
  EXPECT_EQ(file.number("SELECT count(*) FROM sqlite_master WHERE name = 'other'"), 0);
  EXPECT_EQ(file.first("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(file.first("PRAGMA integrity_check"), "ok");
}

TEST_F(KeptCopyTest, WhileSomebodyMayWriteItIsNeitherTakenNorPutBack) {
  KeptCopy kept = copy();
  kept.take();
  std::optional<WriteLease> held{WriteLease::acquire(database_)};
  run("DELETE FROM note");
  auto put = std::async(std::launch::async, [&] { kept.putBack(); });
  EXPECT_EQ(put.wait_for(std::chrono::milliseconds{100}), std::future_status::timeout);
  EXPECT_EQ(notes(), 0);
  held.reset();
  put.get();
  EXPECT_EQ(notes(), 2);
}

// The control of the one above: a row is acknowledged between copy and put-back, and who does not
// ask for the lease takes it away.
TEST_F(KeptCopyTest, NegativeControl_WithoutTheLeaseAPutBackLosesWhatWasAcknowledged) {
  KeptCopy kept = copy();
  kept.take();
  const WriteLease held = WriteLease::acquire(database_);
  run("INSERT INTO note VALUES ('three')");
  EXPECT_EQ(notes(), 3);
  overwriteStore(kept.file(), database_);
  EXPECT_EQ(notes(), 2);
}

TEST_F(KeptCopyTest, ADamagedStoreHasNoCopy) {
  run("PRAGMA wal_checkpoint(TRUNCATE)");
  {
    std::fstream file{database_, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(static_cast<std::streamoff>(fs::file_size(database_)) - 4096);
    file << std::string(4096, 'x');
  }
  KeptCopy kept = copy();
  EXPECT_NE(codeOf([&] { kept.take(); }), "none");
  EXPECT_TRUE(kept.file().empty());
  EXPECT_EQ(files(), 0U) << "half a copy is no copy";
}

TEST_F(KeptCopyTest, AHostThatStopsEndsIt) {
  KeptCopy kept = copy([] { return false; });
  EXPECT_EQ(codeOf([&] { kept.take(); }), "BACKUP_STOPPED");
  EXPECT_EQ(files(), 0U);
}

TEST_F(KeptCopyTest, EarlierOnesOfTheSameOwnerAreDropped) {
  KeptCopy first = copy();
  first.take();
  const fs::path others = folder_ / "kept" / "p-two-20200101T000000000Z.db";
  std::ofstream{others} << "of another plugin";
  KeptCopy second = copy();
  while (codeOf([&] { second.take(); }) == "FILE_ERROR") {  // their names have the millisecond
  }
  second.dropEarlierOnes();
  EXPECT_FALSE(fs::exists(first.file()));
  EXPECT_TRUE(fs::exists(second.file()));
  EXPECT_TRUE(fs::exists(others));
}

}  // namespace
}  // namespace bulkhead::host::data
