#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "host_process.hpp"
#include "stopped_thread.hpp"

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;

struct Expected {
  int status;
  std::string word;  ///< of `status` in the body; several separated by "|"
};

/// One row of the truth table: what each kind of probe answers in a phase (ops §5.5).
struct Row {
  const char* phase;
  Expected quick;
  Expected live;
  Expected ready;
  Expected startup;
  Expected health;
  Expected monitoring;
};

const std::vector<Row> kTable{
    {"starting",
     {200, "healthy|degraded"},
     {200, "alive"},
     {503, "starting"},
     {503, "starting"},
     {200, "healthy|degraded"},
     {200, "healthy|degraded"}},
    {"ready",
     {200, "healthy"},
     {200, "alive"},
     {200, "ready"},
     {200, "started"},
     {200, "healthy"},
     {200, "healthy|degraded"}},
    {"optional plugin closed",
     {200, "degraded"},
     {200, "alive"},
     {200, "ready"},
     {200, "started"},
     {200, "degraded"},
     {200, "degraded"}},
    {"required plugin closed",
     {200, "degraded"},
     {200, "alive"},
     {503, "not_ready"},
     {200, "started"},
     {200, "degraded"},
     {200, "degraded"}},
    {"database away",
     {200, "critical"},
     {200, "alive"},
     {200, "ready"},
     {200, "started"},
     {503, "critical"},
     {200, "degraded"}},
    {"required check down",
     {200, "critical"},
     {200, "alive"},
     {503, "not_ready"},
     {200, "started"},
     {503, "critical"},
     {200, "degraded"}},
    {"draining",
     {200, "healthy|degraded"},
     {200, "alive"},
     {503, "draining"},
     {200, "started"},
     {200, "healthy|degraded"},
     {200, "healthy|degraded"}},
    {"core thread stuck",
     {200, "critical"},
     {503, "unhealthy"},
     {503, "not_ready"},
     {200, "started"},
     {503, "critical"},
     {503, "unhealthy"}},
};

const Row& rowOf(std::string_view phase) {
  for (const Row& row : kTable) {
    if (row.phase == phase) return row;
  }
  throw std::runtime_error{"no such phase"};
}

/// What differs from the row, as sentences; empty when all is as the table says.
std::vector<std::string> differences(const HostProcess& host, const Row& row) {
  const std::vector<std::pair<const char*, const Expected*>> probes{
      {"/health/quick", &row.quick},
      {"/healthz", &row.quick},
      {"/health/liveness", &row.live},
      {"/livez", &row.live},
      {"/api/monitoring/live", &row.live},
      {"/health/readiness", &row.ready},
      {"/readyz", &row.ready},
      {"/api/monitoring/ready", &row.ready},
      {"/health/startup", &row.startup},
      {"/health", &row.health},
      {"/api/monitoring/health", &row.monitoring}};
  std::vector<std::string> found;
  for (const auto& [path, expected] : probes) {
    const HttpAnswer answer = host.client().get(path);
    const json body = answer.json();
    const std::string word = body.is_object() ? body.value("status", "") : answer.fault;
    const bool known =
        fmt::format("|{}|", expected->word).find(fmt::format("|{}|", word)) != std::string::npos;
    if (answer.status != expected->status || !known || word.empty())
      found.push_back(fmt::format("{} in phase '{}': {} {} instead of {} {}", path, row.phase,
                                  answer.status, word, expected->status, expected->word));
    if (answer.status == 503 && !answer.has("retry-after"))
      found.push_back(fmt::format("{}: 503 without Retry-After", path));
    if (answer.header("cache-control").find("no-store") == std::string::npos)
      found.push_back(fmt::format("{}: may be cached", path));
    if (host.client().send("HEAD", path, {}, {}).status != answer.status)
      found.push_back(fmt::format("HEAD {} differs", path));
  }
  return found;
}

/// Checks run in the background, so a phase shows within two of their intervals.
void expectPhase(const HostProcess& host, std::string_view phase) {
  const Row& row = rowOf(phase);
  EXPECT_TRUE(await([&] { return differences(host, row).empty(); }, seconds{40}))
      << fmt::format("{}", fmt::join(differences(host, row), "\n"));
}

/// How long answers stay as they are; for phases that must not turn into another one.
void expectStays(const HostProcess& host, std::string_view phase, milliseconds time) {
  EXPECT_FALSE(await([&] { return !differences(host, rowOf(phase)).empty(); }, time))
      << fmt::format("{}", fmt::join(differences(host, rowOf(phase)), "\n"));
}

TEST(ProbePhases, Ops55_S6_S7_S8_S9_S87_S88_StartingAndReady) {
  const HostFolder folder;
  folder.installHostile("start-hangs");
  folder.installHostile("harmless");
  HostProcess host{folder};
  ASSERT_TRUE(await([&] { return host.plugin("harmless").value("state", "") == "running"; }));
  expectPhase(host, "starting");
  const json pending = host.client().get("/health/readiness").json().at("pending");
  EXPECT_THAT(pending, Contains("plugin start-hangs")) << pending;
  EXPECT_THAT(pending, testing::Not(Contains("plugin harmless"))) << "it is there already";
  const json line = host.awaitLogLine([](const json& one) {
    return one.value("route", "") == "/health/readiness" && one.value("status", 0) == 503;
  });
  EXPECT_EQ(line.value("level", ""), "INFO") << "a probe's 503 is an answer and no failed call";
  ASSERT_TRUE(host.awaitReady(seconds{15}));
  expectPhase(host, "optional plugin closed");
  EXPECT_EQ(host.stop(), 0);
}

