#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr int kExitConfiguration = 78;

bool isReload(const json& line) {
  return line.value("message", "").starts_with("Configuration reload");
}

/// Sends SIGHUP and waits until the log says what became of it.
json reloadBySignal(const HostProcess& host) {
  const auto reloads = [&] {
    std::vector<json> found;
    for (const json& line : host.logLines()) {
      if (line.is_object() && isReload(line)) found.push_back(line);
    }
    return found;
  };
  const std::size_t before = reloads().size();
  host.signal(SIGHUP);
  EXPECT_TRUE(await([&] { return reloads().size() > before; })) << host.logText();
  const auto all = reloads();
  return all.empty() ? json::object() : all.back();
}

json lineOf(const HostProcess& host, std::string_view setting) {
  return host.awaitLogLine([&](const json& line) { return line.value("setting", "") == setting; });
}

// Goal: live settings hold without a restart, and the others are named. Method: both in one file,
// with the effect looked at, not the log alone.
TEST(Reload, Ops518_SighupTakesLiveSettingsAndNamesThoseThatNeedARestart) {
  const HostFolder folder;
  folder.installHostile("harmless");
  folder.writeConfiguration("log.level = info\n");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  ASSERT_EQ(host.client().get("/metrics").status, 200);
  folder.writeConfiguration(
      "log.level = warn\n"
      "monitoring.slow_request_ms = 0\n"
      "monitoring.allow_cidrs = 192.0.2.0/24\n"
      "limits.head_bytes = 2048\n");
  const json report = reloadBySignal(host);
  EXPECT_EQ(report.value("outcome", ""), "reloaded") << report;
  EXPECT_EQ(report.value("changed", 0), 3);
  EXPECT_EQ(report.value("needsRestart", 0), 1);
  const json level = lineOf(host, "log.level");
  EXPECT_EQ(level.value("before", ""), "info") << level;
  EXPECT_EQ(level.value("after", ""), "warn");
  EXPECT_EQ(level.value("origin", ""), folder.configuration().string() + ":1");
  const json head = lineOf(host, "limits.head_bytes");
  EXPECT_THAT(head.value("message", ""), HasSubstr("needs a restart"));
  EXPECT_EQ(head.value("level", ""), "WARN");

  EXPECT_EQ(host.client().get("/metrics").status, 403) << "loopback is not allowed any more";

  const CommandEnd audit = folder.run({"audit", "list", "--json"});
  ASSERT_EQ(audit.code, 0) << audit.errors;
  const json row = json::parse(audit.output).at("data").at(0);
  EXPECT_EQ(row.value("action", ""), "config.reload") << row;
  EXPECT_EQ(row.value("origin", ""), "SIGHUP");
  EXPECT_EQ(row.at("after").at("changed").size(), 3U);
  EXPECT_EQ(host.client().get("/health", {{"X-Long", std::string(5000, 'x')}}).status, 200)
      << "the old limit holds";
  ASSERT_EQ(host.client().get("/health/quick", {{"User-Agent", "slow-one"}}).status, 200);
  const json slow =
      host.awaitLogLine([](const json& line) { return line.value("userAgent", "") == "slow-one"; });
  EXPECT_EQ(slow.value("message", ""), "Slow request") << "INFO lines are gone, slow ones are not";
  EXPECT_EQ(host.stop(), 0);
}

// Goal: nothing changes when anything is wrong. Method: a good change beside a mistake, of the
// host's file and of a plugin's.
TEST(Reload, Ops518_IsRefusedAsAWholeWhenAnythingIsWrong) {
  const HostFolder folder;
  folder.installHostile("harmless", "enabled = true\n");
  folder.writeConfiguration("");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  folder.writeConfiguration("monitoring.allow_cidrs = 192.0.2.0/24\nlog.levl = debug\n");
  EXPECT_EQ(reloadBySignal(host).value("outcome", ""), "refused");
  EXPECT_THAT(host.logText(), HasSubstr("did you mean \\\"log.level\\\"?"));
  EXPECT_EQ(host.client().get("/metrics").status, 200) << "the old networks hold";

  folder.writeConfiguration("monitoring.allow_cidrs = 192.0.2.0/24\n");
  folder.configure("harmless", "enabled = true\nlimits.threads = 0\n");
  const CommandEnd refused =
      folder.run({"config", "reload", "--config", folder.configuration().string()});
  EXPECT_EQ(refused.code, kExitConfiguration) << refused.output;
  EXPECT_THAT(refused.errors, HasSubstr("Nothing was changed."));
  EXPECT_THAT(refused.errors, HasSubstr("harmless.properties:2: limits.threads"));
  EXPECT_EQ(host.client().get("/metrics").status, 200);

  folder.writeConfiguration("monitoring.allow_cidrs = 192.0.2.0/24\nlog.file = /nowhere/x.log\n");
  folder.configure("harmless", "enabled = true\n");
  EXPECT_EQ(reloadBySignal(host).value("outcome", ""), "refused") << "found while applying";
  EXPECT_EQ(host.client().get("/metrics").status, 200);

  folder.writeConfiguration("monitoring.allow_cidrs = 192.0.2.0/24\n");
  EXPECT_EQ(reloadBySignal(host).value("outcome", ""), "reloaded") << "it is mended";
  EXPECT_EQ(host.client().get("/metrics").status, 403);
  EXPECT_EQ(host.stop(), 0);
}

