#include "plugins/preflight.hpp"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "host/plugins/hostile_files.hpp"
#include "host/plugins/plugin_files.hpp"
#include "plugins/child_process.hpp"

namespace bulkhead::host {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using std::chrono::milliseconds;
using std::chrono::seconds;

PreflightReport fly(std::string_view name, milliseconds timeout = seconds{20}) {
  return preflight(test::hostile(name), {}, {timeout, "/proc/self/exe"});
}

TEST(Preflight, PassesAPluginThatBehaves) {
  const PreflightReport report = preflight(test::greeter(), {}, {seconds{20}, "/proc/self/exe"});
  EXPECT_TRUE(report.passed) << report.reason;
  EXPECT_EQ(report.reason, "");
  EXPECT_THAT(report.routes, ElementsAre("GET /api/greeter/v1/hello/{name}"));
  EXPECT_FALSE(report.pinned);
}

TEST(Preflight, TellsAPluginThatCannotBeUnloaded) {
  const PreflightReport report = fly("pinned");
  EXPECT_TRUE(report.passed) << report.reason;
  EXPECT_TRUE(report.pinned);
}

class HostilePlugin : public testing::TestWithParam<test::HostileFile> {};

bool hangs(const std::string& name) {
  return name.ends_with("hangs") || name == "create-floods-output";
}

/// One that hangs is given longer until it gets to where it hangs: a busy machine may need that.
PreflightReport flyUntil(std::string_view reason, std::string_view name) {
  milliseconds timeout{700};
  PreflightReport report = fly(name, timeout);
  while (!report.passed && report.reason.find(reason) == std::string::npos &&
         timeout < seconds{10}) {
    report = fly(name, timeout *= 2);
  }
  return report;
}

/// S85: each of these would have ended, stopped or changed the host; here it is a sentence.
TEST_P(HostilePlugin, S85_IsASentenceAndNotADeath) {
  const auto& [id, state, reason, make] = GetParam();
  const PreflightReport report = hangs(id) ? flyUntil(reason, id) : fly(id);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.reason, HasSubstr(reason)) << report.output;
  EXPECT_LE(report.output.size(), 8U * 1024);
}

INSTANTIATE_TEST_SUITE_P(EachWay, HostilePlugin,
                         testing::ValuesIn(test::pluginsThatFailPreflight()),
                         [](const testing::TestParamInfo<test::HostileFile>& tested) {
                           std::string name = tested.param.id;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Preflight, LeavesWhatOnlyShowsLaterToLater) {
  for (const char* name : {"harmless", "start-throws", "handler-throws", "handler-hangs",
                           "health-hangs", "health-floods", "rude-not", "registers-late"}) {
    EXPECT_TRUE(fly(name).passed) << name;
  }
}

TEST(Preflight, CreatesWithTheSettingsThatItIsGiven) {
  const PreflightReport unknown =
      preflight(test::greeter(), {{"max_length", std::string{"no integer"}}},
                {seconds{20}, "/proc/self/exe"});
  EXPECT_TRUE(unknown.passed) << unknown.reason;
  const HomeSettings settings = {{"a", std::int64_t{-5}},
                                 {"b", 0.5},
                                 {"c", std::string{"\"\xc3\xbc"}},
                                 {"d", std::monostate{}}};
  EXPECT_EQ(homeSettingsFrom(toJson(settings)), settings);
}

TEST(Preflight, RunsManyAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> passed = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      if (fly("harmless").passed) ++passed;
      if (!fly("create-exits").passed) ++passed;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(passed, 8);
}

std::size_t openDescriptors() {
  std::size_t count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

TEST(ChildProcess, InheritsNoDescriptorAndLeavesNone) {
  const int secret = open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as Poco's sockets are
  const std::size_t before = openDescriptors();
  const ChildEnd end =
      runChild("/bin/sh", {"-c", "ls /proc/self/fd | tr '\\n' ' ' >&3"}, "", seconds{20});
  EXPECT_EQ(end.report.substr(0, 8), "0 1 2 3 ") << end.report;  // ls itself opens one more
  EXPECT_EQ(std::count(end.report.begin(), end.report.end(), ' '), 5);
  EXPECT_EQ(openDescriptors(), before);
  close(secret);
}

TEST(ChildProcess, SeesNoneOfTheHostsSecrets) {
  setenv("BULKHEAD_TEST_API_KEY", "secret", 1);
  const ChildEnd end = runChild("/bin/sh", {"-c", "env >&3"}, "", seconds{20});
  EXPECT_THAT(end.report, HasSubstr("PATH="));
  EXPECT_THAT(end.report, Not(HasSubstr("BULKHEAD_TEST_API_KEY")));
  unsetenv("BULKHEAD_TEST_API_KEY");
}

TEST(ChildProcess, EndsWithItsWholeGroup) {
  const auto begin = std::chrono::steady_clock::now();
  const ChildEnd end =
      runChild("/bin/sh", {"-c", "sleep 60 & echo $! >&3; wait"}, "", milliseconds{300});
  EXPECT_TRUE(end.timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds{20});
  const pid_t grandchild = std::stoi(end.report);
  for (int i = 0; i < 1000 && kill(grandchild, 0) == 0; ++i) {
    // allowed: between two looks at the condition
    std::this_thread::sleep_for(milliseconds{5});
  }
  std::ifstream status{"/proc/" + std::to_string(grandchild) + "/stat"};
  std::string id, name, state;
  status >> id >> name >> state;
  EXPECT_TRUE(!status || state == "Z") << "still running: " << state;
}

TEST(ChildProcess, KeepsTheEndOfALongOutput) {
  const ChildEnd end =
      runChild("/bin/sh", {"-c", "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done"},
               "input", seconds{20});
  EXPECT_THAT(end.output, HasSubstr("line 4999"));
  EXPECT_LE(end.output.size(), 8U * 1024);
}

TEST(ChildProcess, SaysWhenItCannotStart) {
  EXPECT_THROW(runChild("/no/such/program", {}, "", seconds{1}), Error);
}

}  // namespace
}  // namespace bulkhead::host
