#include "config/properties_file.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/Util/PropertyFileConfiguration.h>
#include <gtest/gtest.h>
#include <sstream>

#include "config/configuration_problem.hpp"

namespace bulkhead::host {
namespace {

PropertiesFile parse(std::string_view text) {
  return PropertiesFile::parse(text, "a.properties");
}

std::string problemsOf(std::string_view text) {
  try {
    parse(text);
  } catch (const ConfigurationProblems& problems) {
    return problems.report();
  }
  return "";
}

std::string valueOf(std::string_view text) {
  const auto file = parse(text);
  return file.entries().size() == 1 ? file.entries()[0].value : "not one entry";
}

TEST(PropertiesFile, KeepsTheLineOfEveryKey) {
  const auto file = parse("# comment\n\nserver.port = 80\n! other\n  log.level:warn\r\nempty =\n");
  ASSERT_EQ(file.entries().size(), 3U);
  EXPECT_EQ(file.find("server.port")->value, "80");
  EXPECT_EQ(file.find("server.port")->line, 3);
  EXPECT_EQ(file.find("log.level")->value, "warn");
  EXPECT_EQ(file.find("log.level")->line, 5);
  EXPECT_EQ(file.find("empty")->value, "");
  EXPECT_EQ(file.find("absent"), nullptr);
}

TEST(PropertiesFile, ReadsEscapesAndContinuations) {
  EXPECT_EQ(valueOf("a = x\\ty\\\\z"), "x\ty\\z");
  EXPECT_EQ(valueOf("a = caf\\u00e9 \\uD83D\\uDEA2"), "caf\xC3\xA9 \xF0\x9F\x9A\xA2");
  EXPECT_EQ(valueOf("a = one,\\\n    two"), "one,two");
  EXPECT_EQ(valueOf("a = keeps\\ \\ "), "keeps  ");
  EXPECT_EQ(valueOf("a = drops   "), "drops");
  EXPECT_EQ(valueOf("a = x=y:z#w"), "x=y:z#w");
  EXPECT_EQ(valueOf("a = end\\\\\n"), "end\\");
}

TEST(PropertiesFile, CountsLinesAcrossContinuations) {
  const auto file = parse("a = 1\\\n 2\\\n 3\nb = 4\n");
  EXPECT_EQ(file.find("a")->value, "123");
  EXPECT_EQ(file.find("b")->line, 4);
}

TEST(PropertiesFile, ADuplicateNamesBothLines) {
  EXPECT_EQ(problemsOf("a = 1\nb = 2\na = 3\n"),
            "a.properties:3: a: expected one value only, and line 1 already has one.\n");
}

TEST(PropertiesFile, ReportsAllErrorsAtOnce) {
  const std::string problems =
      problemsOf("nonsense\n= 1\na = \\q\nb = \\u12\nc = \\uD800x\nd = 1\n");
  for (const char* line : {":1:", ":2:", ":3:", ":4:", ":5:"}) {
    EXPECT_NE(problems.find(line), std::string::npos) << line << "\n" << problems;
  }
  EXPECT_EQ(problems.find(":6:"), std::string::npos);
}

// What makes an own reader necessary: Poco's takes a second value in silence and knows no lines.
TEST(PropertiesFile, NegativeControl_PocoAcceptsADuplicate) {
  std::istringstream text{"a = 1\na = 2\nunknown.key = 3\n"};
  const Poco::AutoPtr<Poco::Util::PropertyFileConfiguration> poco{
      new Poco::Util::PropertyFileConfiguration{text}};
  EXPECT_EQ(poco->getString("a"), "2");
  EXPECT_TRUE(poco->has("unknown.key"));
}

}  // namespace
}  // namespace bulkhead::host
