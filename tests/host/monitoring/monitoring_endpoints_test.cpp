#include "monitoring/monitoring_endpoints.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include <bulkhead/error.hpp>

#include "host/monitoring/exposition_checker.hpp"

namespace bulkhead::host::monitoring {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

class MonitoringTest : public ::testing::Test {
 protected:
  MonitoringSources sources() {
    MonitoringSources made{metrics, performance};
    made.system = [] {
      return SystemFigures{3600s, 150 << 20, 80 << 20, 100 << 20, 12.5, 3.25, 2};
    };
    made.caches = [] {
      return std::vector<CacheSample>{{"app", 85, 15, 2, 1, 40, 1000, 4096, 65536}};
    };
    made.clear_caches = [this] {
      cleared = true;
      return std::size_t{40};
    };
    made.table_counts = [] {
      return std::vector<TableCount>{{"tenants", 2}, {"leads", 7}, {"calls", std::nullopt}};
    };
    return made;
  }

  static HttpRequest request(std::string_view path, Fields query = {}, bool inside = true) {
    HttpRequest made;
    made.method = "GET";
    made.path = path;
    made.query = std::move(query);
    made.peer.inside = inside;
    return made;
  }
  HttpResponse get(const HttpRequest& asked) {
    const MonitoringEndpoints endpoints{sources()};
    for (const auto& route : endpoints.routes()) {
      if (route.path == asked.path && route.method == asked.method) return route.handle(asked);
    }
    ADD_FAILURE() << "no route " << asked.path;
    return {};
  }
  json body(std::string_view path, Fields query = {}) {
    return json::parse(get(request(path, std::move(query))).body);
  }
  ErrorKind refusalOf(const HttpRequest& asked, MonitoringSources from) {
    const MonitoringEndpoints endpoints{std::move(from)};
    try {
      for (const auto& route : endpoints.routes()) {
        if (route.path == asked.path && route.method == asked.method) route.handle(asked);
      }
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind{};
  }
  static std::string headerOf(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }
  void recordSome() {
    performance.recordQuery("booking", "SELECT $1", 1500ms, false);
    performance.recordQuery("booking", "SELECT $2", 1ms, false);
    performance.recordApi({"booking", "GET", "/api/booking/v1/leads/{id}", 500, 2500ms, "r1"});
    performance.recordError({{}, "INTERNAL_ERROR", "It failed.", "", {}, "GET", "/x", 500, "r1"});
  }

  Metrics metrics;
  PerformanceMonitor performance;
  bool cleared = false;
};

TEST_F(MonitoringTest, S21_MetricsJsonHasPerformanceCacheAndSystem) {
  recordSome();
  const json document = body("/api/monitoring/metrics", {{"window", "60"}});
  EXPECT_EQ(document["window"], 60);
  EXPECT_EQ(document["performance"]["queries"]["total"], 2);
  EXPECT_EQ(document["performance"]["queries"]["slow"], 1);
  EXPECT_EQ(document["performance"]["queries"]["slowPercentage"], 50);
  EXPECT_EQ(document["performance"]["apis"]["errorRate"], 100);
  EXPECT_NEAR(document["performance"]["apis"]["p99Ms"].get<double>(), 2500, 160);
  EXPECT_EQ(document["performance"]["errors"]["byCategory"]["internal"], 1);
  EXPECT_EQ(document["cache"]["hitRate"], 85);
  EXPECT_EQ(document["system"]["uptime"], 3600);
  EXPECT_EQ(document["system"]["memory"]["usagePercent"], 80);
  EXPECT_EQ(document["system"]["cpu"]["usagePercent"], 12.5);
}

TEST_F(MonitoringTest, S21_ABadWindowIs400) {
  for (const std::string window : {"0", "-1", "1441", "x", "", "5m", "1.5"}) {
    const HttpResponse response = get(request("/api/monitoring/metrics", {{"window", window}}));
    EXPECT_EQ(response.status, 400) << window;
    EXPECT_EQ(headerOf(response, "Vary"), "Accept") << window;
  }
  EXPECT_EQ(get(request("/api/monitoring/metrics", {{"window", "1440"}})).status, 200);
}

TEST_F(MonitoringTest, C1_FormatsOnOnePath) {
  const std::string path = "/api/monitoring/metrics";
  const HttpResponse text = get(request(path, {{"format", "prometheus"}}));
  EXPECT_EQ(headerOf(text, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(headerOf(text, "Vary"), "Accept");
  EXPECT_EQ(headerOf(text, "Cache-Control"), "no-store");
  EXPECT_EQ(exposureFaults(text.body), std::vector<std::string>{});
  const HttpResponse open = get(request(path, {{"format", "openmetrics"}}));
  EXPECT_EQ(headerOf(open, "Content-Type"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_TRUE(open.body.ends_with("# EOF\n"));
  EXPECT_EQ(headerOf(get(request(path)), "Content-Type"), "application/json");
  HttpRequest picky = request(path);
  picky.headers.emplace_back("accept", "image/png");
  EXPECT_EQ(get(picky).status, 406);
  EXPECT_EQ(headerOf(get(picky), "Cache-Control"), "no-store");
}

TEST_F(MonitoringTest, C1_AliasesAreUnambiguous) {
  EXPECT_EQ(headerOf(get(request("/metrics")), "Content-Type"),
            "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(headerOf(get(request("/api/monitoring/metrics.prom")), "Content-Type"),
            "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(headerOf(get(request("/api/monitoring/metrics.json")), "Content-Type"),
            "application/json");
}

TEST_F(MonitoringTest, S22_S23_S24_ListsAreNewestFirstAndLimited) {
  for (int i = 0; i < 12; ++i) {
    performance.recordQuery("booking", std::to_string(i), 2s, false);
    recordSome();
  }
  const json queries = body("/api/monitoring/slow-queries");
  EXPECT_EQ(queries["slowQueries"].size(), 10U) << "default";
  EXPECT_EQ(queries["slowQueries"][0]["query"], "SELECT $1");
  EXPECT_EQ(queries["slowQueries"][0]["durationMs"], 1500);
  EXPECT_EQ(body("/api/monitoring/slow-apis", {{"limit", "3"}})["slowAPIs"].size(), 3U);
  const json errors = body("/api/monitoring/errors", {{"limit", "1"}});
  EXPECT_EQ(errors["count"], 1);
  EXPECT_EQ(errors["errors"][0]["category"], "internal");
  EXPECT_EQ(errors["errors"][0]["severity"], "critical");
}

TEST_F(MonitoringTest, S22_ABadLimitIs400) {
  for (const std::string path :
       {"/api/monitoring/slow-queries", "/api/monitoring/slow-apis", "/api/monitoring/errors"}) {
    for (const std::string limit : {"0", "1001", "ten", ""})
      EXPECT_EQ(refusalOf(request(path, {{"limit", limit}}), sources()), ErrorKind::Validation)
          << path << " " << limit;
  }
}

TEST_F(MonitoringTest, S25_ReportHasSummaryIssuesAndRecommendations) {
  recordSome();
  const json report = body("/api/monitoring/report");
  EXPECT_EQ(report["summary"]["totalApiCalls"], 1);
  EXPECT_EQ(report["summary"]["errorRate"], 100);
  EXPECT_FALSE(report["topIssues"].empty());
  EXPECT_EQ(report["recommendations"].size(), 4U);
}

TEST_F(MonitoringTest, S26_DatabaseStatsAreTheCountsAsked) {
  const json counts = body("/api/monitoring/database-stats")["counts"];
  EXPECT_EQ(counts, (json{{"tenants", 2}, {"leads", 7}, {"calls", nullptr}}));
}

TEST_F(MonitoringTest, S27_S73_CacheStats) {
  const json cache = body("/api/monitoring/cache-stats");
  EXPECT_EQ(cache["hitRate"], 85);
  EXPECT_EQ(cache["size"], 40);
  EXPECT_EQ(cache["maxSize"], 1000);
  EXPECT_EQ(cache["memoryUsage"]["usedBytes"], 4096);
  EXPECT_EQ(cache["caches"]["app"]["evictions"], 2);
}

TEST_F(MonitoringTest, S28_ClearingNeedsAnAdmin) {
  HttpRequest clear = request("/api/monitoring/cache/clear");
  clear.method = "POST";
  EXPECT_EQ(refusalOf(clear, sources()), ErrorKind::Authentication) << "inside is not enough";
  clear.principal.authenticated = true;
  clear.principal.scopes = {"monitoring:read"};
  EXPECT_EQ(refusalOf(clear, sources()), ErrorKind::Authorization);
  EXPECT_FALSE(cleared);
  clear.principal.scopes = {"admin"};
  const HttpResponse done = get(clear);
  EXPECT_EQ(done.status, 200);
  EXPECT_TRUE(cleared);
  EXPECT_EQ(json::parse(done.body)["cleared"], 40);
}

TEST_F(MonitoringTest, C16_OutsideSeesNothingWithoutTheScope) {
  MonitoringSources production = sources();
  production.production = true;
  const MonitoringEndpoints endpoints{sources()};
  for (const auto& route : endpoints.routes()) {
    if (route.method != "GET") continue;
    HttpRequest outside = request(route.path, {}, false);
    EXPECT_EQ(refusalOf(outside, sources()), ErrorKind::Authorization) << route.path;
    EXPECT_EQ(refusalOf(outside, production), ErrorKind::NotFound) << route.path;
    outside.principal.scopes = {"monitoring:read"};
    EXPECT_EQ(refusalOf(outside, production), ErrorKind{}) << route.path;
  }
}

}  // namespace
}  // namespace bulkhead::host::monitoring
