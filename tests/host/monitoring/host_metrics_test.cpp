#include "monitoring/host_metrics.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

#include "host/monitoring/exposition_checker.hpp"
#include "host/monitoring/promtool.hpp"
#include "monitoring/catalogue.hpp"
#include "monitoring/exposition.hpp"
#include "monitoring/outbound_metrics.hpp"

namespace bulkhead::host::monitoring {
namespace {

HostMetricSources allSources() {
  HostMetricSources sources;
  sources.version = "1.0.0";
  sources.revision = "abc";
  sources.uptime = [] { return std::chrono::milliseconds{12500}; };
  sources.memory_used_bytes = [] { return std::uint64_t{268435456}; };
  sources.memory_total_bytes = [] { return std::uint64_t{536870912}; };
  sources.database_available = [] { return true; };
  sources.redis_available = [] { return false; };
  sources.checks = [] { return std::vector<CheckSample>{{"database", 0, 0.001, 2}}; };
  sources.plugins = [] {
    return std::vector<PluginSample>{{"stripe",
                                      "running",
                                      3,
                                      2,
                                      5,
                                      1U << 24U,
                                      2.0,
                                      9.0,
                                      {"payments/1"},
                                      1,
                                      2,
                                      7,
                                      4,
                                      {"moods/1"}}};
  };
  sources.caches = [] { return std::vector<CacheSample>{{"app", 3, 1, 0, 0, 5, 1000, 900, 9000}}; };
  sources.logs = [] { return LogCounts{{0, 7, 0, 1, 0}, 0}; };
  sources.front = [] {
    return FrontFigures{1, 4, 1, {{"head_timeout", 0}, {"overload", 2}}, 0.01};
  };
  sources.outbound_in_flight = [] { return std::uint64_t{2}; };
  sources.sanitized_values = [] {
    return std::vector<std::pair<std::string, std::uint64_t>>{{"booking", 3}};
  };
  sources.certificate_expiry = [] { return 1'800'000'000.0; };
  sources.refused_credentials = [] {
    return std::vector<std::pair<std::string, std::uint64_t>>{{"no_known_form", 3}};
  };
  return sources;
}

class HostMetricsTest : public ::testing::Test {
 protected:
  std::string text() const { return prometheusText(metrics.Collect()); }
  bool has(std::string_view line) const {
    return ("\n" + text()).find("\n" + std::string{line} + "\n") != std::string::npos;
  }

  Metrics metrics;
  HostMetrics host{metrics, allSources()};
};

TEST_F(HostMetricsTest, S108_S113_TheSixAreExposed) {
  for (const std::string_view line :
       {"accubooks_up 1", "accubooks_database_available 1", "accubooks_redis_available 0",
        "accubooks_uptime_seconds 12.5", "accubooks_memory_used_bytes 268435456",
        "accubooks_memory_total_bytes 536870912"})
    EXPECT_TRUE(has(line)) << line;
}

TEST_F(HostMetricsTest, S89_EverythingIsStrictAndLintsClean) {
  host.observeRequest("GET", "/health", 200, std::chrono::milliseconds{3});
  host.observeRequest("BREW", "", 404, std::chrono::milliseconds{1});
  EXPECT_EQ(exposureFaults(text()), std::vector<std::string>{});
  const auto linted = promtoolCheck(text());
  if (!linted) GTEST_SKIP() << "promtool: not installed";
  EXPECT_EQ(linted->exit_code, 0) << linted->output;
}

TEST_F(HostMetricsTest, ControlPromtoolSeesALintProblem) {
  const auto linted = promtoolCheck("# HELP calls Calls.\n# TYPE calls counter\ncalls 1\n");
  if (!linted) GTEST_SKIP() << "promtool: not installed";
  EXPECT_EQ(linted->exit_code, 3) << linted->output;
}

TEST_F(HostMetricsTest, RequestsThatAlternateAreCountedEachWhereItBelongs) {
  const auto observe = [this](std::string_view method, std::string_view route, int status) {
    for (int i = 0; i < 2; ++i)
      host.observeRequest(method, route, status, std::chrono::milliseconds{1});
  };
  for (int round = 0; round < 3; ++round) {
    observe("GET", "/a", 200);
    observe("PUT", "/a", 200);
    observe("GET", "/b", 200);
    observe("GET", "/b", 216);  // all of them are remembered at one place
  }
  const auto counted = [this](std::string_view method, std::string_view route, int status) {
    return has(
        fmt::format("http_server_request_duration_seconds_count{{http_request_method=\"{}\","
                    "http_route=\"{}\",http_response_status_code=\"{}\"}} 6",
                    method, route, status));
  };
  EXPECT_TRUE(counted("GET", "/a", 200));
  EXPECT_TRUE(counted("PUT", "/a", 200));
  EXPECT_TRUE(counted("GET", "/b", 200));
  EXPECT_TRUE(counted("GET", "/b", 216));
}

TEST_F(HostMetricsTest, RequestsAreLabelledByTemplateAndKnownMethod) {
  host.observeRequest("GET", "/api/x/{id}", 200, std::chrono::milliseconds{3});
  host.observeRequest("BREW", "", 404, std::chrono::milliseconds{1});
  EXPECT_TRUE(
      has("http_server_request_duration_seconds_count{http_request_method=\"GET\","
          "http_route=\"/api/x/{id}\",http_response_status_code=\"200\"} 1"));
  EXPECT_TRUE(
      has("http_server_request_duration_seconds_count{http_request_method=\"_OTHER\","
          "http_response_status_code=\"404\"} 1"));
}

TEST_F(HostMetricsTest, CountersExistBeforeTheirFirstEvent) {
  EXPECT_TRUE(has("http_server_rejected_requests_total{reason=\"head_timeout\"} 0"));
  EXPECT_TRUE(has("http_server_rejected_requests_total{reason=\"overload\"} 2"));
  EXPECT_TRUE(has("log_messages_total{level=\"error\"} 1"));
  EXPECT_TRUE(has("log_dropped_total 0"));
}

TEST_F(HostMetricsTest, APluginHasExactlyOneState) {
  EXPECT_TRUE(has("bulkhead_plugin_state{plugin=\"stripe\",state=\"running\"} 1"));
  EXPECT_TRUE(has("bulkhead_plugin_state{plugin=\"stripe\",state=\"crashed\"} 0"));
}

TEST_F(HostMetricsTest, APluginTellsItsGenerationAndWhatRunsInIt) {
  EXPECT_TRUE(has("bulkhead_plugin_generation{plugin=\"stripe\"} 3"));
  EXPECT_TRUE(has("bulkhead_plugin_restarts_total{plugin=\"stripe\"} 2"));
  EXPECT_TRUE(has("bulkhead_plugin_active_requests{plugin=\"stripe\"} 5"));
  EXPECT_TRUE(has("bulkhead_plugin_asks_stuck{plugin=\"stripe\"} 4"));
  EXPECT_TRUE(has("bulkhead_plugin_circuit_state{plugin=\"stripe\"} 2"));
  EXPECT_TRUE(has("bulkhead_plugin_circuit_opens_total{plugin=\"stripe\"} 7"));
  EXPECT_TRUE(has("bulkhead_plugin_recycles_total{plugin=\"stripe\"} 1"));
  EXPECT_TRUE(has("bulkhead_plugin_memory_bytes{plugin=\"stripe\"} 16777216"));
}

TEST_F(HostMetricsTest, RequestsThatGoOutAreCountedByPluginHostAndOutcome) {
  OutboundMetrics outbound{metrics};
  outbound.observe("stripe", "api.example", "not_sent", std::chrono::milliseconds{300});
  EXPECT_TRUE(
      has("egress_requests_total{plugin=\"stripe\",host=\"api.example\",outcome=\"not_sent\"} 1"));
  EXPECT_TRUE(has("egress_request_duration_seconds_count{plugin=\"stripe\"} 1"));
  EXPECT_TRUE(has("egress_inflight 2"));
}

TEST_F(HostMetricsTest, S55_CachesShowHitsAndMisses) {
  EXPECT_TRUE(has("cache_requests_total{cache=\"app\",result=\"hit\"} 3"));
  EXPECT_TRUE(has("cache_requests_total{cache=\"app\",result=\"miss\"} 1"));
}

// The catalogue is what is exposed: nothing undocumented, nothing only on paper.
TEST_F(HostMetricsTest, ExposesTheWholeCatalogueAndNothingElse) {
  OutboundMetrics outbound{metrics};
  outbound.observe("stripe", "api.example", "ok", std::chrono::milliseconds{3});
  host.observeRequest("GET", "/health", 200, std::chrono::milliseconds{3});
  metrics.counter(specOf("rate_limit_decisions_total")).counter({"key", "allowed", "local"}).add();
  std::set<std::string> exposed;
  for (const auto& family : metrics.Collect()) {
    if (!family.metric.empty()) exposed.insert(family.name);
  }
  EXPECT_EQ(exposed.erase("metrics_label_overflow_total"), 1U);
  std::set<std::string> documented;
  for (const auto& entry : catalogue()) documented.emplace(entry.name);
  EXPECT_EQ(exposed, documented);
}

TEST(HostMetricsWithoutSources, S110_AnAbsentDependencyIsZero) {
  Metrics metrics;
  const HostMetrics host{metrics, {}};
  const std::string text = prometheusText(metrics.Collect());
  EXPECT_NE(text.find("\naccubooks_redis_available 0\n"), std::string::npos);
  EXPECT_EQ(exposureFaults(text), std::vector<std::string>{});
}

// Goal: a plugin that reaches hosts without end takes no series from others. Control: those of a
// plugin that reaches few are told apart.
TEST(OutboundMetricsHosts, ThoseOfOnePluginAreBounded) {
  Metrics metrics;
  OutboundMetrics outbound{metrics};
  for (int i = 0; i < 200; ++i)
    outbound.observe("crawler", std::to_string(i) + ".example", "ok", std::chrono::milliseconds{1});
  outbound.observe("stripe", "api.stripe.example", "ok", std::chrono::milliseconds{1});
  const std::string text = prometheusText(metrics.Collect());
  std::size_t series = 0;
  for (auto at = text.find("egress_requests_total{plugin=\"crawler\""); at != std::string::npos;
       at = text.find("egress_requests_total{plugin=\"crawler\"", at + 1))
    ++series;
  EXPECT_EQ(series, OutboundMetrics::kHostsMax + 1) << text;
  EXPECT_NE(text.find("host=\"_OTHER\""), std::string::npos);
  EXPECT_NE(text.find("host=\"api.stripe.example\""), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::host::monitoring
