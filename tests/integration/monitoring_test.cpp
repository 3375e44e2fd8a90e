#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kPromtool = "/usr/bin/promtool";

class Monitoring : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<HostFolder>();
    folder_->install("booking");
    folder_->install("greeter");
    host_ = std::make_unique<HostProcess>(*folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(host_->stop(), 0);
    host_.reset();
    folder_.reset();
  }
  static HttpAnswer get(std::string_view target, const Fields& headers = {}) {
    return host_->client().get(target, headers);
  }
  /// Runs promtool over a text; its exit code and what it said.
  static CommandEnd lint(std::string_view text) {
    const auto in = folder_->path() / "metrics.txt";
    std::ofstream{in, std::ios::binary} << text;
    const auto out = folder_->path() / "promtool.out";
    const auto err = folder_->path() / "promtool.err";
    ChildProgram program{
        {kPromtool, {"check", "metrics"}, {{"PATH", "/usr/bin"}}, folder_->path(), out, err, in}};
    const int code = program.awaitEnd(std::chrono::seconds{9});
    return {code, readText(out), readText(err)};
  }

  inline static std::unique_ptr<HostFolder> folder_;
  inline static std::unique_ptr<HostProcess> host_;
};

TEST_F(Monitoring, S89_S108_S109_S111_S112_S113_PromtoolHasNothingToSay) {
  if (!std::filesystem::exists(kPromtool)) GTEST_SKIP() << "promtool is not installed";
  get("/nothing");
  for (const char* path : {"/metrics", "/api/monitoring/metrics.prom"}) {
    const HttpAnswer answer = get(path);
    ASSERT_EQ(answer.status, 200) << path;
    const CommandEnd verdict = lint(answer.body);
    EXPECT_EQ(verdict.code, 0) << verdict.output << verdict.errors;
    for (const char* name : {"accubooks_up 1", "accubooks_database_available 1",
                             "accubooks_uptime_seconds ", "accubooks_memory_used_bytes ",
                             "accubooks_memory_total_bytes ", "accubooks_redis_available "})
      EXPECT_THAT(answer.body, HasSubstr(std::string{"\n"} + name)) << path;
  }
  EXPECT_NE(lint("not-a-metric 1 2 3\n").code, 0) << "it would say so";
}

TEST_F(Monitoring, C1_OnePathGivesEachKindOfClientItsFormat) {
  constexpr std::string_view kPath = "/api/monitoring/metrics";
  const auto typeFor = [&](std::string_view query, const Fields& headers) {
    const HttpAnswer answer = get(std::string{kPath} + std::string{query}, headers);
    EXPECT_EQ(answer.status, 200) << query;
    EXPECT_THAT(answer.header("vary"), testing::StartsWith("Accept")) << query;
    EXPECT_EQ(answer.header("cache-control"), "no-store") << query;
    return answer.header("content-type");
  };
  const Fields prometheus{
      {"Accept",
       "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"}};
  EXPECT_THAT(typeFor("", {}), StartsWith("application/json"));
  EXPECT_THAT(typeFor("", {{"Accept", "*/*"}}), StartsWith("application/json"));
  EXPECT_THAT(typeFor("", {{"Accept", "application/json, text/plain, */*"}}),
              StartsWith("application/json"));
  EXPECT_THAT(typeFor("", {{"Accept", "text/plain;version=0.0.4"}}), StartsWith("text/plain"));
  EXPECT_THAT(typeFor("", prometheus), StartsWith("application/openmetrics-text"));
  EXPECT_THAT(typeFor("", {{"User-Agent", "Prometheus/2.42.0"}}), StartsWith("text/plain"));
  EXPECT_THAT(typeFor("?window=5", prometheus), StartsWith("application/json"));
  EXPECT_THAT(typeFor("?format=prometheus", {}), StartsWith("text/plain"));
  EXPECT_EQ(get("/api/monitoring/metrics?format=xml").status, 400);
}

