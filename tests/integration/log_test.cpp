#include <csignal>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr int kExitUsage = 64;

class Log : public testing::Test {
 protected:
  void SetUp() override {
    folder_.install("booking");
    folder_.installHostile("handler-throws");
    host_ = std::make_unique<HostProcess>(folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    ASSERT_EQ(host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  }
  json lineOf(std::string_view user_agent) const {
    return host_->awaitLogLine(
        [&](const json& line) { return line.value("userAgent", "") == user_agent; });
  }
  json lineOf(std::string_view target, std::string_view user_agent) const {
    host_->keyed("salon").get(target, {{"User-Agent", std::string{user_agent}}});
    return lineOf(user_agent);
  }

  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

TEST_F(Log, Ops56_S45_S47_S49_ARequestIsOneLineWithAllItsFields) {
  const json line = lineOf("/api/booking/v1/services?token=hidden", "agent-1");
  EXPECT_THAT(line.value("timestamp", ""),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z"));
  for (const char* name : {"level", "severity", "message", "service", "version", "environment",
                           "logger", "plugin", "traceId", "spanId", "requestId", "tenant",
                           "clientKey", "apiKeyId", "method", "url", "route", "ip", "userAgent"})
    EXPECT_NE(line.value(name, ""), "") << name << " in " << line;
  for (const char* name : {"thread", "status", "durationMs", "bytesIn", "bytesOut"})
    EXPECT_TRUE(line.contains(name) && line[name].is_number()) << name << " in " << line;
  EXPECT_EQ(line.value("route", ""), "/api/booking/v1/services");
  EXPECT_THAT(line.dump(), Not(HasSubstr("hidden"))) << "query values are left out";
}

// Goal: the severity rule of the page. Method: one request of each kind.
TEST_F(Log, Ops56_LevelsFollowTheStatus) {
  EXPECT_EQ(lineOf("/api/booking/v1/services", "ok").value("level", ""), "INFO");
  EXPECT_EQ(lineOf("/api/booking/v1/nothing", "missing").value("level", ""), "INFO");
  host_->client().get("/api/booking/v1/services", {{"User-Agent", "nobody"}});
  EXPECT_EQ(lineOf("nobody").value("level", ""), "WARN") << "401";
  const json fault = lineOf("/api/handler-throws/v1/fault", "fault");
  EXPECT_EQ(fault.value("level", ""), "ERROR") << fault;
  EXPECT_EQ(fault.value("severityClass", ""), "high");
  for (const char* name : {"name", "message", "code"})
    EXPECT_NE(fault["error"].value(name, ""), "") << name << " in " << fault;
}

TEST_F(Log, Ops56_S45_WhatAClientSendsIsNeverALineOfItsOwn) {
  const std::string agent = "a\\u000a{\"level\":\"FATAL\"} \xc2\x85 \xff";
  host_->client().sendRaw("GET /healthz?x=%0a{} HTTP/1.1\r\nHost: a\r\nUser-Agent: forged" + agent +
                          "\r\nConnection: close\r\n\r\n");
  host_->client().get("/healthz", {{"User-Agent", "after"}});
  lineOf("after");
  for (const json& line : host_->logLines()) EXPECT_TRUE(line.is_object());
  EXPECT_THAT(host_->logText(), Not(HasSubstr("\n{\"level\":\"FATAL\"}")));
}

TEST_F(Log, Ops56_AlongLineIsCutAndSaysSo) {
  const std::string path = "/api/booking/v1/" + std::string(7000, 'a');
  host_->client().get(path, {{"User-Agent", "long" + std::string(12000, 'b')}});
  const json line = host_->awaitLogLine([](const json& one) { return one.contains("truncated"); });
  EXPECT_EQ(line.value("truncated", false), true);
  EXPECT_LE(line.dump().size(), 16U * 1024U);
}

TEST_F(Log, Ops56_TheLevelChangesForATimeAndGoesBack) {
  EXPECT_EQ(folder_.run({"log", "level"}).output, "INFO\n");
  const CommandEnd changed = folder_.run({"log", "level", "error", "--for", "2s"});
  EXPECT_EQ(changed.code, 0) << changed.errors;
  EXPECT_THAT(changed.output, MatchesRegex("ERROR for [12] s, then INFO\n"));
  host_->client().get("/healthz", {{"User-Agent", "while-quiet"}});
  EXPECT_TRUE(await([&] { return folder_.run({"log", "level"}).output == "INFO\n"; }));
  host_->client().get("/healthz", {{"User-Agent", "afterwards"}});
  lineOf("afterwards");
  EXPECT_THAT(host_->logText(), Not(HasSubstr("while-quiet")));
  const json audit =
      host_->awaitLogLine([](const json& line) { return line.value("newLevel", "") == "ERROR"; });
  EXPECT_THAT(audit.value("by", ""), testing::StartsWith("unix:"));
  EXPECT_EQ(folder_.run({"log", "level", "loud"}).code, kExitUsage);
  EXPECT_EQ(folder_.run({"log", "level", "debug", "--for", "ever"}).code, kExitUsage);
  EXPECT_EQ(host_->client().get("/api/admin/log").status, 401);
}

TEST_F(Log, Ops56_C29_EitherSignalReopensTheFile) {
  HostFolder folder;
  const fs::path file = folder.path() / "backend.log";
  HostProcess host{folder, {{"LOG_FILE", file.string()}}};
  ASSERT_TRUE(host.awaitReady());
  for (const int signal : {SIGUSR1, SIGHUP}) {
    fs::rename(file, folder.path() / ("backend.log." + std::to_string(signal)));
    EXPECT_FALSE(fs::exists(file)) << "negative control: it does not come back by itself";
    host.signal(signal);
    EXPECT_TRUE(await([&] { return fs::exists(file); })) << signal;
  }
  EXPECT_EQ(host.stop(), 0);
}

// Goal: a lost log file is seen and comes back. Method: its folder is away at a rotation.
TEST_F(Log, Ops56_ALostFileDegradesHealthUntilItIsBack) {
  HostFolder folder;
  const fs::path place = folder.path() / "logs";
  fs::create_directory(place);
  HostProcess host{folder, {{"LOG_FILE", (place / "backend.log").string()}}};
  ASSERT_TRUE(host.awaitReady());
  fs::remove_all(place);
  host.signal(SIGUSR1);
  const auto logStatus = [&] {
    host.client().get("/healthz");
    const json checks = host.client().get("/health?details=true").json().value("checks", json{});
    for (const auto& check : checks) {
      if (check.is_object() && check.value("name", "") == "log") return check.value("status", "");
    }
    return std::string{};
  };
  EXPECT_TRUE(await([&] { return logStatus() == "degraded"; }, std::chrono::seconds{15}));
  fs::create_directory(place);
  EXPECT_TRUE(await([&] { return fs::exists(place / "backend.log"); }));
  EXPECT_TRUE(await([&] { return logStatus() == "healthy"; }, std::chrono::seconds{25}));
  EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace bulkhead::integration
