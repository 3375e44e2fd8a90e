#include <array>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::tidy {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Outcome {
  int exit_code = -1;
  std::string output;  ///< standard output and error together
};

/// Runs the scripts of this tree in a folder of its own.
class Tools : public ::testing::Test {
 protected:
  Tools() : folder_{fs::temp_directory_path() / fmt::format("bulkhead_tools_{}", getpid())} {
    fs::create_directories(folder_ / "results");
  }
  ~Tools() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  Outcome run(const std::string& command) const {
    const auto line = fmt::format("cd '{}' && ( {} ) 2>&1 </dev/null", folder_.string(), command);
    Outcome outcome;
    std::array<char, 4096> block{};
    auto* pipe = popen(line.c_str(), "r");
    while (const auto size = std::fread(block.data(), 1, block.size(), pipe)) {
      outcome.output.append(block.data(), size);
    }
    const int status = pclose(pipe);
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
  }

  void write(const std::string& name, std::string_view text) const {
    std::ofstream{folder_ / name} << text;
  }
  void writeProgram(const std::string& name, std::string_view body) const {
    write(name, fmt::format("#!/bin/sh\n{}\n", body));
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }
  static std::string tool(std::string_view name) {
    return fmt::format("'{}/{}'", BULKHEAD_SOURCE_DIR, name);
  }

 private:
  fs::path folder_;
};

std::string caseText(std::string_view name, std::string_view rest) {
  return fmt::format(R"({{"name":"{}","status":"RUN",{}}})", name, rest);
}

std::string report(const std::vector<std::string>& cases) {
  return fmt::format(R"({{"testsuites":[{{"name":"Suite","testsuite":[{}]}}]}})",
                     fmt::join(cases, ","));
}

const std::string kPassed = R"("result":"COMPLETED")";
const std::string kFailed = R"("result":"COMPLETED","failures":[{"failure":"x","type":""}])";
const std::string kSkipped = R"("result":"SKIPPED")";

class Tally : public Tools {
 protected:
  Outcome tally(const std::string& arguments = "results") const {
    return run(tool("tools/tally") + " --skips skips.txt " + arguments);
  }
  void SetUp() override { write("skips.txt", "# reasons\nSuite.Needs*\tneeds a server\n"); }
};

TEST_F(Tally, CountsCasesInItsLastLine) {
  write("results/a.json",
        report({caseText("A", kPassed), caseText("B", kPassed), caseText("NeedsX", kSkipped)}));
  const auto outcome = tally();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "2 passed, 0 failed, 1 skipped\n");
}

TEST_F(Tally, FailsAndNamesAFailedCase) {
  write("results/a.json", report({caseText("A", kPassed), caseText("B", kFailed)}));
  const auto outcome = tally();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("failed: a: Suite.B\n"));
  EXPECT_THAT(outcome.output, EndsWith("1 passed, 1 failed, 0 skipped\n"));
}

TEST_F(Tally, FailsASkipThatNobodyAllowed) {
  write("results/a.json", report({caseText("A", kSkipped)}));
  const auto outcome = tally();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("skipped without leave: a: Suite.A"));
}

TEST_F(Tally, AWholeProgramIsSkippedByItsName) {
  const auto skipped = [this](const std::string& program) {
    write("results/ctest.xml", R"(<testsuite><testcase name="a" status="run"/><testcase name=")" +
                                   program + R"(" status="notrun"/></testsuite>)");
    return tally();
  };
  write("skips.txt", "*_on_server\tneeds a server\n");
  EXPECT_EQ(skipped("books_on_server").output, "1 passed, 0 failed, 1 skipped\n");
  const auto outcome = skipped("books");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("skipped without leave: books: (program)"));
}

TEST_F(Tally, FailsADisabledCase) {
  write(
      "results/a.json",
      R"({"testsuites":[{"name":"Suite","testsuite":[{"name":"DISABLED_A","status":"NOTRUN","result":"SUPPRESSED"}]}]})");
  EXPECT_EQ(tally().exit_code, 1);
}

TEST_F(Tally, CountsACaseOfSeveralRunsOnceByItsWorst) {
  ASSERT_EQ(run("mkdir sanitized").exit_code, 0);
  write("results/a.json", report({caseText("A", kPassed), caseText("B", kPassed)}));
  write("sanitized/a.json", report({caseText("A", kFailed), caseText("B", kPassed)}));
  EXPECT_THAT(tally("results sanitized").output, EndsWith("1 passed, 1 failed, 0 skipped\n"));
}

TEST_F(Tally, FailsAProgramThatCrashedOrLeftACutReport) {
  write(
      "results/ctest.xml",
      R"(<testsuite><testcase name="crashed" status="fail"/><testcase name="script" status="run"/></testsuite>)");
  write("results/cut.json", R"({"testsuites":[)");
  const auto outcome = tally();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, EndsWith("1 passed, 2 failed, 0 skipped\n"));
}

TEST_F(Tally, FailsWhenALeakFailsAProgramWhoseCasesPassed) {
  write("results/ctest.xml", R"(<testsuite><testcase name="a" status="fail"/></testsuite>)");
  write("results/a.json", report({caseText("A", kPassed)}));
  EXPECT_THAT(tally().output, EndsWith("1 passed, 1 failed, 0 skipped\n"));
}

