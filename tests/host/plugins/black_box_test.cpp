#include "plugins/black_box.hpp"

#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bulkhead/error.hpp>

#include "plugins/restart_budget.hpp"

namespace bulkhead::host {
namespace {

FileDescriptor copyOf(const BlackBox& box) {
  return FileDescriptor{fcntl(box.descriptor(), F_DUPFD_CLOEXEC, 0)};
}

TEST(BlackBox, TellsTheTruthAfterASigkill) {
  const BlackBox host = BlackBox::make(8);
  const pid_t child = fork();
  if (child == 0) {
    BlackBox worker = BlackBox::open(copyOf(host));
    CallStageMark::watch(worker.begin(3, 77, "POST", "/api/x/v1/a/{id}", "request-1"));
    worker.addLine("INFO about to write");
    worker.beat();
    const CallStageMark mark{CallStage::Write};
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(host.hasBegun(3, 77));
  EXPECT_FALSE(host.hasBegun(3, 78));
  EXPECT_FALSE(host.hasBegun(4, 77));
  const auto call = host.call(3);
  EXPECT_EQ(call.stage, CallStage::Write);
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.route, "/api/x/v1/a/{id}");
  EXPECT_EQ(call.request_id, "request-1");
  EXPECT_EQ(host.lines(), std::vector<std::string>{"INFO about to write"});
  EXPECT_GT(host.lastBeat(), BlackBox::Time{});
}

TEST(BlackBox, AStageEndsWithItsScope) {
  BlackBox box = BlackBox::make(2);
  CallStageMark::watch(box.begin(0, 1, "GET", "/", ""));
  EXPECT_EQ(box.call(0).stage, CallStage::Call);
  {
    const CallStageMark mark{CallStage::Read};
    EXPECT_EQ(box.call(0).stage, CallStage::Read);
  }
  EXPECT_EQ(box.call(0).stage, CallStage::Call);
  CallStageMark::watch(nullptr);
  const CallStageMark nowhere{CallStage::Write};
  EXPECT_EQ(box.call(0).stage, CallStage::Call);
}

TEST(BlackBox, ItsSizeCannotBeChanged) {
  const BlackBox box = BlackBox::make(2);
  EXPECT_NE(ftruncate(box.descriptor(), 0), 0);
  EXPECT_NE(ftruncate(box.descriptor(), 1 << 20), 0);
  EXPECT_EQ(box.call(1).id, 0U);  // would be a SIGBUS
}

TEST(BlackBox, WhatWasScribbledOnCountsAsBegun) {
  const BlackBox box = BlackBox::make(2);
  EXPECT_FALSE(box.hasBegun(0, 5));
  const std::uint64_t rubbish = 0x5555555555555555;
  ASSERT_EQ(pwrite(box.descriptor(), &rubbish, sizeof rubbish, 0),
            static_cast<ssize_t>(sizeof rubbish));
  EXPECT_TRUE(box.hasBegun(0, 5));
}

TEST(BlackBox, LinesAreCutAndKeepNoControlCharacters) {
  BlackBox box = BlackBox::make(1);
  for (int i = 0; i < 100; ++i) box.addLine("line " + std::to_string(i));
  box.addLine(std::string(5000, 'x') + "\n");
  box.addLine("a\x1b[31m\nb");
  const auto lines = box.lines();
  ASSERT_EQ(lines.size(), 64U);
  EXPECT_EQ(lines.front(), "line 38");
  EXPECT_EQ(lines[62], std::string(500, 'x'));
  EXPECT_EQ(lines[63], "a [31m b");
}

TEST(BlackBox, BlamesTheCallOfTheThreadThatDies) {
  BlackBox box = BlackBox::make(4);
  box.begin(0, 10, "GET", "/", "");
  const auto* const place = box.begin(2, 12, "GET", "/", "");
  EXPECT_EQ(box.blamed(), 0U);
  box.blame(nullptr);
  EXPECT_EQ(box.blamed(), 0U);
  box.blame(place);
  EXPECT_EQ(box.blamed(), 12U);
}

TEST(BlackBox, AnyOtherFileIsNone) {
  EXPECT_THROW(BlackBox::open(FileDescriptor{open("/dev/null", O_RDWR | O_CLOEXEC)}), Error);
  EXPECT_THROW(BlackBox::open(FileDescriptor{open("/proc/self/exe", O_RDONLY | O_CLOEXEC)}), Error);
}

TEST(RestartBudget, EachPauseIsLongerUntilThereIsNone) {
  RestartBudget budget{5, std::chrono::seconds{60}};
  const auto now = std::chrono::steady_clock::now();
  EXPECT_EQ(budget.died(now).value().count(), 0);
  for (const int expected_ms : {100, 200, 400, 800}) {
    const auto pause = budget.died(now);
    ASSERT_TRUE(pause);
    EXPECT_GE(pause->count(), expected_ms * 3 / 4);
    EXPECT_LE(pause->count(), expected_ms * 5 / 4);
  }
  EXPECT_FALSE(budget.died(now));
  budget.forgive();
  EXPECT_TRUE(budget.died(now));
}

TEST(RestartBudget, OldDeathsDoNotCount) {
  RestartBudget budget{1, std::chrono::seconds{60}};
  const auto now = std::chrono::steady_clock::now();
  EXPECT_TRUE(budget.died(now));
  EXPECT_FALSE(budget.died(now + std::chrono::seconds{59}));
  EXPECT_TRUE(budget.died(now + std::chrono::seconds{200}));
}

TEST(RestartBudget, NoPauseIsLongerThanHalfAMinute) {
  RestartBudget budget{1000, std::chrono::hours{1}};
  const auto now = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) budget.died(now);
  EXPECT_LE(budget.died(now).value(), std::chrono::milliseconds{37'500});
}

}  // namespace
}  // namespace bulkhead::host
