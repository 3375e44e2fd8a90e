#include "config/production_rules.hpp"

#include <gtest/gtest.h>

#include "config/configuration.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

using VariableMap = std::map<std::string, std::string, std::less<>>;

constexpr const char* kJwt = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b";
constexpr const char* kSession = "60303ae22b998861bce3b28f33eec1be758a213c";

VariableMap production() {
  return {{"NODE_ENV", "production"},
          {"DATABASE_URL", "sqlite:/var/lib/bulkhead"},
          {"JWT_SECRET", kJwt},
          {"SESSION_SECRET", kSession},
          {"FRONTEND_URL", "https://app.example"}};
}

struct Outcome {
  std::string report;
  std::vector<std::string> notices;
};

Outcome read(const TemporaryFolder& folder, VariableMap environment) {
  ConfigurationSources sources;
  sources.config_file = folder.path() / "bulkhead.properties";
  sources.env_file = folder.path() / ".env";
  sources.environment = std::move(environment);
  try {
    return {"", Configuration{sources}.notices()};
  } catch (const ConfigurationProblems& problems) {
    return {problems.report(), {}};
  }
}

Outcome read(VariableMap environment) {
  return read(TemporaryFolder{}, std::move(environment));
}

Outcome readWith(const char* name, const char* value) {
  VariableMap environment = production();
  environment[name] = value;
  return read(std::move(environment));
}

TEST(ProductionRules, S117_TheRequiredSetIsEnough) {
  const Outcome outcome = read(production());
  EXPECT_EQ(outcome.report, "");
  EXPECT_TRUE(outcome.notices.empty());
}

TEST(ProductionRules, S118_EveryMissingVariableIsNamedAtOnce) {
  const Outcome outcome = read({{"NODE_ENV", "production"}});
  for (const char* name :
       {"DATABASE_URL: ", "JWT_SECRET: ", "SESSION_SECRET: ", "FRONTEND_URL: "}) {
    EXPECT_NE(outcome.report.find(name), std::string::npos) << outcome.report;
  }
  EXPECT_NE(outcome.report.find("missing; NODE_ENV=production requires it"), std::string::npos);
}

TEST(ProductionRules, C11_DevelopmentRequiresNothing) {
  EXPECT_EQ(read({{"NODE_ENV", "development"}}).report, "");
  EXPECT_EQ(read({}).report, "");
}

TEST(ProductionRules, AnEmptyRequiredVariableIsMissing) {
  EXPECT_NE(readWith("JWT_SECRET", "").report.find("JWT_SECRET: "), std::string::npos);
}

TEST(ProductionRules, S117_SecretsHaveAtLeast32Characters) {
  EXPECT_EQ(readWith("JWT_SECRET", "0123456789abcdef0123456789abcdef").report, "");
  const Outcome outcome = readWith("JWT_SECRET", "0123456789abcdef0123456789abcde");
  EXPECT_EQ(outcome.report,
            "JWT_SECRET = \"******\": expected a secret of at least 32 characters.\n");
}

TEST(ProductionRules, TheTwoSecretsDiffer) {
  EXPECT_NE(readWith("SESSION_SECRET", kJwt).report.find("another value than JWT_SECRET"),
            std::string::npos);
}

TEST(ProductionRules, PlaceholdersAreRefused) {
  for (const char* text :
       {"your-secret-at-least-32-characters-long", "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}) {
    EXPECT_NE(readWith("SESSION_SECRET", text).report.find("placeholder"), std::string::npos);
  }
}

TEST(ProductionRules, AShortApiKeyNeedsConsent) {
  EXPECT_NE(readWith("API_KEY", "short").report.find("API_KEY_ALLOW_SHORT=1"), std::string::npos);
  VariableMap consent = production();
  consent["API_KEY"] = "short";
  consent["API_KEY_ALLOW_SHORT"] = "1";
  const Outcome allowed = read(consent);
  EXPECT_EQ(allowed.report, "");
  EXPECT_EQ(allowed.notices.size(), 1U);
  const Outcome development = read({{"API_KEY", "short"}});
  EXPECT_EQ(development.report, "");
  ASSERT_EQ(development.notices.size(), 1U);
  EXPECT_NE(development.notices[0].find("Production refuses this."), std::string::npos);
}

TEST(ProductionRules, S124_AFrontendWithoutTlsIsNoticed) {
  const Outcome outcome = readWith("FRONTEND_URL", "http://app.example");
  EXPECT_EQ(outcome.report, "");
  ASSERT_EQ(outcome.notices.size(), 1U);
  EXPECT_NE(outcome.notices[0].find("https://"), std::string::npos);
}

TEST(ProductionRules, ADotEnvThatOthersCanReadIsRefused) {
  const TemporaryFolder folder;
  const auto file = folder.write(".env", "REDIS_PASSWORD=x\n");
  EXPECT_EQ(read(folder, production()).report, "");
  std::filesystem::permissions(file, std::filesystem::perms{0644});
  EXPECT_NE(read(folder, production()).report.find("chmod 600"), std::string::npos);
  const Outcome development = read(folder, {});
  EXPECT_EQ(development.report, "");
  EXPECT_EQ(development.notices.size(), 1U);
}

TEST(Rules, TwoListenersNeedTwoPorts) {
  EXPECT_NE(readWith("MANAGEMENT_PORT", "5000").report.find("MANAGEMENT_PORT = \"5000\""),
            std::string::npos);
  EXPECT_EQ(readWith("MANAGEMENT_PORT", "5001").report, "");
  VariableMap apart = production();
  apart["MANAGEMENT_PORT"] = "5000";
  apart["BIND_ADDRESS"] = "192.0.2.1";
  EXPECT_EQ(read(apart).report, "") << "each has its own address";
}

TEST(Rules, TrustInEverybodyIsNoticed) {
  for (const char* name : {"TRUSTED_PROXIES", "MONITORING_ALLOW_CIDRS"}) {
    for (const char* network : {"0.0.0.0/0", "10.0.0.0/8, ::/0"}) {
      const Outcome outcome = readWith(name, network);
      ASSERT_EQ(outcome.notices.size(), 1U) << name << network;
      EXPECT_NE(outcome.notices[0].find("holds every address"), std::string::npos);
    }
    EXPECT_TRUE(readWith(name, "10.0.0.0/8").notices.empty());
  }
}

TEST(RetentionRules, KeysOutlastWhatMayComeAgain) {
  const auto report = [](VariableMap environment) { return read(std::move(environment)).report; };
  EXPECT_EQ(report({{"EVENTS_KEEP", "30d"}, {"MESSAGES_KEEP_KEYS", "31d"}}), "");
  const std::string refused = report(
      {{"EVENTS_KEEP", "36h"}, {"MESSAGES_KEEP_KEYS", "36h"}, {"MESSAGES_KEEP_BODIES", "1h"}});
  EXPECT_EQ(refused,
            "messages.keep_keys = \"36h\": expected at least a day more than events.keep, which is "
            "36h: an event that comes again is known by its key.\n");
  EXPECT_NE(
      report({{"EVENTS_KEEP", "0s"}, {"MESSAGES_KEEP_KEYS", "0s"}, {"MESSAGES_KEEP_BODIES", "0s"}})
          .find("events.keep, which is 0d"),
      std::string::npos);
  const std::string bodies =
      report({{"MESSAGES_KEEP_BODIES", "91d"}, {"MESSAGES_KEEP_KEYS", "90d"}});
  EXPECT_NE(bodies.find("messages.keep_keys"), std::string::npos);
  EXPECT_NE(bodies.find("messages.keep_bodies, which is 91d"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::host
