#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
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
  ASSERT_EQ(attempts.size(), 12U) << attempts;
  for (const auto& [name, succeeded] : attempts.items()) EXPECT_EQ(succeeded, false) << name;
  EXPECT_EQ(assault.post("/kept/none", "key").status, 201) << "its work needs none of it";
}

TEST(WorkerSandbox, NegativeControl_WithoutItMuchIsPossible) {
  Assault assault{"sandbox = false\n"};
  ASSERT_TRUE(assault.isReady());
  const json attempts = assault.get("/attempts").json();
  EXPECT_EQ(attempts.value("kill-host", false), true) << attempts;
  for (const char* name : {"fork", "limit-host", "own-signals", "unix-socket"})
    EXPECT_EQ(attempts.value(name, false), true) << name << attempts;
  const json warned = assault.host().awaitLogLine([](const json& line) {
    return line.value("message", "").find("no sandbox") != std::string::npos;
  });
  EXPECT_EQ(warned.value("level", ""), "WARN");
}

TEST(WorkerSandbox, AWorkerHasNoDescriptorThatIsNotItsOwn) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  const pid_t worker = assault.worker();
  ASSERT_GT(worker, 0);
  std::size_t sockets = 0;
  for (const auto& entry : fs::directory_iterator{fmt::format("/proc/{}/fd", worker)}) {
    const std::string to = fs::read_symlink(entry.path()).string();
    sockets += to.starts_with("socket:") ? 1U : 0U;
    EXPECT_THAT(to, Not(HasSubstr("host.db")));
    EXPECT_THAT(to, Not(HasSubstr("admin.sock")));
    EXPECT_THAT(to, Not(HasSubstr("eventpoll")));
  }
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
