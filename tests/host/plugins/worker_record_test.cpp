#include "plugins/worker_record.hpp"

#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>
#include <string>

#include "logging/crash_records.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string textOf(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

class WorkerRecordsTest : public testing::Test {
 protected:
  /// What the handler of a process wrote in its last moment.
  void leave(pid_t process) const {
    folder_.write(fmt::format("running-{}.txt", process),
                  "bulkhead crash record 1\nsignal: SIGABRT\ntime: 2026-11-22T04:00:00Z\n"
                  "process: 1\nstep: GET\nbacktrace:\n  #0 0x1 x: y\nend\n");
  }
  static WorkerEnd endOf(pid_t process) {
    WorkerEnd end;
    end.reason = "was killed by signal 11 (SIGSEGV)";
    end.process.signal = SIGSEGV;
    end.id = process;
    end.lines = {R"({"message":"the last line"})"};
    return end;
  }
  static PluginStatus status() {
    PluginStatus status;
    status.id = "greeter";
    status.version = "1.2.3";
    status.generation = 7;
    return status;
  }
  /// Of those that have their final names, newest first.
  std::vector<std::string> kept() const {
    std::vector<std::string> texts;
    for (const auto& record : readCrashRecords(folder_.path())) {
      if (!record.name.starts_with("running-")) texts.push_back(textOf(record.file));
    }
    return texts;
  }
  void keep(pid_t process, std::size_t records_max = 9) const {
    WorkerRecords{folder_.path(), records_max}.keep(status(), endOf(process));
  }

  const TemporaryFolder folder_;
};

TEST_F(WorkerRecordsTest, WhatNoHandlerSawHasTheHostsFactsAndTheLastLines) {
  keep(4711);
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_THAT(kept()[0], AllOf(HasSubstr("signal: SIGSEGV"), HasSubstr("plugin: greeter"),
                               HasSubstr("generation: 7"), HasSubstr("the last line")));
}

TEST_F(WorkerRecordsTest, TheHandlersStackStaysAndTheHostsFactsCount) {
  leave(4711);
  keep(4711);
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_THAT(kept()[0], AllOf(HasSubstr("signal: SIGSEGV"), HasSubstr("process: 4711"),
                               HasSubstr("step: GET"), HasSubstr("#0 0x1 x: y")));
  EXPECT_THAT(kept()[0], Not(HasSubstr("SIGABRT")));
}

// Goal: two that die at once both keep their stacks. Method: the record of the first is kept while
// the second, dead as well, is not known to the host yet; whoever collects all takes that away.
TEST_F(WorkerRecordsTest, ThatOfAnotherOneIsLeftForIt) {
  leave(1);
  leave(2);
  keep(1);
  EXPECT_EQ(kept().size(), 1U);
  keep(2);
  ASSERT_EQ(kept().size(), 2U);
  for (const auto& text : kept()) EXPECT_THAT(text, HasSubstr("#0 0x1 x: y"));
  leave(3);
  collectCrashRecords(folder_.path(), 9);
  keep(3);
  EXPECT_THAT(kept(), testing::Contains(AllOf(HasSubstr("process: 3"), Not(HasSubstr("#0 0x1")))))
      << "the control";
}

TEST_F(WorkerRecordsTest, TheNewestAreKept) {
  for (const pid_t process : {1, 2, 3}) keep(process, 2);
  EXPECT_EQ(kept().size(), 2U);
}

TEST_F(WorkerRecordsTest, OneThatDidNothingWrongLeavesNone) {
  leave(4711);
  WorkerRecords{folder_.path(), 9}.drop(4711);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(WorkerRecordsTest, WithoutAFolderNothingIsKept) {
  WorkerRecords{{}, 9}.keep(status(), endOf(1));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace bulkhead::host
