#include "data/checkpointer.hpp"

#include <future>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <string>
#include <thread>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

constexpr int kRows = 8;
constexpr std::uintmax_t kMebibyte = 1024 * 1024;
constexpr int kWrites = 320;  // of half a mebibyte each
constexpr const char* kTable = "CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)";
constexpr const char* kWrite =
    "INSERT OR REPLACE INTO t VALUES (?, randomblob(524288 + abs(random() % 16)))";

void writeAll(Store& store) {
  for (int i = 0; i < kWrites; ++i) run(store, kWrite, {value(i % kRows)});
}

std::uintmax_t logSize(const std::filesystem::path& store) {
  return std::filesystem::file_size(store.string() + "-wal");
}

// What the file is worth without the log: a copy of it alone.
std::int64_t rowsInFileAlone(const std::filesystem::path& store,
                             const std::filesystem::path& copy) {
  std::filesystem::copy_file(store, copy, std::filesystem::copy_options::overwrite_existing);
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open(copy.c_str(), &handle), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  std::int64_t rows = -1;
  if (sqlite3_prepare_v2(handle, "SELECT count(*) FROM t", -1, &statement, nullptr) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    rows = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(handle);
  return rows;
}

TEST(Checkpointer, TheLogStaysShortHoweverMuchIsWritten) {
  const TemporaryFolder folder;
  const auto store = openSqliteStore({.path = folder / "store.db"});
  run(*store, kTable);
  writeAll(*store);
  EXPECT_LT(logSize(folder / "store.db"), 90 * kMebibyte) << "160 MiB were written";
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), kRows);
}

// The control: the same writes where nothing moves the log.
TEST(Checkpointer, WithoutItTheLogIsAsLongAsWhatWasWritten) {
  const TemporaryFolder folder;
  const std::string file = (folder / "store.db").string();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
  const auto execute = [&](const std::string& sql) {
    return sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
  };
  EXPECT_EQ(execute("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0"), SQLITE_OK);
  EXPECT_EQ(execute(kTable), SQLITE_OK);
  for (int i = 0; i < kWrites; ++i) {
    std::string sql = kWrite;
    EXPECT_EQ(execute(sql.replace(sql.find('?'), 1, std::to_string(i % kRows))), SQLITE_OK);
  }
  EXPECT_GT(logSize(file), 160 * kMebibyte);
  sqlite3_close(handle);
}

// It is for its own thread: no commit moves the log, so only the thread can have filled the file.
TEST(Checkpointer, MovesTheLogWhileTheStoreIsOpen) {
  const TemporaryFolder folder;
  const auto file = folder / "store.db";
  const auto store = openSqliteStore({.path = file});
  run(*store, kTable);
  EXPECT_NE(rowsInFileAlone(file, folder / "early.db"), kRows);
  writeAll(*store);
  EXPECT_EQ(rowsInFileAlone(file, folder / "late.db"), kRows);
}

// A reader keeps what it sees, and the log goes on when it is gone.
TEST(Checkpointer, AReaderKeepsItsViewAndHoldsTheLogUpOnlyWhileItReads) {
  const TemporaryFolder folder;
  const auto store = openSqliteStore({.path = folder / "store.db"});
  run(*store, kTable);
  run(*store, kWrite, {value(1)});
  std::promise<void> reading;
  std::promise<void> written;
  std::jthread reader{[&] {
    store->read(
        [&](Transaction& view) {
          EXPECT_EQ(number(view, "SELECT count(*) FROM t"), 1);
          reading.set_value();
          written.get_future().wait();
          EXPECT_EQ(number(view, "SELECT count(*) FROM t"), 1);
        },
        within(std::chrono::minutes{2}));
  }};
  reading.get_future().wait();
  writeAll(*store);
  written.set_value();
  reader.join();
  const auto held_up = logSize(folder / "store.db");
  writeAll(*store);
  EXPECT_LT(logSize(folder / "store.db"), held_up + 90 * kMebibyte);
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), kRows);
}

}  // namespace
}  // namespace bulkhead::host::data
