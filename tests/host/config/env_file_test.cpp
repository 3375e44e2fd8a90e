#include "config/env_file.hpp"

#include <gtest/gtest.h>

#include "config/configuration_problem.hpp"

namespace bulkhead::host {
namespace {

std::string valueOf(std::string_view text) {
  const auto file = EnvFile::parse(text, ".env");
  return file.entries().size() == 1 ? file.entries()[0].value : "not one entry";
}

std::string problemsOf(std::string_view text) {
  try {
    EnvFile::parse(text, ".env");
  } catch (const ConfigurationProblems& problems) {
    return problems.report();
  }
  return "";
}

TEST(EnvFile, S127_ReadsTheUsualForms) {
  EXPECT_EQ(valueOf("PORT=5000"), "5000");
  EXPECT_EQ(valueOf("export PORT=5000\n"), "5000");
  EXPECT_EQ(valueOf("PORT = 5000 # comment\r\n"), "5000");
  EXPECT_EQ(valueOf("# comment\n\nURL=http://h/#fragment\n"), "http://h/#fragment");
  EXPECT_EQ(valueOf("A='single # $X \\n'"), "single # $X \\n");
  EXPECT_EQ(valueOf("A=\"line\\nnext \\\"x\\\" $Y\" # comment"), "line\nnext \"x\" $Y");
  EXPECT_EQ(valueOf("A="), "");
  EXPECT_EQ(valueOf("A=# comment"), "");
  EXPECT_EQ(valueOf("A=with spaces inside  "), "with spaces inside");
  EXPECT_EQ(valueOf("export=1"), "1");
}

TEST(EnvFile, KeepsLinesAcrossQuotedLineEnds) {
  const auto file = EnvFile::parse("KEY=\"one\ntwo\"\nNEXT=3\n", ".env");
  EXPECT_EQ(file.find("KEY")->value, "one\ntwo");
  EXPECT_EQ(file.find("NEXT")->line, 3);
}

TEST(EnvFile, NamesWhatItCannotRead) {
  EXPECT_NE(problemsOf("A=1\nA=2\n").find(".env:2: A: expected one value only, and line 1"),
            std::string::npos);
  EXPECT_NE(problemsOf("A=\"open\n").find("closing quote"), std::string::npos);
  EXPECT_NE(problemsOf("A='x'y\n").find("after the closing quote"), std::string::npos);
  EXPECT_NE(problemsOf("1A=2\n").find("NAME=value"), std::string::npos);
  EXPECT_NE(problemsOf("just words\n").find("NAME=value"), std::string::npos);
}

TEST(EnvFile, NeverShowsAValueInAProblem) {
  EXPECT_EQ(problemsOf("A='hunter2-canary'x\nB-hunter2-canary").find("hunter2-canary"),
            std::string::npos);
}

}  // namespace
}  // namespace bulkhead::host