// Goal: limits of a plugin change while it runs, its own settings say that they do not. Method: one
// thread is taken by a call; the next waits for it until a second thread is allowed.
TEST(Reload, Ops518_LimitsOfAPluginChangeWithoutItsRestart) {
  const HostFolder folder;
  folder.installHostile("handler-hangs", "enabled = true\nlimits.threads = 1\n");
  folder.install("stripe", "enabled = true\n");
  HostProcess host{folder, {{"DRAIN_TIMEOUT", "1s"}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  const auto running = [&](const char* what) {
    return host.plugin("handler-hangs").value(what, 0);
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i)
    callers.emplace_back([&] { host.keyed("salon").get("/api/handler-hangs/v1/fault"); });
  EXPECT_TRUE(await([&] { return running("running") == 1 && running("queued") == 1; }));
  folder.configure("handler-hangs", "enabled = true\nlimits.threads = 2\n");
  folder.configure("stripe",
                   "enabled = true\nwebhook_secret = whsec_" + std::string(32, 'k') + "\n");
  folder.configure("booking", "enabled = true\n");
  const CommandEnd reload = folder.run({"config", "reload"});
  EXPECT_EQ(reload.code, 0) << reload.errors;
  EXPECT_THAT(reload.output, HasSubstr("handler-hangs.limits.threads: 1 -> 2"));
  EXPECT_THAT(reload.output, testing::ContainsRegex(
                                 "stripe.webhook_secret:.*\\*\\*\\*\\*\\*\\*.*needs a restart"));
  EXPECT_THAT(reload.output,
              testing::ContainsRegex("booking.enabled: not configured -> true.*needs a restart"));
  EXPECT_THAT(reload.output, Not(HasSubstr("whsec_")));
  EXPECT_TRUE(await([&] { return running("running") == 2; })) << "the second has its thread";
  const CommandEnd shown = folder.run({"config", "show", "--running", "handler-hangs"});
  EXPECT_THAT(shown.output, HasSubstr("handler-hangs.limits.threads = 2"));
  EXPECT_THAT(folder.run({"config", "show", "--running", "stripe"}).output,
              HasSubstr("stripe.webhook_secret =   (default)"))
      << "what is written and does not hold is not shown as running";
  host.killHard();
  for (auto& caller : callers) caller.join();
}

TEST(Reload, WithoutAChangeNothingIsSaidToHaveChanged) {
  const HostFolder folder;
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  const json report = reloadBySignal(host);
  EXPECT_EQ(report.value("outcome", ""), "unchanged") << report;
  EXPECT_EQ(host.stop(), 0);
  const CommandEnd alone = folder.run({"config", "reload"});
  EXPECT_EQ(alone.code, 1);
  EXPECT_THAT(alone.errors, HasSubstr("No host answers"));
}

TEST(Reload, Ops56_TheLogGoesOnInAnotherFile) {
  const HostFolder folder;
  const auto first = folder.path() / "first.log";
  const auto second = folder.path() / "second.log";
  folder.writeConfiguration("log.file = " + first.string() + "\n");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady());
  folder.writeConfiguration("log.file = " + second.string() + "\nlog.level = debug\n");
  EXPECT_EQ(reloadBySignal(host).value("outcome", ""), "reloaded");
  host.client().get("/health/quick", {{"User-Agent", "after-reload"}});
  EXPECT_TRUE(await([&] { return readText(second).find("after-reload") != std::string::npos; }));
  EXPECT_THAT(readText(first), Not(HasSubstr("after-reload")));
  EXPECT_THAT(readText(first), HasSubstr("Ready"));
  EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace bulkhead::integration
