#include "logging/crash_records.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>

#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

class CrashRecordsTest : public testing::Test {
 protected:
  /// What a process leaves that crashed in that minute.
  void leave(int process, int minute) const {
    std::ofstream{folder_ / fmt::format("running-{}.txt", process)} << fmt::format(
        "bulkhead crash record 1\nsignal: SIGSEGV\ntime: 2026-11-22T04:{:02}:00Z\nprocess: {}\n"
        "plugin: booking\nbacktrace:\n  #0 0x1 x: y\nend\n",
        minute, process);
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator{folder_.path()}, fs::directory_iterator{}));
  }

  const TemporaryFolder folder_;
};

TEST_F(CrashRecordsTest, AreReportedOnceAndKept) {
  leave(7, 30);
  const auto fresh = collectCrashRecords(folder_.path(), 10);
  ASSERT_EQ(fresh.size(), 1U);
  EXPECT_EQ(fresh[0].name, "crash-20261122T043000Z-7.txt");
  EXPECT_EQ(fresh[0].fact("plugin"), "booking");
  EXPECT_EQ(fresh[0].fact("nothing"), "");
  EXPECT_TRUE(collectCrashRecords(folder_.path(), 10).empty());
  EXPECT_EQ(readCrashRecords(folder_.path()).size(), 1U);
}

TEST_F(CrashRecordsTest, OnlyTheNewestAreKept) {
  for (int i = 0; i < 5; ++i) leave(100 + i, 10 + i);
  EXPECT_EQ(collectCrashRecords(folder_.path(), 3).size(), 3U);
  const auto kept = readCrashRecords(folder_.path());
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0].fact("process"), "104");
  EXPECT_EQ(kept[2].fact("process"), "102");
}

TEST_F(CrashRecordsTest, WhatARunningProcessHasOpenIsLeftAlone) {
  const fs::path file = folder_ / "running-8.txt";
  const int open_file = open(file.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(flock(open_file, LOCK_EX | LOCK_NB), 0);
  EXPECT_TRUE(collectCrashRecords(folder_.path(), 10).empty());
  EXPECT_TRUE(fs::exists(file));
  close(open_file);
  EXPECT_TRUE(collectCrashRecords(folder_.path(), 10).empty());
  EXPECT_FALSE(fs::exists(file)) << "the process has ended, and had no need of it";
}

TEST_F(CrashRecordsTest, AFolderThatIsNotThereHasNone) {
  EXPECT_TRUE(readCrashRecords(folder_ / "nowhere").empty());
  EXPECT_TRUE(collectCrashRecords(folder_ / "nowhere", 10).empty());
  EXPECT_EQ(files(), 0U);
}

}  // namespace
}  // namespace bulkhead::host
