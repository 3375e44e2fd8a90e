#include "config/configuration.hpp"

#include <gtest/gtest.h>
#include <set>

#include "config/host_declarations.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

using VariableMap = std::map<std::string, std::string, std::less<>>;

/// Sources that read nothing of this machine.
ConfigurationSources sourcesOf(const TemporaryFolder& folder, VariableMap environment = {}) {
  ConfigurationSources sources;
  sources.config_file = folder.path() / "bulkhead.properties";
  sources.env_file = folder.path() / ".env";
  sources.environment = std::move(environment);
  return sources;
}

std::string reportOf(const ConfigurationSources& sources) {
  try {
    const Configuration configuration{sources};
  } catch (const ConfigurationProblems& problems) {
    return problems.report();
  }
  return "";
}

SettingDescription describe(const Configuration& configuration, std::string_view name) {
  for (const auto& row : configuration.describe()) {
    if (row.name == name) return row;
  }
  return {};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Configuration, DefaultsAreThoseOfTheDocuments) {
  const TemporaryFolder folder;
  const Configuration configuration{sourcesOf(folder)};
  const HostSettings& settings = configuration.settings();
  EXPECT_EQ(settings.server.environment, Environment::Development);
  EXPECT_EQ(settings.server.port, 5000);
  EXPECT_EQ(settings.server.bind_addresses, std::vector<std::string>{"0.0.0.0"});
  EXPECT_EQ(settings.server.service_name, "accubooks");
  EXPECT_EQ(settings.server.drain_timeout_ms, 20'000);
  EXPECT_EQ(settings.database.url.reveal(), "sqlite:var");
  EXPECT_EQ(settings.redis.host, "localhost");
  EXPECT_EQ(settings.redis.port, 6379);
  EXPECT_EQ(settings.monitoring.slow_request_ms, 1500);
  EXPECT_EQ(settings.monitoring.slow_api_ms, 2000);
  EXPECT_EQ(settings.monitoring.slow_query_ms, 1000);
  EXPECT_EQ(settings.monitoring.allow_cidrs, (std::vector<std::string>{"127.0.0.0/8", "::1/128"}));
  EXPECT_EQ(settings.security.x_xss_protection, "1; mode=block");
  EXPECT_TRUE(configuration.notices().empty());
}

TEST(Configuration, S63_LogLevelDefaultsToInfoAndWarnIsAccepted) {
  const TemporaryFolder folder;
  EXPECT_EQ(Configuration{sourcesOf(folder)}.settings().logging.level, "info");
  EXPECT_EQ(Configuration(sourcesOf(folder, {{"LOG_LEVEL", "warn"}})).settings().logging.level,
            "warn");
}

TEST(Configuration, S82_RedisIsWantedWhereSomebodySaysWhereItIs) {
  const TemporaryFolder folder;
  EXPECT_FALSE(Configuration{sourcesOf(folder)}.settings().redis.wanted);
  EXPECT_FALSE(Configuration(sourcesOf(folder, {{"REDIS_PORT", "7000"}})).settings().redis.wanted);
  EXPECT_TRUE(
      Configuration(sourcesOf(folder, {{"REDIS_HOST", "localhost"}})).settings().redis.wanted);
  EXPECT_TRUE(Configuration(sourcesOf(folder, {{"REDIS_UNIX_SOCKET", "/run/redis.sock"}}))
                  .settings()
                  .redis.wanted);
}

TEST(Configuration, S119_RedisAndSlowRequestVariables) {
  const TemporaryFolder folder;
  const Configuration configuration{sourcesOf(folder, {{"REDIS_HOST", "cache"},
                                                       {"REDIS_PORT", "7000"},
                                                       {"REDIS_PASSWORD", "pw"},
                                                       {"SLOW_REQUEST_MS", "900"}})};
  EXPECT_EQ(configuration.settings().redis.host, "cache");
  EXPECT_EQ(configuration.settings().redis.port, 7000);
  EXPECT_EQ(configuration.settings().redis.password.reveal(), "pw");
  EXPECT_EQ(configuration.settings().monitoring.slow_request_ms, 900);
}

TEST(Configuration, S65_BothDatabasesAreAccepted) {
  const TemporaryFolder folder;
  for (const char* url : {"sqlite:/var/lib/x", "postgresql://u:p@h:5432/d", "postgres://h/d"}) {
    const Configuration configuration{sourcesOf(folder, {{"DATABASE_URL", url}})};
    EXPECT_EQ(configuration.settings().database.url.reveal(), url);
  }
  for (const char* url : {"mysql://h/d", "sqlite:", "x"}) {
    EXPECT_TRUE(contains(reportOf(sourcesOf(folder, {{"DATABASE_URL", url}})), "sqlite:DIR"));
  }
}

TEST(Configuration, S127_LayersHaveTheirOrder) {
  const TemporaryFolder folder;
  auto sources = sourcesOf(folder);
  const auto level = [&] { return Configuration{sources}.settings().logging.level; };
  EXPECT_EQ(level(), "info");
  folder.write("bulkhead.properties", "log.level = warn\n");
  EXPECT_EQ(level(), "warn");
  folder.write(".env", "LOG_LEVEL=error\n");
  EXPECT_EQ(level(), "error");
  sources.environment["LOG_LEVEL"] = "fatal";
  EXPECT_EQ(level(), "fatal");
  sources.command_line = {{"log.level", "debug"}};
  EXPECT_EQ(level(), "debug");
}

TEST(Configuration, ASecretFileStandsBetweenEnvironmentAndDotEnv) {
  const TemporaryFolder folder;
  const std::string file = folder.write("jwt", "from file\n").string();
  folder.write(".env", "JWT_SECRET=from dotenv\n");
  auto sources = sourcesOf(folder, {{"JWT_SECRET_FILE", file}});
  const Configuration by_file{sources};
  EXPECT_EQ(by_file.settings().security.jwt_secret.reveal(), "from file");
  EXPECT_EQ(describe(by_file, "security.jwt_secret").origin, file);
  sources.environment["JWT_SECRET"] = "from environment";
  EXPECT_EQ(Configuration{sources}.settings().security.jwt_secret.reveal(), "from environment");
  sources.environment.clear();
  EXPECT_EQ(Configuration{sources}.settings().security.jwt_secret.reveal(), "from dotenv");
}

TEST(Configuration, EverySettingHasItsOwnNameAsVariable) {
  std::set<std::string> variables;
  for (const HostSetting& setting : hostDeclarations()) {
    for (const std::string& name : setting.allVariables()) {
      EXPECT_TRUE(variables.insert(name).second) << name << " belongs to two settings";
    }
  }
  const TemporaryFolder folder;
  EXPECT_EQ(Configuration(sourcesOf(folder, {{"SERVER_PORT", "81"}})).settings().server.port, 81);
}

TEST(Configuration, AllErrorsAtOnceEachWithItsPlace) {
  const TemporaryFolder folder;
  const auto file = folder.write("bulkhead.properties",
                                 "sevrer.port = 80\nlimits.head_bytes = many\nPORT = 5000\n"
                                 "security.trusted_proxies = 10.0.0.0/33\n");
  auto sources = sourcesOf(folder, {{"PORT", "70000"}, {"LOG_LEVEL", "wran"}});
  sources.command_line = {{"server.prot", "1"}};
  const std::string name = file.string();
  EXPECT_EQ(
      reportOf(sources),
      "environment variable PORT: server.port = \"70000\": expected an integer from 0 to "
      "65535.\n" +
          name + ":2: limits.head_bytes = \"many\": expected an integer from 1024 to 1048576.\n" +
          "environment variable LOG_LEVEL: log.level = \"wran\": expected one of debug, info, "
          "warn, error, fatal; did you mean \"warn\"?\n" +
          name +
          ":4: security.trusted_proxies = \"10.0.0.0/33\": expected networks such as "
          "\"10.0.0.0/8, ::1/128\".\n" +
          name +
          ":1: sevrer.port: expected the name of a known setting; did you mean "
          "\"server.port\"?\n" +
          name +
          ":3: PORT: expected the name of a known setting; did you mean "
          "\"server.port\"?\n" +
          "command line: server.prot: expected the name of a known setting; did you mean "
          "\"server.port\"?\n");
}

TEST(Configuration, AConfigFileMustExistWhenItWasNamed) {
  const TemporaryFolder folder;
  auto sources = sourcesOf(folder);
  EXPECT_EQ(reportOf(sources), "");
  sources.config_file_required = true;
  EXPECT_TRUE(contains(reportOf(sources), "No such file"));
}

TEST(Configuration, C11_HostnameCountsOnlyWhenItIsAnAddress) {
  const TemporaryFolder folder;
  const auto bound = [&](VariableMap environment) {
    return Configuration{sourcesOf(folder, std::move(environment))}
        .settings()
        .server.bind_addresses.at(0);
  };
  EXPECT_EQ(bound({{"HOSTNAME", "127.0.0.1"}}), "127.0.0.1");
  EXPECT_EQ(bound({{"HOSTNAME", "::1"}}), "::1");
  EXPECT_EQ(bound({{"HOSTNAME", "localhost"}}), "localhost");
  EXPECT_EQ(bound({{"HOSTNAME", "web-7f9c"}}), "0.0.0.0");
  EXPECT_EQ(bound({{"HOSTNAME", "127.0.0.1"}, {"BIND_ADDRESS", "10.0.0.1"}}), "10.0.0.1");
  const Configuration noticed{sourcesOf(folder, {{"HOSTNAME", "web-7f9c"}})};
  ASSERT_EQ(noticed.notices().size(), 1U);
  EXPECT_TRUE(contains(noticed.notices()[0], "HOSTNAME=web-7f9c is no IP address"));
  folder.write(".env", "BIND_ADDRESS=10.0.0.2\n");
  EXPECT_EQ(bound({{"HOSTNAME", "127.0.0.1"}}), "10.0.0.2");
}

TEST(Configuration, C6_PortWinsOverTheCompatiblePort) {
  const TemporaryFolder folder;
  const auto compatible = [&](VariableMap environment) {
    return Configuration{sourcesOf(folder, std::move(environment))}
        .settings()
        .server.compat_listen_3000;
  };
  EXPECT_TRUE(compatible({{"COMPAT_LISTEN_3000", "1"}}));
  EXPECT_FALSE(compatible({{"COMPAT_LISTEN_3000", "1"}, {"PORT", "5000"}}));
  EXPECT_FALSE(compatible({}));
}

TEST(Configuration, C12_S62_AppEnvWinsAndTheConflictIsNoticed) {
  const TemporaryFolder folder;
  const Configuration configuration{
      sourcesOf(folder, {{"NODE_ENV", "test"}, {"APP_ENV", "development"}})};
  EXPECT_EQ(configuration.settings().server.environment, Environment::Development);
  ASSERT_EQ(configuration.notices().size(), 1U);
  EXPECT_EQ(configuration.notices()[0], "APP_ENV and NODE_ENV differ; APP_ENV counts.");
  EXPECT_TRUE(contains(reportOf(sourcesOf(folder, {{"NODE_ENV", "staging"}})),
                       "environment variable NODE_ENV"));
}

TEST(Configuration, AKubernetesServiceLinkIsNoPort) {
  const TemporaryFolder folder;
  const Configuration configuration{sourcesOf(folder, {{"REDIS_PORT", "tcp://10.96.0.9:6379"}})};
  EXPECT_EQ(configuration.settings().redis.port, 6379);
  ASSERT_EQ(configuration.notices().size(), 1U);
}

TEST(Configuration, ShutdownDelayFollowsTheSurroundings) {
  const TemporaryFolder folder;
  const auto delay = [&](VariableMap environment) {
    return Configuration{sourcesOf(folder, std::move(environment))}
        .settings()
        .server.shutdown_delay_ms;
  };
  EXPECT_EQ(delay({}), 0);
  EXPECT_EQ(delay({{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}}), 5000);
  EXPECT_EQ(delay({{"SHUTDOWN_DELAY", "7"}}), 7000);
  EXPECT_EQ(delay({{"SHUTDOWN_DELAY", "250ms"}}), 250);
}

TEST(Configuration, ExpandsVariablesInTheConfigFileOnly) {
  const TemporaryFolder folder;
  folder.write("bulkhead.properties", "data.dir = ${BASE}/data\n");
  folder.write(".env", "BASE=/srv\nREDIS_PASSWORD=a${BASE}b\n");
  const Configuration configuration{sourcesOf(folder)};
  EXPECT_EQ(configuration.settings().paths.data_dir, "/srv/data");
  EXPECT_EQ(configuration.settings().redis.password.reveal(), "a${BASE}b");
}

TEST(Configuration, ANearMissInDotEnvIsNoticed) {
  const TemporaryFolder folder;
  folder.write(".env", "JWT_SECERT=x\nVITE_TITLE=unrelated\nSTRIPE_API_KEY=y\n");
  const Configuration configuration{sourcesOf(folder)};
  ASSERT_EQ(configuration.notices().size(), 1U);
  EXPECT_TRUE(contains(configuration.notices()[0],
                       "JWT_SECERT is no variable of the host; did you "
                       "mean JWT_SECRET?"));
}

TEST(Configuration, S131_NeitherDescriptionNorLayersHoldASecret) {
  const TemporaryFolder folder;
  const Configuration configuration{
      sourcesOf(folder, {{"JWT_SECRET", "canary-canary-canary-canary-canary"},
                         {"REDIS_PASSWORD", "canary"},
                         {"DATABASE_URL", "postgresql://user:canary@host/db"}})};
  for (const auto& row : configuration.describe()) EXPECT_FALSE(contains(row.value, "canary"));
  EXPECT_EQ(describe(configuration, "database.url").value, "postgresql://******@host/db");
  EXPECT_EQ(describe(configuration, "security.jwt_secret").value, "******");
  for (const char* name : {"security.jwt_secret", "redis.password", "database.url"}) {
    EXPECT_EQ(configuration.layers()->getRawString(name), "******");
  }
  // Negative control: the values did arrive.
  EXPECT_TRUE(contains(std::string{configuration.settings().database.url.reveal()}, "canary"));
}

TEST(Configuration, PocoSeesTheLayersByLabel) {
  const TemporaryFolder folder;
  folder.write("bulkhead.properties", "server.port = 81\n");
  const Configuration configuration{sourcesOf(folder, {{"PORT", "82"}})};
  EXPECT_EQ(configuration.layers()->getInt("server.port"), 82);
  EXPECT_EQ(configuration.layers()->find("environment")->getInt("server.port"), 82);
  EXPECT_EQ(configuration.layers()->find("config file")->getInt("server.port"), 81);
  EXPECT_EQ(configuration.layers()->find("default")->getInt("server.port"), 5000);
}

TEST(Configuration, DescribesEverySettingWithItsOrigin) {
  const TemporaryFolder folder;
  const auto file = folder.write("bulkhead.properties", "\nserver.port = 81\n");
  const Configuration configuration{sourcesOf(folder, {{"LOG_LEVEL", "debug"}})};
  ASSERT_EQ(configuration.describe().size(), hostDeclarations().size());
  EXPECT_EQ(describe(configuration, "server.port").origin, file.string() + ":2");
  EXPECT_EQ(describe(configuration, "log.level").origin, "environment variable LOG_LEVEL");
  EXPECT_EQ(describe(configuration, "limits.idle_timeout").value, "1m");
  EXPECT_TRUE(describe(configuration, "limits.idle_timeout").is_default);
  EXPECT_FALSE(describe(configuration, "log.level").is_default);
}

TEST(Configuration, EveryDefaultPassesItsOwnDeclaration) {
  for (const HostSetting& setting : hostDeclarations()) {
    EXPECT_FALSE(setting.declaration.help.empty()) << setting.declaration.name;
    if (!setting.declaration.default_text) continue;
    const auto value = parseValue(setting.declaration, *setting.declaration.default_text);
    ASSERT_TRUE(value) << setting.declaration.name;
    if (setting.check == nullptr) continue;
    EXPECT_EQ(setting.check(*value), "") << setting.declaration.name;
  }
}

// Goal: a reload takes what may change in a running host, and tells the rest apart. Method: one
// setting of each kind, a secret among them, and one that stays.
TEST(Configuration, Ops518_AReloadTakesLiveSettingsAndNamesTheOthers) {
  const TemporaryFolder folder;
  auto sources = sourcesOf(folder, {{"JWT_SECRET", std::string(32, 'a')}});
  const Configuration running{sources};
  sources.environment = {{"JWT_SECRET", std::string(32, 'b')},
                         {"LOG_LEVEL", "debug"},
                         {"PORT", "5001"},
                         {"SLOW_API_MS", "2s"}};
  const Configuration fresh{sources};
  const auto changes = running.changesTo(fresh);
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].name, "server.port");
  EXPECT_EQ(changes[0].before, "5000");
  EXPECT_EQ(changes[0].after, "5001");
  EXPECT_FALSE(changes[0].live);
  EXPECT_EQ(changes[1].name, "log.level");
  EXPECT_TRUE(changes[1].live);
  EXPECT_EQ(changes[1].origin, "environment variable LOG_LEVEL");
  EXPECT_EQ(changes[2].name, "security.jwt_secret");
  EXPECT_EQ(changes[2].after, "******");
  const Configuration merged = running.withLiveOf(fresh);
  EXPECT_EQ(merged.settings().logging.level, "debug");
  EXPECT_EQ(merged.settings().server.port, 5000);
  EXPECT_EQ(describe(merged, "log.level").value, "debug");
  EXPECT_EQ(merged.changesTo(fresh).size(), 2U) << "what waits for a restart goes on waiting";
  EXPECT_TRUE(fresh.changesTo(fresh).empty());
}

TEST(Configuration, ReadGivesWhatIsSoundBesideTheProblems) {
  const TemporaryFolder folder;
  const auto reading =
      Configuration::read(sourcesOf(folder, {{"PORT", "many"}, {"SERVICE_NAME", "desk"}}));
  ASSERT_EQ(reading.problems.size(), 1U);
  EXPECT_EQ(reading.problems[0].value, "many");
  EXPECT_EQ(reading.configuration.settings().server.service_name, "desk");
}

}  // namespace
}  // namespace bulkhead::host
