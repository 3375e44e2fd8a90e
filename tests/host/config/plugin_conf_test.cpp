#include "config/plugin_conf.hpp"

#include <gtest/gtest.h>

#include "config/configuration_problem.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

PluginConf read(std::string_view text, const Variables& variables = {}) {
  const TemporaryFolder folder;
  return readPluginConf(folder.write("stripe.properties", text), variables);
}

TEST(PluginConf, HasDefaults) {
  const PluginConf conf = read("");
  EXPECT_TRUE(conf.problems.empty());
  EXPECT_EQ(conf.id, "stripe");
  EXPECT_TRUE(conf.enabled);
  EXPECT_FALSE(conf.required);
  EXPECT_FALSE(conf.isolation);
  EXPECT_EQ(conf.limits.restarts, 5);
  EXPECT_EQ(conf.limits.memory_mb, 0);
  EXPECT_EQ(conf.limits.memory_soft_mb, 0);
  EXPECT_EQ(conf.limits.cpu_percent, 0);
  EXPECT_EQ(conf.limits.cpu_window_ms, 10'000);
  EXPECT_EQ(conf.limits.own_threads, 256);
  EXPECT_EQ(conf.limits.descriptors, 1024);
  EXPECT_EQ(conf.limits.threads, 8);
  EXPECT_EQ(conf.limits.queue, 1024);
  EXPECT_EQ(conf.limits.deadline_ms, 30'000);
  EXPECT_TRUE(conf.library.empty());
}

TEST(PluginConf, ReadsItsKeys) {
  const PluginConf conf = read(
      "enabled = false\nlibrary = /opt/x.so\nisolation = inprocess\nrequired = yes\n"
      "limits.threads = 2\nlimits.queue = 0\nlimits.deadline_ms = 500\nwebhook_secret = x\n");
  EXPECT_TRUE(conf.problems.empty());
  EXPECT_FALSE(conf.enabled);
  EXPECT_EQ(conf.library, "/opt/x.so");
  EXPECT_TRUE(conf.required);
  EXPECT_EQ(conf.limits.threads, 2);
  EXPECT_EQ(conf.limits.queue, 0);
  EXPECT_EQ(conf.limits.deadline_ms, 500);
}

TEST(PluginConf, ReadsTheLimitsOfItsWorker) {
  const PluginConf conf = read(
      "limits.memory_soft_mb = 200\nlimits.memory_mb = 300\nlimits.cpu_percent = 150\n"
      "limits.cpu_window_ms = 5000\nlimits.own_threads = 40\nlimits.descriptors = 80\n");
  EXPECT_TRUE(conf.problems.empty());
  EXPECT_EQ(conf.limits.memory_soft_mb, 200);
  EXPECT_EQ(conf.limits.memory_mb, 300);
  EXPECT_EQ(conf.limits.cpu_percent, 150);
  EXPECT_EQ(conf.limits.cpu_window_ms, 5000);
  EXPECT_EQ(conf.limits.own_threads, 40);
  EXPECT_EQ(conf.limits.descriptors, 80);
}

TEST(PluginConf, TheEnvironmentOverridesIt) {
  EXPECT_FALSE(read("enabled = true\n", Variables{{{"STRIPE_ENABLED", "false"}}}).enabled);
  EXPECT_EQ(read("", Variables{{{"STRIPE_LIMITS_THREADS", "3"}}}).limits.threads, 3);
}

TEST(PluginConf, SaysWhereThePluginRuns) {
  EXPECT_EQ(read("isolation = worker\n").isolation, Isolation::Worker);
  EXPECT_EQ(read("isolation = inprocess\n").isolation, Isolation::InProcess);
  EXPECT_EQ(read("isolation = thread\n").problems.size(), 1U);
}

TEST(PluginConf, AMistypedLimitNamesTheNearest) {
  const PluginConf conf = read("limits.thread = 2\nlimits.queue = -1\n");
  ASSERT_EQ(conf.problems.size(), 2U);
  EXPECT_EQ(conf.problems[0].key, "limits.queue");
  EXPECT_EQ(conf.problems[1].nearest, "limits.threads");
}

TEST(PluginConf, OneBrokenFileLeavesTheOthers) {
  const TemporaryFolder folder;
  folder.write("booking.properties", "enabled = true\n");
  folder.write("broken.properties", "enabled = true\nenabled = false\n");
  folder.write("Not An Id.properties", "");
  folder.write("README.md", "no plugin");
  const auto confs = readPluginConfs(folder.path(), {});
  ASSERT_EQ(confs.size(), 3U);
  EXPECT_EQ(confs[0].id, "Not An Id");
  EXPECT_EQ(confs[0].problems.size(), 1U);
  EXPECT_EQ(confs[1].id, "booking");
  EXPECT_TRUE(confs[1].problems.empty());
  EXPECT_EQ(confs[2].id, "broken");
  EXPECT_EQ(confs[2].problems.size(), 1U);
}

TEST(PluginConf, AnAbsentFolderHasNoPluginsAndAFileIsNoFolder) {
  const TemporaryFolder folder;
  EXPECT_TRUE(readPluginConfs(folder.path() / "absent", {}).empty());
  EXPECT_THROW(readPluginConfs(folder.write("file", ""), {}), ConfigurationProblems);
}

TEST(PluginId, NoneOfTheHostsOwn) {
  const TemporaryFolder folder;
  for (const char* id : {"host", "admin", "monitoring", "bulkhead"}) {
    EXPECT_TRUE(isReservedPluginId(id)) << id;
    const PluginConf conf =
        readPluginConf(folder.write(std::string{id} + ".properties", "enabled = true\n"), {});
    ASSERT_EQ(conf.problems.size(), 1U) << id;
    EXPECT_NE(conf.problems[0].sentence().find("the host does not have for itself"),
              std::string::npos);
  }
  EXPECT_FALSE(isReservedPluginId("hosting"));
}

TEST(PluginId, IsLowerCaseLettersDigitsAndHyphens) {
  EXPECT_TRUE(isPluginId("google-calendar"));
  for (const char* id : {"", "Stripe", "1x", "x-", "a_b", "a/b", "-a"}) {
    EXPECT_FALSE(isPluginId(id)) << id;
  }
}

}  // namespace
}  // namespace bulkhead::host
