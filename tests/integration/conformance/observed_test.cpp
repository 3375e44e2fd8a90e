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
using testing::HasSubstr;
using testing::Not;

class Observed : public BothLives {
 protected:
  /// The lines of /metrics that are the plugin's own; their order says nothing.
  static std::vector<std::string> metrics(Life& life) {
    std::vector<std::string> lines;
    std::istringstream text{life.host().client().get("/metrics").body};
    for (std::string line; std::getline(text, line);) {
      if (line.find("conformance_") != std::string::npos &&
          (line.starts_with("conformance_") || line.starts_with("# ")))
        lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  /// What /health says of one of its contributors, once it was asked.
  static json health(Life& life, std::string_view contributor) {
    json found;
    await([&] {
      const json shown = life.host().keyed().get("/health?details=true").json();
      for (const json& check : shown.value("checks", json::array())) {
        if (check.value("name", "") == fmt::format("conformance.{}", contributor)) found = check;
      }
      return found.is_object() && found.value("code", "") != "not_run";
    });
    for (const char* name : {"responseTimeMs", "ageSeconds", "failuresInARow"}) found.erase(name);
    return found;
  }
};

TEST_F(Observed, EachContributorIsShownAsItAnswered) {
  inBothLives([](Life& life) {
    const auto shown = [&](std::string_view name) {
      const json check = health(life, name);
      life.tell(name, check);
      return check.value("lastResult", "-");
    };
    EXPECT_EQ(shown("healthy"), "healthy") << "its deadline is that of its schedule";
    EXPECT_EQ(shown("stores"), "healthy");
    EXPECT_EQ(shown("degraded"), "degraded");
    for (const char* name : {"critical", "refuses", "nonsense"})
      EXPECT_EQ(shown(name), "critical") << name;
    EXPECT_EQ(health(life, "degraded").value("message", ""), "Caf\xc3\xa9 is slow");
    EXPECT_TRUE(health(life, "healthy").value("configured", false));
  });
}

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
    EXPECT_TRUE(has(R"(conformance_events_total{one="other"} 7)"));
    EXPECT_TRUE(has("conformance_level -2.25"));
    EXPECT_TRUE(has(R"(conformance_duration_seconds_count{what="h"} 5)"));
    for (const std::string& line : metrics(life)) life.tell("metric", line);
  });
}

}  // namespace
}  // namespace bulkhead::integration
