#include "host/monitoring/exposition_checker.hpp"

#include <gtest/gtest.h>

#include "host/monitoring/promtool.hpp"

namespace bulkhead::host::monitoring {
namespace {

struct Row {
  std::string_view fault;
  std::string_view text;
};

constexpr std::string_view kHead = "# HELP x_total X.\n# TYPE x_total counter\n";

// What promtool lets pass (ops §5.1): the reason why the suite has a checker of its own.
const Row kPassedByPromtool[] = {
    {"Duplicate",
     "# HELP x_total X.\n# TYPE x_total counter\nx_total{a=\"1\"} 1\nx_total{a=\"1\"} 2\n"},
    {"in pieces",
     "# HELP x_total X.\n# TYPE x_total counter\nx_total{a=\"1\"} 1\n# HELP y Y.\n# TYPE y "
     "gauge\ny 1\n"
     "x_total{a=\"2\"} 1\n"},
    {"Buckets fall",
     "# HELP h_seconds H.\n# TYPE h_seconds histogram\nh_seconds_bucket{le=\"1\"} 5\n"
     "h_seconds_bucket{le=\"2\"} 3\nh_seconds_bucket{le=\"+Inf\"} 5\nh_seconds_sum 1\n"
     "h_seconds_count 5\n"},
    {"No +Inf",
     "# HELP h_seconds H.\n# TYPE h_seconds histogram\nh_seconds_bucket{le=\"1\"} 5\n"
     "h_seconds_sum 1\nh_seconds_count 5\n"}};

TEST(ExpositionChecker, FindsWhatPromtoolLetsPass) {
  for (const Row& row : kPassedByPromtool) {
    const auto faults = exposureFaults(row.text);
    ASSERT_FALSE(faults.empty()) << row.fault;
    EXPECT_NE(faults.front().find(row.fault), std::string::npos) << faults.front();
  }
}

TEST(ExpositionChecker, ControlPromtoolReallyLetsThemPass) {
  for (const Row& row : kPassedByPromtool) {
    const auto result = promtoolCheck(row.text);
    if (!result) GTEST_SKIP() << "promtool: not installed";
    EXPECT_EQ(result->exit_code, 0) << row.fault << ": " << result->output;
  }
}

TEST(ExpositionChecker, FindsBrokenText) {
  const std::string head{kHead};
  EXPECT_TRUE(exposureFaults(head + "x_total 1\n").empty());
  for (const std::string& text :
       {head + "x_total 1", head + "x_total 1\r\n", head + "x_total{a=\"\xFF\"} 1\n",
        head + "x_total -1\n", head + "x_total{a=\"b\"c\"} 1\n", head + "x_total one\n",
        std::string{"x_total 1\n"}, head + head + "x_total 1\n", "# NOTE x\n" + head})
    EXPECT_FALSE(exposureFaults(text).empty()) << text;
}

}  // namespace
}  // namespace bulkhead::host::monitoring
