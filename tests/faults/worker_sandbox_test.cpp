#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "assault.hpp"

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST(WorkerSandbox, APluginIsRefusedWhatNoPluginNeeds) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  const json attempts = assault.get("/attempts").json();
  ASSERT_EQ(attempts.size(), 24U) << attempts;
  for (const auto& [name, succeeded] : attempts.items()) EXPECT_EQ(succeeded, false) << name;
  EXPECT_EQ(assault.post("/kept/none", "key").status, 201) << "its work needs none of it";
}

TEST(WorkerSandbox, NegativeControl_WithoutItMuchIsPossible) {
  Assault assault{"sandbox = false\n"};
  ASSERT_TRUE(assault.isReady());
  const json attempts = assault.get("/attempts").json();
  EXPECT_EQ(attempts.value("kill-host", false), true) << attempts;
  for (const char* name :
       {"fork", "limit-host", "own-signals", "unix-socket", "host-memory", "host-memory-by-thread",
        "host-memory-from-a-thread", "host-descriptor", "host-folder", "host-environment",
        "host-map", "file-in-memory", "segment-of-memory", "queue-of-messages", "large-pipe"})
    EXPECT_EQ(attempts.value(name, false), true) << name << attempts;
  const json warned = assault.host().awaitLogLine([](const json& line) {
    return line.value("message", "").find("no sandbox") != std::string::npos;
  });
  EXPECT_EQ(warned.value("level", ""), "WARN");
}

// Goal: what keeps a worker from its host's memory takes nothing from the host. Method: the host is
// debugged as before, from outside and by its own records.
TEST(WorkerSandbox, TheHostAndItsWorkersAreDebuggedAsBefore) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  for (const pid_t process : {assault.host().id(), assault.worker()}) {
    std::ifstream memory{fmt::format("/proc/{}/mem", process)};
    EXPECT_TRUE(memory.is_open()) << process;
    EXPECT_NE(readText(fmt::format("/proc/{}/limits", process)).find("Max core file size"),
              std::string::npos);
    std::error_code error;
    EXPECT_FALSE(fs::read_symlink(fmt::format("/proc/{}/exe", process), error).empty())
        << error.message();
  }
}

TEST(WorkerSandbox, FilesMoveBetweenFolders) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  const HttpAnswer moved = assault.get("/deeds/move-file");
  EXPECT_EQ(moved.status, 200) << moved.body;
}

TEST(WorkerSandbox, AWorkerHasNoDescriptorThatIsNotItsOwn) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  const pid_t worker = assault.worker();
  ASSERT_GT(worker, 0);
  std::size_t sockets = 0;
  std::size_t polls = 0;
  for (const auto& entry : fs::directory_iterator{fmt::format("/proc/{}/fd", worker)}) {
    const std::string to = fs::read_symlink(entry.path()).string();
    sockets += to.starts_with("socket:") ? 1U : 0U;
    EXPECT_THAT(to, Not(HasSubstr("host.db")));
    EXPECT_THAT(to, Not(HasSubstr("admin.sock")));
    polls += to.find("eventpoll") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(polls, 1U) << "the link's, and none of the host's loops";
  EXPECT_EQ(sockets, 1U) << "the link";
}

TEST(WorkerSandbox, NoSecretIsInItsArgumentsOrItsEnvironment) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  const pid_t worker = assault.worker();
  ASSERT_GT(worker, 0);
  for (const char* file : {"cmdline", "environ"}) {
    const std::string text = readText(fmt::format("/proc/{}/{}", worker, file));
    EXPECT_THAT(text, Not(HasSubstr("a-canary-of-the-plugin"))) << file;
    EXPECT_THAT(text, Not(HasSubstr(std::string{kApiKey}))) << file;
  }
  EXPECT_THAT(readText(fmt::format("/proc/{}/cmdline", worker)), HasSubstr("assailant"));
}

TEST(WorkerSandbox, AWorkerRunsTheProgramOfItsHost) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  const pid_t worker = assault.worker();
  ASSERT_GT(worker, 0);
  const fs::path own = fs::read_symlink(fmt::format("/proc/{}/exe", worker));
  EXPECT_EQ(own, fs::read_symlink(fmt::format("/proc/{}/exe", assault.host().id())));
}

}  // namespace
}  // namespace bulkhead::integration