TEST_F(Tally, FailsWithoutResultsAndForFailedChecks) {
  EXPECT_EQ(tally().exit_code, 1);
  write("results/a.json", report({caseText("A", kPassed)}));
  const auto outcome = tally("--failed-check 'build (asan)' results");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("failed: build (asan)\n"));
}

class BenchRun : public Tools {
 protected:
  Outcome bench(const std::string& arguments) const {
    return run("env BULKHEAD_BENCH_DIR=\"$PWD\" " + tool("bench/run") + " " + arguments);
  }
};

TEST_F(BenchRun, PassesFiguresThatReachTheirBars) {
  writeProgram("bench_front",
               "echo warming up\necho RESULT healthz 0.94 ratio 1.25 lower\n"
               "echo RESULT rps 0.85 ratio 0.80 higher\necho RESULT rss 22 MiB - lower");
  const auto outcome = bench("front");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, ::testing::ContainsRegex("healthz +0.94x +<= 1.25 +reached"));
  EXPECT_THAT(outcome.output, ::testing::ContainsRegex("rss +22 MiB +- +no bar"));
  EXPECT_THAT(outcome.output, ::testing::ContainsRegex("cores +[0-9]+"));
}

TEST_F(BenchRun, FailsBelowTheBar) {
  writeProgram("bench_slow", "echo RESULT healthz 1.26 ratio 1.25 lower");
  writeProgram("bench_weak", "echo RESULT rps 0.7 ratio 0.80 higher");
  EXPECT_EQ(bench("slow").exit_code, 1);
  const auto outcome = bench("weak");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("MISSED"));
}

TEST_F(BenchRun, FailsABenchmarkThatFailsIsSilentOrMalformed) {
  writeProgram("bench_broken", "echo RESULT a 1 ratio 1 higher\nexit 3");
  writeProgram("bench_silent", "echo nothing");
  writeProgram("bench_odd", "echo RESULT a fast ratio 1 higher");
  EXPECT_EQ(bench("broken").exit_code, 1);
  EXPECT_THAT(bench("silent").output, HasSubstr("printed no RESULT"));
  EXPECT_EQ(bench("silent").exit_code, 1);
  EXPECT_EQ(bench("odd").exit_code, 1);
}

TEST_F(BenchRun, PrintsASectionForThePerformancePage) {
  writeProgram("bench_front", "echo noise\necho RESULT healthz 0.94 ratio 1.25 lower");
  const auto outcome = bench("--markdown front");
  EXPECT_THAT(outcome.output, HasSubstr("| healthz | 0.94x | <= 1.25 | reached |"));
  EXPECT_THAT(outcome.output, Not(HasSubstr("noise")));
}

/// A machine on which dpkg knows what `installed` says and root is out of reach.
class Deps : public Tools {
 protected:
  Outcome deps(const std::string& level, const std::string& installed) const {
    writeProgram("dpkg-query", installed);
    writeProgram("id", "echo 1000");
    writeProgram("sudo", "exit 1");
    writeProgram("apt-get", "echo apt-get was called; exit 9");
    return run("env PATH=\"$PWD:$PATH\" " + tool("tools/deps") + " " + level);
  }
};

TEST_F(Deps, AreSilentWhenNothingIsMissing) {
  const auto packages = run("sed -n '/_packages=(/,/^)/p' " + tool("tools/deps") +
                            " | grep -v '^ *#' | tr ' ()=' '\\n' | sed -n "
                            "'s/^\\([a-z0-9.+-]*\\)$/installed \\1/p' > installed");
  ASSERT_EQ(packages.exit_code, 0) << packages.output;
  const auto outcome = deps("bench", "cat installed");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, IsEmpty());
}

TEST_F(Deps, PrintTheOneLineWithoutRootAndStop) {
  const auto outcome = deps("run", "echo 'installed cmake'");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(
      outcome.output,
      HasSubstr("sudo apt-get update && sudo apt-get install -y --no-install-recommends g++ "));
  EXPECT_THAT(outcome.output, Not(HasSubstr(" cmake ")));
  EXPECT_THAT(outcome.output, Not(HasSubstr("libgtest-dev")));
  EXPECT_THAT(outcome.output, Not(HasSubstr("apt-get was called")));
  EXPECT_THAT(deps("test", "true").output, HasSubstr("libgtest-dev"));
}

TEST_F(Deps, RefuseALevelTheyDoNotKnow) {
  EXPECT_EQ(deps("everything", "true").exit_code, 2);
}

TEST_F(Tools, EachScriptExplainsItself) {
  for (const auto* script : {"tools/deps", "tools/build", "tools/run", "tools/test", "tools/tally",
                             "tools/lint", "tools/requirements", "bench/run"}) {
    const auto outcome = run(tool(script) + " --help");
    EXPECT_EQ(outcome.exit_code, 0) << script << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("usage: ")) << script;
  }
}

}  // namespace
}  // namespace bulkhead::tidy
