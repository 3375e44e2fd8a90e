#include "data/log_vfs.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "host/data/failing_disk.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

class LogVfs : public ::testing::Test {
 protected:
  LogVfs() {
    const std::string uri = "file:" + path.string() + "?vfs=" + logVfs();
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
    EXPECT_EQ(sqlite3_open_v2(uri.c_str(), &writer, kFlags, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_open(path.c_str(), &reader), SQLITE_OK);
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("CREATE TABLE t (text TEXT)");
  }
  ~LogVfs() override {
    sqlite3_close(writer);
    sqlite3_close(reader);
  }

  void run(const char* sql) {
    ASSERT_EQ(sqlite3_exec(writer, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(writer);
  }

  static std::string one(sqlite3* database, const char* sql) {
    std::string result;
    const auto keep = [](void* kept, int, char** columns, char**) {
      *static_cast<std::string*>(kept) = columns[0];
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(database, sql, keep, &result, nullptr), SQLITE_OK);
    return result;
  }

  std::uintmax_t logSize() const { return std::filesystem::file_size(path.string() + "-wal"); }

  TemporaryFolder folder;
  std::filesystem::path path = folder / "store.db";
  sqlite3* writer = nullptr;
  sqlite3* reader = nullptr;
};

TEST_F(LogVfs, WhatWasCommittedIsInTheFileForOthers) {
  run("INSERT INTO t VALUES ('a')");
  EXPECT_EQ(one(reader, "SELECT group_concat(text) FROM t"), "a");
  EXPECT_EQ(one(reader, "PRAGMA integrity_check"), "ok");
}

TEST_F(LogVfs, ALargeCommitIsWrittenWhole) {
  for (const char* size : {"100000", "131072", "300000", "9000000"}) {
    run(("INSERT INTO t VALUES (hex(zeroblob(" + std::string{size} + ")))").c_str());
    EXPECT_EQ(one(reader, "SELECT max(length(text)) / 2 FROM t"), size);
  }
  EXPECT_EQ(one(reader, "PRAGMA integrity_check"), "ok");
}

// With a page cache this small the log is written, and read again, within the transaction.
TEST_F(LogVfs, ATransactionReadsWhatItSpilledIntoTheLog) {
  run("PRAGMA cache_size=5");
  run("BEGIN");
  run("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 500) "
      "INSERT INTO t SELECT printf('%01000d', n) FROM c");
  EXPECT_EQ(one(writer, "SELECT count(*) FROM t WHERE length(text) = 1000"), "500");
  EXPECT_EQ(one(reader, "SELECT count(*) FROM t"), "0");
  run("UPDATE t SET text = 'changed' || text");
  run("COMMIT");
  EXPECT_EQ(one(reader, "SELECT count(*) FROM t WHERE text LIKE 'changed%'"), "500");
  EXPECT_EQ(one(reader, "PRAGMA integrity_check"), "ok");
}

TEST_F(LogVfs, NothingIsWrittenBeforeTheCommit) {
  const auto before = logSize();
  run("BEGIN");
  run("INSERT INTO t VALUES (hex(zeroblob(20000)))");
  EXPECT_EQ(logSize(), before);
  run("COMMIT");
  EXPECT_GT(logSize(), before);
}

TEST_F(LogVfs, ACommitThatTheDiskRefusesFailsAndTheNextOneSucceeds) {
  {
    const failing_disk::Outage outage;
    EXPECT_NE(sqlite3_exec(writer, "INSERT INTO t VALUES ('lost')", nullptr, nullptr, nullptr),
              SQLITE_OK);
  }
  if (sqlite3_get_autocommit(writer) == 0) run("ROLLBACK");
  run("INSERT INTO t VALUES ('kept')");
  EXPECT_EQ(one(reader, "SELECT group_concat(text) FROM t"), "kept");
  EXPECT_EQ(one(reader, "PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace bulkhead::host::data
