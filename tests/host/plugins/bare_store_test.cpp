#include "plugins/bare_store.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include <bulkhead/error.hpp>

#include "data/sqlite_file.hpp"
#include "host/runtime/silent_sinks.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;
using data::SqliteFile;

/// In this process, and in a worker of its own.
class BareStoreTest : public testing::TestWithParam<std::string> {
 protected:
  BareStoreTest() {
    std::ofstream{file_};
    run("PRAGMA journal_mode=WAL");
    run("CREATE TABLE schema_migrations (number INTEGER)");
    run("INSERT INTO schema_migrations VALUES (3)");
    run("CREATE TABLE note (word TEXT)");
    run("INSERT INTO note VALUES ('one'), ('two')");
  }

  std::unique_ptr<BareStore> store() const {
    if (GetParam() == "local") return std::make_unique<LocalBareStore>("p", file_);
    WorkerOrder order;
    order.plugin = "p";
    order.store = file_;
    return std::make_unique<WorkerBareStore>(std::move(order),
                                             WorkerServices{program_, log_, metrics_, {}, {}});
  }
  void run(const char* sql) const { SqliteFile{file_, SqliteFile::Mode::Shared}.run(sql); }
  static std::int64_t notesIn(const fs::path& file) {
    return SqliteFile{file, SqliteFile::Mode::Shared}.number("SELECT count(*) FROM note");
  }
  template <class Work>
  static std::string codeOf(const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  }

  const TemporaryFolder folder_;
  const fs::path file_{folder_ / "p.db"};

 private:
  const WorkerProgram program_ = WorkerProgram::own();
  mutable SilentLog log_;
  mutable SilentMetrics metrics_;
};

INSTANTIATE_TEST_SUITE_P(Both, BareStoreTest, testing::Values("local", "worker"),
                         [](const auto& where) { return where.param; });

TEST_P(BareStoreTest, AMomentStaysWhileOthersWrite) {
  const auto moment = store()->takeMoment();
  run("INSERT INTO note VALUES ('three')");
  EXPECT_EQ(moment->schemaVersion(), 3);
  EXPECT_GT(moment->sizeBytes(), 4096U);
  std::uint64_t told = 0;
  data::CopyPace pace;
  pace.go_on = [&](std::uint64_t bytes) {
    told += bytes;
    return true;
  };
  const auto condition = moment->copyTo(folder_ / "copy.db", pace);
  EXPECT_EQ(condition.integrity, "ok");
  EXPECT_EQ(condition.schema_version, 3);
  EXPECT_EQ(told, fs::file_size(folder_ / "copy.db"));
  EXPECT_EQ(notesIn(folder_ / "copy.db"), 2);
  EXPECT_EQ(notesIn(file_), 3);
}

TEST_P(BareStoreTest, ACopyIsKeptAndPutBack) {
  const fs::path kept = store()->keepCopy({});
  run("DELETE FROM note");
  store()->putBack(kept);
  EXPECT_EQ(notesIn(file_), 2);
}

TEST_P(BareStoreTest, WhatFailsIsSaidByItsName) {
  const auto moment = store()->takeMoment();
  std::ofstream{folder_ / "copy.db"} << "in the way";
  EXPECT_EQ(codeOf([&] { moment->copyTo(folder_ / "copy.db", {}); }), "FILE_ERROR");
  fs::remove(file_);
  EXPECT_EQ(codeOf([&] { store()->takeMoment(); }), "DATABASE_UNAVAILABLE");
}

TEST_P(BareStoreTest, ItEndsWhenItIsNotWantedAnyMore) {
  data::CopyPace slow;
  slow.step_pages = 1;
  slow.pause = std::chrono::milliseconds{200};
  int asked = 0;
  slow.go_on = [&](std::uint64_t) { return ++asked < 2; };
  const auto moment = store()->takeMoment();
  EXPECT_EQ(codeOf([&] { moment->copyTo(folder_ / "copy.db", slow); }), "BACKUP_STOPPED");
}

}  // namespace
}  // namespace bulkhead::host
