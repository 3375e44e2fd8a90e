// The commands, the health documents, the metrics and the log say the same of a plugin.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fmt/format.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;

/// The samples of one scrape: `name{labels}` to value.
std::map<std::string, double> scraped(const HostProcess& host) {
  std::map<std::string, double> samples;
  std::istringstream text{host.client().get("/metrics").body};
  for (std::string line; std::getline(text, line);) {
    const auto space = line.rfind(' ');
    if (line.empty() || line[0] == '#' || space == line.npos) continue;
    samples[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return samples;
}

class PluginFacts : public testing::Test {
 protected:
  void start(std::string_view isolation) {
    std::filesystem::copy_file(HostFolder::builtHostile("changeling-one"),
                               folder_.plugin("changeling"));
    folder_.configure("changeling", fmt::format("isolation = {}\n", isolation));
    folder_.installHostile(
        "assailant",
        fmt::format("isolation = {}\ntoken = a-canary\nlimits.restarts = 1\n", isolation));
    host_ = std::make_unique<HostProcess>(folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    ASSERT_EQ(host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  }

  HttpAnswer ask(std::string_view path) const {
    return host_->keyed("salon").get(fmt::format("/api/assailant/v1{}", path));
  }
  json listed(const std::string& id) const {
    const CommandEnd end = folder_.run({"plugin", "list", "--json"});
    const json list = json::parse(end.output);
    for (const json& plugin : list["data"]) {
      if (plugin.value("id", "") == id) return plugin;
    }
    return {};
  }
  json healthOf(const std::string& id) const {
    const json health = host_->keyed().get("/health?details=true").json();
    for (const json& plugin : health["plugins"]) {
      if (plugin.value("id", "") == id) return plugin;
    }
    return health;
  }

  /// All of them, of a plugin that nobody asks meanwhile.
  void expectAgreement(const std::string& id) {
    const json list = listed(id);
    const json health = healthOf(id);
    const auto metrics = scraped(*host_);
    const auto metric = [&](std::string_view name, std::string_view more = "") {
      const auto found = metrics.find(fmt::format("{}{{plugin=\"{}\"{}}}", name, id, more));
      return found == metrics.end() ? -1 : found->second;
    };
    const std::string state = list.value("state", "?");
    EXPECT_EQ(health.value("state", ""), state) << health;
    EXPECT_EQ(metric("bulkhead_plugin_state", fmt::format(",state=\"{}\"", state)), 1);
    EXPECT_EQ(health.value("reason", ""), list.value("reason", "?"));
    EXPECT_EQ(health.value("generation", -1), list.value("generation", -2));
    EXPECT_EQ(metric("bulkhead_plugin_generation"), list.value("generation", -2));
    EXPECT_EQ(health.value("restarts", -1), list.value("restarts", -2));
    EXPECT_EQ(metric("bulkhead_plugin_restarts_total"), list.value("restarts", -2));
    EXPECT_EQ(health.value("activeRequests", -1), list.value("active", -2));
    EXPECT_EQ(metric("bulkhead_plugin_active_requests"), list.value("active", -2));
    EXPECT_EQ(health.value("capabilitiesLost", json::array()), list["capabilities_lost"]);
    EXPECT_EQ(health.value("capabilitiesMissed", json::array()), list["capabilities_missed"]);
    for (const auto& capability : list["capabilities_lost"]) {
      EXPECT_EQ(metric("bulkhead_plugin_capability_lost",
                       fmt::format(",capability=\"{}\"", capability.get<std::string>())),
                1);
    }
    for (const auto& [name, member, shown] :
         {std::tuple{"p50", "p50_ms", "p50Ms"}, std::tuple{"p99", "p99_ms", "p99Ms"}}) {
      EXPECT_EQ(health.contains(shown), !list[member].is_null()) << member;
      if (list[member].is_null()) continue;
      EXPECT_EQ(health[shown], list[member]);
      EXPECT_NEAR(metric(fmt::format("bulkhead_plugin_recent_duration_{}_seconds", name)) * 1000,
                  list[member].get<double>(), 0.001);
    }
    const json line = lastChange(id);
    if (line.is_null()) return;
    EXPECT_EQ(line.value("state", ""), state) << line;
    EXPECT_EQ(line.value("reason", ""), list.value("reason", "?"));
    EXPECT_EQ(line.value("generation", -1), list.value("generation", -2));
    EXPECT_EQ(line.value("restarts", -1), list.value("restarts", -2));
  }

  json lastChange(const std::string& id) const {
    json last;
    for (const auto& line : host_->logLines()) {
      if (line.is_object() && line.value("plugin", "") == id && line.contains("pluginVersion") &&
          line.contains("restarts"))
        last = line;
    }
    return last;
  }

  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

TEST_F(PluginFacts, AgreeInAWorkerThroughItsDeathsAndItsEnd) {
  start("worker");
  for (int i = 0; i < 20; ++i) ask("/deeds/none");
  expectAgreement("assailant");
  const json fresh = listed("assailant");
  EXPECT_GT(fresh.value("p50_ms", 0.0), 0.0);
  EXPECT_GE(fresh.value("p99_ms", 0.0), fresh.value("p50_ms", 0.0));
  EXPECT_TRUE(await([&] { return !listed("assailant")["memory_bytes"].is_null(); }));
  EXPECT_GT(listed("assailant").value("memory_bytes", 0), 1 << 20);
  EXPECT_EQ(healthOf("assailant").value("memoryBytes", 0) > 1 << 20, true);
  host_->keyed("salon").post("/api/assailant/v1/deeds/abort", "{}");
  ASSERT_TRUE(await([&] { return listed("assailant").value("restarts", 0) == 1; }));
  expectAgreement("assailant");
  host_->keyed("salon").post("/api/assailant/v1/deeds/abort", "{}");
  ASSERT_TRUE(await([&] { return listed("assailant").value("state", "") == "quarantined"; }));
  ASSERT_TRUE(await([&] { return lastChange("assailant").value("state", "") == "quarantined"; }));
  expectAgreement("assailant");
  EXPECT_TRUE(listed("assailant")["memory_bytes"].is_null()) << "it has no process";
}

TEST_F(PluginFacts, AgreeInTheHostsProcess) {
  start("inprocess");
  for (int i = 0; i < 20; ++i) ask("/deeds/none");
  expectAgreement("assailant");
  expectAgreement("changeling");
  EXPECT_TRUE(listed("assailant")["memory_bytes"].is_null()) << "its memory is the host's";
}

TEST_F(PluginFacts, AgreeWhileACallRuns) {
  start("worker");
  auto slow = std::async(std::launch::async, [&] { return ask("/deeds/wait"); });
  ASSERT_TRUE(await([&] { return listed("assailant").value("active", 0) == 1; }));
  EXPECT_EQ(healthOf("assailant").value("activeRequests", 0), 1);
  EXPECT_EQ(scraped(*host_)["bulkhead_plugin_active_requests{plugin=\"assailant\"}"], 1);
  slow.get();
  EXPECT_TRUE(await([&] { return listed("assailant").value("active", 1) == 0; }));
}

TEST_F(PluginFacts, TellWhichCapabilitiesAreLost) {
  start("worker");
  EXPECT_EQ(listed("changeling")["capabilities_lost"], json::array());
  folder_.configure("changeling", "isolation = worker\nmood = dies\n");
  ASSERT_EQ(host_->keyed().post("/api/admin/plugins/changeling/disable", "").status, 200);
  EXPECT_EQ(listed("changeling")["capabilities_lost"], json::array({"moods/1"}));
  EXPECT_EQ(host_->keyed().post("/api/admin/plugins/changeling/enable", "").status, 422);
  EXPECT_EQ(listed("changeling").value("state", ""), "failed");
  expectAgreement("changeling");
}

}  // namespace
}  // namespace bulkhead::integration
