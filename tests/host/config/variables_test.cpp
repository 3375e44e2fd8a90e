#include "config/variables.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

TEST(Variables, AnEmptyValueIsNotSet) {
  const Variables variables{{{"A", ""}, {"B", "1"}}, EnvFile::parse("C=\nD=2\n", ".env")};
  EXPECT_FALSE(variables.inEnvironment("A"));
  EXPECT_EQ(variables.inEnvironment("B")->origin.text(), "environment variable B");
  EXPECT_FALSE(variables.inEnvFile("C"));
  EXPECT_EQ(variables.inEnvFile("D")->origin.text(), ".env:2");
}

TEST(Variables, SecretsComeFromFiles) {
  const TemporaryFolder folder;
  const auto file = folder.write("secret", "from a file\n");
  folder.write("session_secret", "from the credentials folder");
  Variables::Problems problems;
  const Variables variables{
      {{"JWT_SECRET_FILE", file.string()}, {"CREDENTIALS_DIRECTORY", folder.path().string()}}};
  EXPECT_EQ(variables.inSecretFiles("JWT_SECRET", problems)->text, "from a file");
  EXPECT_EQ(variables.inSecretFiles("SESSION_SECRET", problems)->text,
            "from the credentials folder");
  EXPECT_FALSE(variables.inSecretFiles("API_KEY", problems));
  EXPECT_TRUE(problems.empty());
}

TEST(Variables, ASecretFileThatIsNamedAndAbsentIsAProblem) {
  Variables::Problems problems;
  const Variables variables{{{"JWT_SECRET_FILE", "/nonexistent/secret"}}};
  EXPECT_FALSE(variables.inSecretFiles("JWT_SECRET", problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].key, "JWT_SECRET");
  EXPECT_EQ(problems[0].file, "/nonexistent/secret");
}

TEST(Variables, TheEnvironmentIsStrongerThanFilesAndFilesThanDotEnv) {
  const TemporaryFolder folder;
  const auto file = folder.write("secret", "file");
  Variables::Problems problems;
  const EnvFile env_file = EnvFile::parse("KEY=dotenv\n", ".env");
  EXPECT_EQ(Variables({{"KEY", "environment"}, {"KEY_FILE", file.string()}}, env_file)
                .find("KEY", problems)
                ->text,
            "environment");
  EXPECT_EQ(Variables({{"KEY_FILE", file.string()}}, env_file).find("KEY", problems)->text, "file");
  EXPECT_EQ(Variables({}, env_file).find("KEY", problems)->text, "dotenv");
}

TEST(Variables, ExpandsNamesAndDefaults) {
  const Variables variables{{{"NAME", "va${lue}"}}};
  Variables::Problems problems;
  std::string missing;
  EXPECT_EQ(variables.expand("a-${NAME}-b", missing, problems), "a-va${lue}-b");
  EXPECT_EQ(variables.expand("${ABSENT:-x:-y}", missing, problems), "x:-y");
  EXPECT_EQ(variables.expand("${ABSENT:-}", missing, problems), "");
  EXPECT_EQ(variables.expand("$${NAME} $5 {}", missing, problems), "${NAME} $5 {}");
  EXPECT_FALSE(variables.expand("${ABSENT}", missing, problems));
  EXPECT_EQ(missing, "the environment variable ABSENT, which is not set");
  EXPECT_FALSE(variables.expand("${NAME", missing, problems));
}

TEST(Variables, NamesInUpperCaseWithUnderscores) {
  EXPECT_EQ(environmentName("server.port"), "SERVER_PORT");
  EXPECT_EQ(environmentName("google-calendar_client_id"), "GOOGLE_CALENDAR_CLIENT_ID");
}

TEST(Variables, AnErasedVariableLeavesNoText) {
  setenv("BULKHEAD_ERASE_TEST", "canary", 1);
  const char* const text = std::getenv("BULKHEAD_ERASE_TEST");
  ASSERT_STREQ(text, "canary");
  eraseVariable("BULKHEAD_ERASE_TEST");
  EXPECT_EQ(std::getenv("BULKHEAD_ERASE_TEST"), nullptr);
  EXPECT_EQ(Variables::ofThisProcess().count("BULKHEAD_ERASE_TEST"), 0U);
  EXPECT_NO_THROW(eraseVariable("BULKHEAD_ERASE_TEST"));
}

}  // namespace
}  // namespace bulkhead::host
