// What the host shows of the plugin: its log lines, its metrics, its health.
#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

#include "both_lives.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Observed : public BothLives {
 protected:
  /// The lines of /metrics that are the plugin's own.
  static std::vector<std::string> metrics(Life& life) {
    std::vector<std::string> lines;
    std::istringstream text{life.host().client().get("/metrics").body};
    for (std::string line; std::getline(text, line);) {
      if (line.find("conformance_") != std::string::npos &&
          (line.starts_with("conformance_") || line.starts_with("# ")))
        lines.push_back(line);
    }
    return lines;
  }
  /// What /health says of one of its contributors.
  static json health(Life& life, std::string_view contributor);
};

TEST_F(Observed, TheLogShowsTheSameLinesWithTheSameFields) {
  inBothLives([](Life& life) {
    life.probe("host", "log");
    const std::string id = life.lastId();
    life.host().awaitLogLine(
        [](const json& line) { return line.value("message", "") == "probe: last line"; });
    const auto lines = life.logLines("probe: ");
    EXPECT_EQ(lines.size(), 17U);
    for (const json& line : lines) {
      life.tell("line", line);
      EXPECT_EQ(line.value("plugin", ""), "conformance") << line;
      const bool of_request = line.value("message", "") != "probe: of no request";
      EXPECT_EQ(line.value("requestId", ""), of_request ? id : "") << line;
      EXPECT_EQ(line.contains("traceId"), of_request) << line;
    }
    const std::string text = life.host().logText();
    for (const char* secret : {"the-operators-own-secret", "hunter2", "4242 4242 4242 4242"})
      EXPECT_THAT(text, Not(HasSubstr(secret)));
    EXPECT_THAT(text, Not(HasSubstr("\n {\"level\":\"FATAL\"}"))) << "a line is a line";
  });
}

TEST_F(Observed, EachMetricHasTheSameSeries) {
  inBothLives([](Life& life) {
    life.probe("host", "record_metric");
    const auto has = [&](std::string_view line) {
      return await([&] {
        const auto lines = metrics(life);
        return std::find(lines.begin(), lines.end(), line) != lines.end();
      });
    };
    EXPECT_TRUE(has(R"(conformance_events_total{one="a",two="b"} 1.5)"));
    EXPECT_TRUE(has(R"(conformance_events_total{one="other",two=""} 7)"));
    EXPECT_TRUE(has("conformance_level -2.25"));
    EXPECT_TRUE(has(R"(conformance_duration_seconds_count{what="h"} 5)"));
    for (const std::string& line : metrics(life)) life.tell("metric", line);
  });
}

}  // namespace
}  // namespace bulkhead::integration
