#include <chrono>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assault.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// What /health says of the attacker beyond its state: a code and a message.
json healthIssue(Assault& assault) {
  const json health = assault.host().client().get("/health?details=true").json();
  for (const auto& issue : health.value("issues", json::array())) {
    if (issue.value("subject", "") == "plugin assailant") return issue;
  }
  return json::object();
}

std::size_t countLines(Assault& assault, std::string_view message) {
  const std::string text = assault.host().logText();
  std::size_t count = 0;
  for (auto at = text.find(message); at != std::string::npos; at = text.find(message, at + 1))
    ++count;
  return count;
}

// Goal: what leaks slowly is replaced before it harms anybody, and nobody notices. Method: clients
// of the leaking plugin itself, which never pause, while its memory passes the soft limit.
TEST(WorkerLimits, AboveItsSoftLimitOfMemoryItIsReplacedAndNoRequestFails) {
  Assault assault{"limits.memory_soft_mb = 100\nlimits.memory_mb = 400\n"};
  ASSERT_TRUE(assault.isReady());
  assault.beginLoad("/deeds/none");
  assault.beginLoad("/kept");
  ASSERT_TRUE(await([&] { return assault.loadAnswered() > 20; }));
  for (int growth = 0; growth < 3; ++growth) EXPECT_EQ(assault.post("/deeds/grow").status, 200);
  EXPECT_TRUE(assault.awaitGeneration(2)) << assault.plugin();
  const std::size_t answered = assault.loadAnswered();
  EXPECT_TRUE(await([&] { return assault.loadAnswered() > answered + 20; }));
  EXPECT_EQ(assault.stopLoad(), 0U) << assault.firstFailure();
  const json plugin = assault.plugin();
  EXPECT_EQ(plugin.value("restarts", 9), 0) << plugin;
  EXPECT_EQ(plugin.value("recycles", 0), 1) << plugin;
  EXPECT_TRUE(await([&] {
    const auto shown = assault.plugin()["memory_bytes"];
    const auto held = shown.is_number() ? shown.get<std::uint64_t>() : 0;
    return held > 0 && held < (std::uint64_t{100} << 20U);
  })) << assault.plugin();
  const json told = assault.host().awaitLogLine(
      [](const json& line) { return line.value("event", "") == "plugin_recycled"; });
  EXPECT_THAT(told.value("reason", ""), HasSubstr("above its soft limit of 100"));
  EXPECT_THAT(assault.host().client().get("/metrics").body,
              HasSubstr("bulkhead_plugin_recycles_total{plugin=\"assailant\"} 1"));
}

TEST(WorkerLimits, MemoryThatCouldBeSharedCountsToo) {
  Assault assault{"limits.memory_soft_mb = 100\n"};
  ASSERT_TRUE(assault.isReady());
  for (int growth = 0; growth < 3; ++growth) assault.post("/deeds/grow-shared");
  EXPECT_TRUE(assault.awaitGeneration(2)) << assault.plugin();
}

// Goal: one that needs more than its soft limit is not replaced for ever. Method: it holds as much
// from its start on; one generation is tried, and then it is said, once, and left alone.
TEST(WorkerLimits, OneThatNeedsMoreThanItsSoftLimitIsReplacedOnceAndSaid) {
  Assault assault{"limits.memory_soft_mb = 30\nlarge = true\n"};
  ASSERT_TRUE(assault.isReady());
  ASSERT_TRUE(await([&] { return assault.plugin().value("impairment", "") == "over_soft_limit"; }))
      << assault.plugin();
  EXPECT_EQ(assault.plugin().value("generation", 0), 2);
  EXPECT_EQ(assault.plugin().value("state", ""), "running");
  EXPECT_THAT(assault.plugin().value("reason", ""), HasSubstr("limits.memory_soft_mb"));
  const json issue = healthIssue(assault);
  EXPECT_EQ(issue.value("code", ""), "over_soft_limit") << issue;
  EXPECT_EQ(issue.value("status", ""), "degraded");
  for (int request = 0; request < 20; ++request)
    EXPECT_EQ(assault.get("/deeds/wait").status, 200);  // six seconds: some sixty looks at it
  EXPECT_EQ(assault.plugin().value("generation", 0), 2);
  EXPECT_EQ(countLines(assault, "needs more memory than its soft limit"), 1U);
}

TEST(WorkerLimits, OneThatTakesTooMuchOfTheProcessorsIsEndedAndTheReasonSaysHowMuch) {
  Assault assault{"limits.cpu_percent = 5\nlimits.cpu_window_ms = 3000\n"};
  ASSERT_TRUE(assault.isReady());
  assault.beginLoad();
  EXPECT_EQ(assault.post("/deeds/burn").status, 200) << "it answers: no deadline ends it";
  EXPECT_TRUE(assault.awaitGeneration(2)) << assault.plugin();
  EXPECT_THAT(assault.record(),
              testing::AllOf(HasSubstr("% of a processor over 3 s, and may take 5"),
                             HasSubstr("SIGABRT"), HasSubstr("backtrace:")));
  EXPECT_EQ(assault.stopLoad(), 0U);
}

TEST(WorkerLimits, NegativeControl_WithoutALimitItMayTakeAllOfThem) {
  Assault assault{"limits.cpu_window_ms = 1000\n"};
  ASSERT_TRUE(assault.isReady());
  EXPECT_EQ(assault.post("/deeds/burn").status, 200);
  for (int request = 0; request < 10; ++request) EXPECT_EQ(assault.get("/deeds/wait").status, 200);
  EXPECT_EQ(assault.plugin().value("generation", 0), 1);
}

TEST(WorkerLimits, AStormOfThreadsEndsItsOwnWorkerAlone) {
  Assault assault{"limits.own_threads = 40\n"};
  ASSERT_TRUE(assault.isReady());
  assault.beginLoad();
  EXPECT_EQ(assault.post("/deeds/storm-threads").status, 502);
  EXPECT_TRUE(assault.awaitGeneration(2)) << assault.plugin();
  EXPECT_THAT(assault.record(), HasSubstr("threads, and may have 85"));
  EXPECT_EQ(assault.stopLoad(), 0U);
}

TEST(WorkerLimits, ItsDescriptorsAreLimitedByTheKernel) {
  Assault assault{"limits.descriptors = 80\n"};
  ASSERT_TRUE(assault.isReady());
  const std::string limits = readText(fmt::format("/proc/{}/limits", assault.worker()));
  const auto line = limits.substr(limits.find("Max open files"), 50);
  EXPECT_THAT(line, testing::ContainsRegex("80 +80"));
}

}  // namespace
}  // namespace bulkhead::integration