TEST(ProbePhases, Ops55_S1_S2_ReadyAndThenDraining) {
  const HostFolder folder;
  folder.install("booking");
  HostProcess host{folder, {{"SHUTDOWN_DELAY", "60s"}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  expectPhase(host, "ready");
  host.signal(SIGTERM);
  expectPhase(host, "draining");
  expectStays(host, "draining", milliseconds{300});
  host.signal(SIGTERM);
  EXPECT_NE(host.awaitEnd(seconds{5}), -1);
}

TEST(ProbePhases, Ops55_C36_AStopDuringTheStartIsDraining) {
  const HostFolder folder;
  folder.installHostile("start-hangs");
  HostProcess host{folder, {{"SHUTDOWN_DELAY", "60s"}}};
  ASSERT_TRUE(await([&] { return host.plugin("start-hangs").value("state", "") == "starting"; }));
  host.signal(SIGTERM);
  EXPECT_TRUE(await([&] {
    return host.client().get("/health/readiness").json().value("status", "") == "draining";
  })) << "at once, not when the plugin has been given up";
  EXPECT_EQ(host.client().get("/health/startup").status, 503) << "it has never started";
  EXPECT_EQ(host.client().get("/livez").status, 200);
  host.killHard();
}

TEST(ProbePhases, Ops55_C4_APluginThatIsRequiredAndClosed) {
  const HostFolder folder;
  folder.configure("booking", "enabled = true\nrequired = true\n");
  HostProcess host{folder};
  EXPECT_TRUE(await([&] { return host.plugin("booking").value("state", "") == "missing"; }));
  expectPhase(host, "required plugin closed");
  EXPECT_THAT(host.client().get("/readyz").json().at("pending"), Contains("plugin booking"));
  folder.configure("booking", "enabled = true\nrequired = false\n");
  host.signal(SIGHUP);
  expectPhase(host, "optional plugin closed");
  EXPECT_EQ(host.stop(), 0);
}

TEST(ProbePhases, Ops55_S3_C3_TheDatabaseIsAwayAndComesBack) {
  const HostFolder folder;
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  expectPhase(host, "ready");
  fs::rename(folder.data() / "host.db", folder.data() / "host.db.away");
  expectPhase(host, "database away");
  fs::rename(folder.data() / "host.db.away", folder.data() / "host.db");
  expectPhase(host, "ready");
  const json worse = host.awaitLogLine([](const json& line) {
    return line.value("check", "") == "database" && line.value("level", "") == "WARN";
  });
  EXPECT_THAT(worse.value("message", ""), testing::HasSubstr("degraded")) << host.logText();
  const json better = host.awaitLogLine([](const json& line) {
    return line.value("check", "") == "database" && line.value("level", "") == "INFO";
  });
  EXPECT_EQ(better.value("message", ""), "Health recovered");
  EXPECT_EQ(host.stop(), 0);
}

// Goal: a database counts for readiness only where the operator wants it so (C4).
TEST(ProbePhases, Ops55_C4_ACheckThatIsRequiredAndDown) {
  const HostFolder folder;
  HostProcess host{folder, {{"READINESS_REQUIRE", "database"}}};
  ASSERT_TRUE(host.awaitReady());
  fs::rename(folder.data() / "host.db", folder.data() / "host.db.away");
  expectPhase(host, "required check down");
  EXPECT_THAT(host.client().get("/readyz").json().at("pending"), Contains("check database"));
  fs::rename(folder.data() / "host.db.away", folder.data() / "host.db");
  expectPhase(host, "ready");
  EXPECT_EQ(host.stop(), 0);
}

TEST(ProbePhases, Ops55_S8_C5_ACoreThreadThatStandsStill) {
  const HostFolder folder;
  HostProcess host{folder, {{"HEALTH_STALL_AFTER", "5s"}}};
  ASSERT_TRUE(host.awaitReady());
  expectPhase(host, "ready");
  {
    const StoppedThread housekeeper{host.process(), "housekeeper"};
    expectPhase(host, "core thread stuck");
  }
  expectPhase(host, "ready");
  EXPECT_EQ(host.stop(), 0);
}

// Goal: a loop that does not turn is noticed, too. Method: one loop stands still; whichever way in
// is still answered says so, and where none is, the probe fails as well.
TEST(ProbePhases, Ops55_C5_AnEventLoopThatStandsStill) {
  const HostFolder folder;
  HostProcess host{folder, {{"HEALTH_STALL_AFTER", "5s"}}};
  ASSERT_TRUE(host.awaitReady());
  const auto probe = [&] {
    return folder.run({"probe", "live", "--via", "socket", "--timeout", "1s"}).code;
  };
  EXPECT_EQ(probe(), 0);
  {
    const StoppedThread loop{host.process(), "front-0"};
    EXPECT_TRUE(await([&] { return probe() == 1; }, seconds{20}));
  }
  EXPECT_TRUE(await([&] { return probe() == 0; }, seconds{20}));
  EXPECT_EQ(host.stop(), 0);
}

TEST(ProbePhases, Ops55_S118_AWrongConfigurationEndsWith78) {
  const HostFolder folder;
  HostProcess host{folder, {{"HEALTH_STALL_AFTER", "never"}}};
  EXPECT_EQ(host.awaitEnd(seconds{9}), 78);
}

}  // namespace
}  // namespace bulkhead::integration