TEST_F(Monitoring, S21_S25_S27_TheJsonDocumentsHaveTheirParts) {
  const json metrics = get("/api/monitoring/metrics?window=5").json();
  EXPECT_EQ(metrics.value("window", 0), 5);
  EXPECT_TRUE(metrics.contains("performance"));
  EXPECT_TRUE(metrics.contains("system"));
  EXPECT_EQ(get("/api/monitoring/metrics?window=0").status, 400);
  EXPECT_EQ(get("/api/monitoring/metrics?window=soon").status, 400);
  const json report = get("/api/monitoring/report").json();
  for (const char* part : {"summary", "topIssues", "recommendations"})
    EXPECT_TRUE(report.contains(part)) << part;
  EXPECT_EQ(get("/api/monitoring/cache-stats").status, 200);
}

TEST_F(Monitoring, S24_S48_ARefusedRequestIsAmongTheErrors) {
  ASSERT_EQ(get("/api/greeter/v1/hello/Ada").status, 401);
  EXPECT_TRUE(await([] {
    return get("/api/monitoring/errors?limit=5").body.find("AUTHENTICATION_ERROR") !=
           std::string::npos;
  }));
  EXPECT_EQ(get("/api/monitoring/errors?limit=none").status, 400);
}

TEST_F(Monitoring, S28_OnlyAdministratorsClearTheCache) {
  const auto clear = [](const Fields& headers) {
    return host_->client().post("/api/monitoring/cache/clear", "{}", headers).status;
  };
  const HttpAnswer made = host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const HttpAnswer reader = host_->keyed().post(
      "/api/admin/keys", R"({"name":"r","scopes":["monitoring:read"],"tenants":["salon"]})");
  ASSERT_EQ(reader.status, 201) << reader.body;
  EXPECT_EQ(clear({}), 401);
  EXPECT_EQ(clear({{"X-API-Key", reader.json().value("key", "")}}), 403);
  EXPECT_EQ(clear({{"X-API-Key", std::string{kApiKey}}}), 200);
}

