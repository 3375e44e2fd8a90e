#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
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
      {{{"DATABASE_URL", "postgresql://u:p@local:host:5/db"}}, "DATABASE_URL cannot be read"},
      {{{"DATABASE_URL", "postgresql:///db?host=/run/postgresql"}}, "DATABASE_URL is on a Unix"},
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

// Goal: each value names where it was written, and no secret is shown. Method: one value of each
// layer, of the host and of a plugin.
TEST(ConfigShow, NamesTheFileAndLineOfEachValue) {
  const HostFolder folder;
  folder.install("stripe", "enabled = true\nlimits.threads = 3\n");
  folder.writeConfiguration("# a comment\nserver.service_name = from-file\n");
  const fs::path env_file = folder.path() / ".env";
  std::ofstream{env_file} << "\nSLOW_API_MS=700\n";
  const Environment more{{"STRIPE_WEBHOOK_SECRET", "whsec_" + std::string(32, 'c')}};
  const CommandEnd shown = folder.run(
      {"config", "show", "--config", folder.configuration().string(), "--set", "log.level=debug"},
      more);
  EXPECT_EQ(shown.code, 0) << shown.errors;
  for (const std::string& line :
       {"server.service_name = from-file  (" + folder.configuration().string() + ":2)",
        std::string{"monitoring.slow_api_ms = 700ms  (.env:2)"},
        std::string{"log.level = debug  (command line)"},
        std::string{"health.details = when-authorized  (default)"},
        std::string{"security.api_key = ******  (environment variable API_KEY)"},
        "stripe.limits.threads = 3  (" + folder.settings("stripe").string() + ":2)",
        std::string{"stripe.webhook_secret = ******  (environment variable "
                    "STRIPE_WEBHOOK_SECRET)"}})
    EXPECT_THAT(shown.output, HasSubstr(line));
  EXPECT_THAT(shown.output, testing::Not(HasSubstr("whsec_")));
  EXPECT_THAT(shown.output, testing::Not(HasSubstr(std::string{kApiKey})));

  const json rows =
      json::parse(folder.run({"config", "show", "stripe", "--json"}, more).output, nullptr, false);
  ASSERT_TRUE(rows.is_array());
  for (const json& row : rows) EXPECT_EQ(row.value("plugin", ""), "stripe") << row;
  const CommandEnd unknown = folder.run({"config", "show", "server.prt"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.errors, HasSubstr("did you mean 'server.port'?"));
}

TEST(ConfigDescribe, SaysWhatEachSettingAcceptsAndItsVariables) {
  const HostFolder folder;
  folder.install("stripe");
  std::filesystem::remove(folder.settings("stripe"));
  const std::string port = folder.run({"config", "describe", "PORT"}).output;
  for (const char* part : {"server.port = 5000", "an integer from 0 to 65535",
                           "PORT or SERVER_PORT", "needs a restart", "Port to listen on"})
    EXPECT_THAT(port, HasSubstr(part));
  const std::string level = folder.run({"config", "describe", "log.level"}).output;
  EXPECT_THAT(level, HasSubstr("one of debug, info, warn, error, fatal"));
  EXPECT_THAT(level, HasSubstr("a reload changes it"));
  const json all = json::parse(folder.run({"config", "describe", "--json"}).output, nullptr, false);
  const auto of_stripe = std::count_if(all.begin(), all.end(), [](const json& row) {
    return row.value("plugin", "") == "stripe" && row.value("name", "") == "webhook_secret" &&
           row.at("variables").at(0) == "STRIPE_WEBHOOK_SECRET";
  });
  EXPECT_EQ(of_stripe, 1) << "a plugin is described before anybody has written its file";
  for (const json& row : all) EXPECT_NE(row.value("help", ""), "") << row;
}

// Goal: whoever mends a configuration sees everything at once. Method: mistakes of the file, of the
// environment, of a folder and of two plugins, one of them in a setting of its own manifest.
TEST(HostConfiguration, S118_MistakesOfEveryKindAreNamedTogether) {
  const HostFolder folder;
  folder.writeConfiguration("limits.head_bytez = 1\n");
  folder.install("stripe", "enabled = true\nwebhook_secrets = x\n");
  folder.configure("booking", "limits.threads = many\n");
  const Environment more{{"PORT", "70000"}, {"DATA_DIR", folder.configuration().string() + "/x"}};
  const CommandEnd check =
      folder.run({"config", "check", "--config", folder.configuration().string()}, more);
  EXPECT_EQ(check.code, kExitConfiguration);
  for (const char* part :
       {"limits.head_bytez", "did you mean \"limits.head_bytes\"?", "70000", "cannot be used",
        "limits.threads = \"many\"", "stripe.properties:2: webhook_secrets"})
    EXPECT_THAT(check.errors, HasSubstr(part));
  const CommandEnd serve = folder.run({"serve", "--config", folder.configuration().string()}, more);
  EXPECT_EQ(serve.code, kExitConfiguration);
  for (const char* part : {"limits.head_bytez", "70000", "cannot be used"}) {
    EXPECT_THAT(serve.errors, HasSubstr(part));
    EXPECT_THAT(serve.output, HasSubstr(part)) << "a service manager sees the log alone";
  }
  EXPECT_THAT(serve.output, HasSubstr("\"level\":\"FATAL\""));
}

}  // namespace
}  // namespace bulkhead::integration
