#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr int kExitTemporary = 75;
constexpr int kExitConfiguration = 78;

TEST(HostConfiguration, S118_AllMistakesAreNamedAtOnceWithExit78) {
  const HostFolder folder;
  folder.writeConfiguration(
      "server.prot = 8080\n"
      "limits.body_bytes = many\n"
      "log.level = verbose\n");
  HostProcess host{folder, {{"PORT", "70000"}}};
  EXPECT_EQ(host.awaitEnd(seconds{9}), kExitConfiguration);
  const std::string said = host.errorText() + host.logText();
  EXPECT_THAT(said, HasSubstr("bulkhead.properties:1: server.prot"));
  EXPECT_THAT(said, HasSubstr("did you mean \"server.port\"?"));
  EXPECT_THAT(said, HasSubstr("bulkhead.properties:2: limits.body_bytes = \"many\": expected"));
  EXPECT_THAT(said, HasSubstr("bulkhead.properties:3: log.level = \"verbose\""));
  EXPECT_THAT(said, HasSubstr("70000"));
  const CommandEnd check = folder.run(
      {"config", "check", "--config", folder.configuration().string()}, {{"PORT", "70000"}});
  EXPECT_EQ(check.code, kExitConfiguration);
  EXPECT_THAT(check.errors, HasSubstr("server.prot"));
}

TEST(HostConfiguration, S117_S118_ProductionSaysEverythingThatIsMissing) {
  const HostFolder folder;
  HostProcess host{folder, {{"NODE_ENV", "production"}}};
  EXPECT_EQ(host.awaitEnd(seconds{9}), kExitConfiguration);
  for (const char* name : {"JWT_SECRET", "SESSION_SECRET", "FRONTEND_URL", "DATABASE_URL"})
    EXPECT_THAT(host.errorText() + host.logText(), HasSubstr(name));
}

TEST(HostConfiguration, S118_ASoundOneStarts) {
  const HostFolder folder;
  folder.writeConfiguration("limits.body_bytes = 2048\nlog.level = debug\n");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.errorText();
  EXPECT_EQ(host.stop(), 0);
  const CommandEnd check =
      folder.run({"config", "check", "--config", folder.configuration().string()});
  EXPECT_EQ(check.code, 0) << check.errors;
}

TEST(HostConfiguration, S123_APortInUseIsSaidWithExit75) {
  const HostFolder folder;
  const TakenPort taken;
  HostProcess host{folder, {{"PORT", std::to_string(taken.number())}}};
  EXPECT_EQ(host.awaitEnd(seconds{9}), kExitTemporary);
  EXPECT_THAT(host.logText(), HasSubstr(std::to_string(taken.number())));
  EXPECT_THAT(host.logText(), HasSubstr("PORT_IN_USE"));
}

TEST(HostConfiguration, ASecondHostOnTheSameDataDoesNotStart) {
  const HostFolder folder;
  HostProcess first{folder};
  ASSERT_TRUE(first.awaitReady());
  const CommandEnd second = folder.run({"serve"});
  EXPECT_NE(second.code, 0);
  EXPECT_NE(second.code, -1) << "it must not wait for ever";
  EXPECT_EQ(first.client().get("/health/readiness").status, 200);
  EXPECT_EQ(folder.run({"tenant", "list"}).code, 0) << "the first one's socket is still its own";
  EXPECT_EQ(first.stop(), 0);
}

TEST(HostConfiguration, S127_AnEnvFileIsReadBelowTheEnvironment) {
  const HostFolder folder;
  std::ofstream{folder.path() / ".env"} << "VERSION=3.2.1\nSERVICE_NAME=from-file\n";
  HostProcess host{folder, {{"SERVICE_NAME", "from-environment"}}};
  ASSERT_TRUE(host.awaitReady());
  const auto health = host.client().get("/api/monitoring/health").json();
  EXPECT_EQ(health.value("version", ""), "3.2.1");
  EXPECT_EQ(health.value("service", ""), "from-environment");
  EXPECT_EQ(host.stop(), 0);
}

// Goal: `config check` and `serve` agree. Method: each configuration is given to both.
TEST(HostConfiguration, CheckSaysWhatServeWouldSay) {
  const HostFolder folder;
  const std::string file = folder.configuration().string();
  folder.writeConfiguration("");
  const std::vector<std::pair<Environment, std::string>> refused{
      {{{"PLUGIN_CONF_DIR", "/nowhere/plugins.d"}}, "There is no folder /nowhere/plugins.d"},
      {{{"DATA_DIR", file + "/data"}}, "DATA_DIR " + file + "/data cannot be used"},
      {{{"DATABASE_URL", "postgresql://u:p@localhost/db"}}, "keeps its data in SQLite"},
      {{{"PORT", "5055"}, {"MANAGEMENT_PORT", "5055"}}, "MANAGEMENT_PORT = \"5055\""}};
  for (const auto& [environment, sentence] : refused) {
    const CommandEnd check = folder.run({"config", "check"}, environment);
    EXPECT_EQ(check.code, kExitConfiguration) << sentence;
    EXPECT_THAT(check.errors, HasSubstr(sentence));
    const CommandEnd serve = folder.run({"serve"}, environment);
    EXPECT_EQ(serve.code, kExitConfiguration) << sentence;
    EXPECT_THAT(serve.errors, HasSubstr(sentence));
  }
}

TEST(HostConfiguration, CheckNoticesWhatDoesNotKeepTheHostFromStarting) {
  const HostFolder folder;
  const std::vector<std::pair<Environment, std::string>> noticed{
      {{{"PLUGIN_DIR", "/nowhere/plugins"}}, "There is no folder /nowhere/plugins"},
      {{{"TRUSTED_PROXIES", "0.0.0.0/0"}}, "TRUSTED_PROXIES holds every address"},
      {{{"LOG_FILE", "/nowhere/host.log"}}, "LOG_FILE /nowhere/host.log cannot be written"}};
  for (const auto& [environment, sentence] : noticed) {
    const CommandEnd check = folder.run({"config", "check"}, environment);
    EXPECT_EQ(check.code, 0) << sentence;
    EXPECT_THAT(check.output, HasSubstr("notice: " + sentence));
  }
  EXPECT_THAT(folder.run({"config", "check"}).output, testing::Not(HasSubstr("notice")));
}

}  // namespace
}  // namespace bulkhead::integration