TEST_F(Monitoring, S60_C16_C17_ProductionHidesItFromOutside) {
  const HostFolder folder;
  HostProcess host{folder,
                   {{"NODE_ENV", "production"},
                    {"JWT_SECRET", "k3vT9qXw7LmB2zRfY8nHcD5sJ0pGaU6e"},
                    {"SESSION_SECRET", "w8ZrN4yQe1XcV7bMk2TgP9hLs6FdJ3uA"},
                    {"FRONTEND_URL", "https://app.example"},
                    {"DATABASE_URL", "sqlite:" + folder.data().string()},
                    {"SHUTDOWN_DELAY", "0s"}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText() << host.errorText();
  const Fields forwarded{{"X-Forwarded-For", "10.0.0.1"}};
  EXPECT_EQ(host.client().get("/api/monitoring/errors").status, 200);
  EXPECT_EQ(host.client().get("/api/monitoring/errors", forwarded).status, 404);
  EXPECT_EQ(host.client().get("/metrics", forwarded).status, 404);
  EXPECT_EQ(host.client().get("/health/readiness", forwarded).status, 200);
  const auto refusal = [](const HostProcess& one) {
    return one.client().send("DELETE", "/health", {}, {}).json().at("error");
  };
  EXPECT_EQ(refusal(*host_).value("name", ""), "ValidationError") << "development names the kind";
  EXPECT_FALSE(refusal(host).contains("name"));
  EXPECT_EQ(host.stop(), 0);
}

TEST(ManagementPort, C17_CarriesHealthAndMonitoringAlone) {
  const std::uint16_t port = [] { return TakenPort{}.number(); }();
  const HostFolder folder;
  folder.install("booking");
  HostProcess host{
      folder,
      {{"MANAGEMENT_PORT", std::to_string(port)}, {"MONITORING_ALLOW_CIDRS", "192.0.2.0/24"}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText() << host.errorText();
  const HttpClient inside{port};
  EXPECT_EQ(host.client().get("/metrics").status, 403) << "loopback is not allowed here";
  EXPECT_EQ(inside.get("/metrics").status, 200);
  EXPECT_EQ(inside.get("/api/monitoring/errors", {{"X-Forwarded-For", "10.0.0.1"}}).status, 200);
  EXPECT_EQ(inside.get("/health/readiness").status, 200);
  EXPECT_EQ(host.client().get("/health/readiness").status, 200) << "probes stay on the main port";
  EXPECT_EQ(inside.send("POST", "/api/monitoring/cache/clear", {}, {}).status, 401);
  const Fields key{{"X-API-Key", std::string{kApiKey}}};
  EXPECT_EQ(inside.get("/api/booking/v1/services", key).status, 404);
  EXPECT_EQ(inside.send("OPTIONS", "/api/booking/v1/services", {}, key).status, 404);
  for (const char* path : {"/api/admin/plugins", "/api/admin/tenants", "/openapi.json"}) {
    EXPECT_EQ(host.keyed().get(path).status, 200) << path;
    EXPECT_EQ(inside.get(path, key).status, 404) << path;
  }
  EXPECT_EQ(inside.get("/api/nobody/v1/x").status, 404);
  EXPECT_EQ(host.stop(), 0);
}

// Goal: nobody without a key makes the host look ill. Method: many requests for plugins that are
// closed by choice and by a fault.
TEST(ErrorRate, IsNotMovedByRequestsForClosedPlugins) {
  const HostFolder folder;
  folder.install("greeter", "enabled = false\n");
  folder.configure("booking", "enabled = true\n");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(host.client().get("/api/greeter/v1/x").status, 503);
    ASSERT_EQ(host.client().get("/api/booking/v1/x").status, 503);
  }
  const json health = host.client().get("/health").json();
  EXPECT_EQ(health["performance"].value("errorRate", ""), "0%") << health["performance"];
  const json line = host.awaitLogLine(
      [](const json& entry) { return entry.value("url", "") == "/api/greeter/v1/x"; });
  EXPECT_EQ(line.value("level", ""), "INFO") << line;
  EXPECT_EQ(line.value("plugin", ""), "greeter") << line;
  const json fault = host.awaitLogLine(
      [](const json& entry) { return entry.value("url", "") == "/api/booking/v1/x"; });
  EXPECT_EQ(fault.value("level", ""), "ERROR") << "a plugin that is missing is a fault";
  EXPECT_EQ(host.stop(), 0);
}

TEST(SlowQueries, S22_S52_AStatementOverTheThresholdIsListedWithItsStore) {
  const HostFolder folder;
  folder.install("booking");
  HostProcess strict{folder, {{"SLOW_QUERY_MS", "0"}}};
  ASSERT_TRUE(strict.awaitReady()) << strict.logText() << strict.errorText();
  ASSERT_EQ(strict.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  ASSERT_EQ(strict.keyed("salon").get("/api/booking/v1/services").status, 200);
  const auto listed = [](const HostProcess& host) {
    return host.client().get("/api/monitoring/slow-queries?limit=1000").json().at("slowQueries");
  };
  json all;
  json::const_iterator found;
  const auto isListed = [&] {  // a worker tells each second
    all = listed(strict);
    found = std::find_if(all.cbegin(), all.cend(), [](const json& query) {
      return query.value("query", "").find("from service") != std::string::npos;
    });
    return found != all.cend();
  };
  ASSERT_TRUE(await(isListed)) << all;
  EXPECT_EQ(found->value("owner", ""), "booking");
  EXPECT_GT(found->value("durationMs", 0.0), 0.0);
  EXPECT_THAT(found->value("timestamp", ""), testing::EndsWith("Z"));
  const json line =
      strict.awaitLogLine([](const json& one) { return one.value("message", "") == "Slow query"; });
  EXPECT_EQ(line.value("level", ""), "WARN") << strict.logText();
  EXPECT_EQ(strict.stop(), 0);

  HostProcess patient{folder};
  ASSERT_TRUE(patient.awaitReady());
  ASSERT_EQ(patient.keyed("salon").get("/api/booking/v1/services").status, 200);
  EXPECT_TRUE(listed(patient).empty());
  EXPECT_EQ(patient.stop(), 0);
}

}  // namespace
}  // namespace bulkhead::integration
