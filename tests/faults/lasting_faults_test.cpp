// Replacements while things fail, and what many of them leave behind.
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include "assault.hpp"
#include "holding.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// A few for who works on it; the long runs say how many they want.
int roundsOf(const char* variable, int few) {
  const char* wanted = std::getenv(variable);
  return wanted != nullptr ? std::atoi(wanted) : few;
}

constexpr rlim_t kLessThanAPlugin = 128U * 1024;

/// The same plugin, and another file.
void touch(const std::filesystem::path& file) {
  std::ofstream{file, std::ios::app | std::ios::binary} << std::string(kLessThanAPlugin, '\n');
}

class Reloads : public testing::TestWithParam<std::string> {
 protected:
  static json told(const HttpAnswer& answer) {
    return answer.json().value("error", json::object()).value("details", json::object());
  }
  /// Both plugins are asked all the while, and nobody notices.
  static void expectRolledBack(Assault& assault) {
    assault.beginLoad();
    assault.beginLoad("/deeds/none");
    EXPECT_TRUE(await([&] { return assault.loadAnswered() > 40; }));
    const HttpAnswer answer = assault.reload();
    EXPECT_EQ(answer.status, 422) << answer.body << answer.fault;
    EXPECT_EQ(told(answer).value("outcome", ""), "rolled_back") << answer.body;
    const std::size_t answered = assault.loadAnswered();
    EXPECT_TRUE(await([&] { return assault.loadAnswered() > answered + 40; }));
    EXPECT_EQ(assault.stopLoad(), 0U) << assault.firstFailure();
    EXPECT_EQ(assault.plugin().value("generation", 0), 1);
  }
};

INSTANTIATE_TEST_SUITE_P(Lives, Reloads, testing::Values("worker", "inprocess"),
                         [](const auto& life) { return life.param; });

TEST_P(Reloads, AFullDiskIsRolledBackAndTheNextOneSucceeds) {
  constexpr std::size_t kDiskBytes = std::size_t{24} << 20U;
  Assault assault{"", GetParam(), kDiskBytes};
  if (!assault.disk()->isMounted()) GTEST_SKIP() << "this process may not mount a file system";
  ASSERT_TRUE(assault.isReady()) << assault.host().logText();
  assault.replaceFile(touch);
  assault.disk()->fill();
  expectRolledBack(assault);
  assault.disk()->makeRoom();
  EXPECT_EQ(assault.reload().status, 200);
  EXPECT_EQ(assault.get("/deeds/none").status, 200);
}

TEST_P(Reloads, AFileThatMayNotGrowIsRolledBack) {
  Assault assault{"", GetParam()};
  ASSERT_TRUE(assault.isReady());
  assault.replaceFile(touch);
  const rlimit small{kLessThanAPlugin, RLIM_INFINITY};
  ASSERT_EQ(prlimit(assault.host().id(), RLIMIT_FSIZE, &small, nullptr), 0);
  expectRolledBack(assault);
}

TEST_P(Reloads, OneAfterTheOtherUnderLoadNoRequestFails) {
  Assault assault{"", GetParam()};
  ASSERT_TRUE(assault.isReady());
  assault.beginLoad();
  assault.beginLoad("/deeds/none");
  assault.beginLoad("/kept");
  const int rounds = roundsOf("BULKHEAD_RELOAD_ROUNDS", 8);
  for (int round = 0; round < rounds; ++round) {
    assault.replaceFile([&](const auto& file) {
      for (int times = 0; times < round % 2; ++times) touch(file);
    });
    const HttpAnswer answer = assault.reload();
    ASSERT_EQ(answer.status, 200) << answer.body << answer.fault;
  }
  EXPECT_EQ(assault.stopLoad(), 0U) << assault.firstFailure();
  EXPECT_EQ(assault.plugin().value("generation", 0), rounds + 1);
}

// Goal: what a restart costs is given back. Method: the host's descriptors, threads and memory
// after many deaths, compared with those after the first ones.
TEST(Restarts, LeaveNothingBehind) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  for (int first = 0; first < 10; ++first) ASSERT_TRUE(assault.restart()) << assault.plugin();
  const Holding before = Holding::of(assault.host().id());
  const int rounds = roundsOf("BULKHEAD_RESTART_ROUNDS", 40);
  for (int round = 0; round < rounds; ++round)
    ASSERT_TRUE(assault.restart()) << round << assault.plugin();
  std::vector<std::string> left;
  EXPECT_TRUE(await([&] {
    left = Holding::of(assault.host().id()).leftSince(before);
    return left.empty();
  })) << fmt::format("{}", fmt::join(left, "; "));
  const Holding after = Holding::of(assault.host().id());
  constexpr std::uint64_t kMemoryKb = 8U * 1024;
  EXPECT_LE(after.memory_kb, before.memory_kb + kMemoryKb);
  fmt::print("{} restarts: {} -> {} descriptors, {} -> {} threads, {} -> {} KiB\n", rounds,
             before.descriptors, after.descriptors, before.threads, after.threads, before.memory_kb,
             after.memory_kb);
  EXPECT_EQ(assault.workers().size(), 2U) << "one for each plugin";
}

// The control: one that is kept for each restart is seen, also of what is expected to grow a
// little.
TEST(Restarts, ControlWhatEachOneLeavesIsSeen) {
  const TemporaryFolder folder;
  const Holding before = Holding::of(getpid());
  std::vector<std::ifstream> kept;
  for (const char* name : {"host.db", "of-the-plugin"}) {
    const auto file = folder.write(name, "");
    for (int restart = 0; restart < 40; ++restart) kept.emplace_back(file);
  }
  EXPECT_THAT(Holding::of(getpid()).leftSince(before),
              testing::ElementsAre("40 x host.db, had 0", "40 x of-the-plugin, had 0"));
  kept.clear();
  EXPECT_THAT(Holding::of(getpid()).leftSince(before), testing::IsEmpty());
}

}  // namespace
}  // namespace bulkhead::integration
