#include "config/plugin_settings.hpp"

#include <gtest/gtest.h>

#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

std::vector<SettingDeclaration> declarations() {
  SettingDeclaration secret{.name = "webhook_secret", .type = SettingType::Secret};
  SettingDeclaration attempts{.name = "max_attempts",
                              .type = SettingType::Integer,
                              .default_text = "3",
                              .min = 1,
                              .max = 10};
  SettingDeclaration base{
      .name = "base_url", .type = SettingType::Url, .default_text = "https://api.stripe.com"};
  SettingDeclaration mode{.name = "mode",
                          .type = SettingType::Enum,
                          .default_text = "test",
                          .values = {"test", "live"}};
  return {secret, attempts, base, mode};
}

ReadSettings read(std::string_view text, const Variables& variables = {}) {
  return readPluginSettings("stripe", declarations(),
                            PropertiesFile::parse(text, "stripe.properties"), variables);
}

std::string reportOf(const ReadSettings& settings) {
  return ConfigurationProblems{settings.problems}.report();
}

TEST(PluginSettings, ReadsFileAndDefaults) {
  const auto settings = read("enabled = true\nlimits.threads = 2\nmax_attempts = 5\n");
  ASSERT_TRUE(settings.problems.empty()) << reportOf(settings);
  EXPECT_EQ(settings.values.at("max_attempts").integer(), 5);
  EXPECT_EQ(settings.origins.at("max_attempts").text(), "stripe.properties:3");
  EXPECT_EQ(settings.values.at("base_url").text(), "https://api.stripe.com");
  EXPECT_EQ(settings.origins.at("base_url").text(), "default");
  EXPECT_EQ(settings.values.count("webhook_secret"), 0U);
}

TEST(PluginSettings, TheEnvironmentOverridesTheFile) {
  const Variables variables{
      {{"STRIPE_WEBHOOK_SECRET", "whsec_environment"}, {"STRIPE_MAX_ATTEMPTS", "9"}}};
  const auto settings = read("webhook_secret = whsec_file\nmax_attempts = 5\n", variables);
  EXPECT_EQ(settings.values.at("webhook_secret").secret().reveal(), "whsec_environment");
  EXPECT_EQ(settings.values.at("max_attempts").integer(), 9);
}

TEST(PluginSettings, ASecretComesFromItsFileToo) {
  const TemporaryFolder folder;
  const Variables variables{
      {{"STRIPE_WEBHOOK_SECRET_FILE", folder.write("secret", "whsec_file\n").string()}}};
  EXPECT_EQ(read("", variables).values.at("webhook_secret").secret().reveal(), "whsec_file");
}

TEST(PluginSettings, ExpandsVariables) {
  const Variables variables{{{"SHARED_HOST", "stripe.internal"}}};
  const auto settings =
      read("base_url = https://${SHARED_HOST}/\nmode = ${STRIPE_KIND:-live}\n", variables);
  EXPECT_EQ(settings.values.at("base_url").text(), "https://stripe.internal/");
  EXPECT_EQ(settings.values.at("mode").text(), "live");
  EXPECT_EQ(reportOf(read("base_url = ${ABSENT}\n")),
            "stripe.properties:1: base_url: expected the environment variable ABSENT, which is not "
            "set.\n");
}

TEST(PluginSettings, AllProblemsAtOnceWithTheNearestName) {
  const auto settings =
      read("max_atempts = 5\nmode = tets\nmax_attempts = 11\nwebhok_secret = x\n");
  EXPECT_EQ(reportOf(settings),
            "stripe.properties:3: max_attempts = \"11\": expected an integer from 1 to 10.\n"
            "stripe.properties:2: mode = \"tets\": expected one of test, live; did you mean "
            "\"test\"?\n"
            "stripe.properties:1: max_atempts: expected a setting of plugin stripe; did you mean "
            "\"max_attempts\"?\n"
            "stripe.properties:4: webhok_secret: expected a setting of plugin stripe; did you mean "
            "\"webhook_secret\"?\n");
}

TEST(PluginSettings, AMistypedReservedKeyNamesTheReservedOne) {
  EXPECT_EQ(read("enabeld = true\n").problems.at(0).nearest, "enabled");
  EXPECT_EQ(read("isolaton = worker\n").problems.at(0).nearest, "isolation");
}

TEST(PluginSettings, S131_NoProblemShowsASecret) {
  auto declared = declarations();
  declared[0].min = 20;
  const auto settings = readPluginSettings(
      "stripe", declared, PropertiesFile::parse("webhook_secret = canary\nunknown = canary\n", "f"),
      {});
  ASSERT_EQ(settings.problems.size(), 2U);
  EXPECT_EQ(reportOf(settings).find("canary"), std::string::npos) << reportOf(settings);
}

TEST(PluginSettings, ARequiredSettingSaysWhereToPutIt) {
  auto declared = declarations();
  declared[0].required = true;
  const auto settings =
      readPluginSettings("stripe", declared, PropertiesFile::parse("webhook_secret =\n", "f"), {});
  ASSERT_EQ(settings.problems.size(), 1U);
  EXPECT_EQ(settings.problems[0].expected,
            "a secret, here or in the environment as STRIPE_WEBHOOK_SECRET");
}

}  // namespace
}  // namespace bulkhead::host
