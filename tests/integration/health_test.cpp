#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;

class Probes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<HostFolder>();
    folder_->install("booking");
    folder_->install("stripe");
    host_ = std::make_unique<HostProcess>(*folder_, Environment{{"VERSION", "7.8.9"}});
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    ASSERT_TRUE(await([] { return get("/health").json().value("status", "") == "healthy"; }));
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(host_->stop(), 0);
    host_.reset();
    folder_.reset();
  }
  static HttpAnswer get(std::string_view target) { return host_->client().get(target); }

  inline static std::unique_ptr<HostFolder> folder_;
  inline static std::unique_ptr<HostProcess> host_;
};

TEST_F(Probes, S1_S2_S10_S11_S12_S13_S14_S15_HealthHasItsFields) {
  const HttpAnswer answer = get("/health");
  EXPECT_EQ(answer.status, 200);
  const json health = answer.json();
  EXPECT_EQ(health.value("status", ""), "healthy") << answer.body;
  EXPECT_THAT(health.value("timestamp", ""),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z"));
  EXPECT_EQ(health.value("version", ""), "7.8.9");
  EXPECT_EQ(health.value("environment", ""), "development");
  EXPECT_TRUE(health.at("uptime").is_number_integer());
  EXPECT_THAT(health.value("uptimeFormatted", ""), MatchesRegex("[0-9]+h [0-9]+m"));
}

TEST_F(Probes, S16_S17_S18_S19_S20_HealthHasItsParts) {
  const json health = get("/health").json();
  for (const char* name : {"rss", "heapUsed", "heapTotal"})
    EXPECT_THAT(health.at("memory").value(name, ""), MatchesRegex("[0-9]+MB"));
  EXPECT_TRUE(health.at("memory").at("usagePercent").is_number());
  EXPECT_EQ(health.at("database").value("status", ""), "healthy");
  EXPECT_TRUE(health.at("database").value("connected", false));
  EXPECT_THAT(health.at("database").value("responseTime", ""), MatchesRegex("[0-9]+ms"));
  EXPECT_THAT(health.at("cache").value("hitRate", ""), MatchesRegex("[0-9.]+%"));
  EXPECT_TRUE(health.at("cache").at("maxSize").is_number_integer());
  EXPECT_THAT(health.at("performance").value("errorRate", ""), MatchesRegex("[0-9.]+%"));
  for (const char* name : {"vapi", "googleCalendar", "twilio", "stripe", "plaid"}) {
    EXPECT_TRUE(health.at("services").at(name).at("configured").is_boolean()) << name;
    EXPECT_TRUE(health.at("services").at(name).at("status").is_string()) << name;
  }
  EXPECT_EQ(health["services"]["stripe"].value("status", ""), "not_checked");
  EXPECT_FALSE(health["services"]["stripe"].value("configured", true));
}

TEST_F(Probes, S4_DetailsAddAndDropNothing) {
  const json plain = get("/health").json();
  const json details = get("/health?details=true").json();
  for (const auto& [name, value] : plain.items()) EXPECT_TRUE(details.contains(name)) << name;
  EXPECT_GT(details.size(), plain.size());
  EXPECT_EQ(get("/health?details=0").json().size(), plain.size());
  EXPECT_EQ(get("/health?details=garbage").status, 400);
}

TEST_F(Probes, S5_S6_S9_QuickIsSmallAndHasAnAlias) {
  const HttpAnswer quick = get("/health/quick");
  EXPECT_EQ(quick.status, 200);
  EXPECT_LE(quick.body.size(), 200U);
  json body = quick.json();
  json alias = get("/healthz").json();
  for (json* one : {&body, &alias}) {
    one->erase("timestamp");
    one->erase("uptime");
  }
  EXPECT_EQ(body, alias);
}

TEST_F(Probes, S7_S8_S87_S88_BothFamiliesAnswer) {
  for (const char* path :
       {"/health/readiness", "/health/liveness", "/api/monitoring/live", "/api/monitoring/ready"})
    EXPECT_EQ(get(path).status, 200) << path;
  EXPECT_EQ(host_->client().send("HEAD", "/health/liveness", {}, {}).status, 200);
  EXPECT_EQ(folder_->run({"probe", "live"}, {{"PORT", std::to_string(host_->port())}}).code, 0);
  EXPECT_EQ(folder_->run({"probe", "ready"}, {{"PORT", std::to_string(host_->port())}}).code, 0);
  const TakenPort nobody_answers;
  EXPECT_NE(folder_->run({"probe"}, {{"PORT", std::to_string(nobody_answers.number())}}).code, 0);
}

TEST_F(Probes, S86_S90_S92_S93_MonitoringHealthHasItsFields) {
  const HttpAnswer answer = get("/api/monitoring/health");
  EXPECT_EQ(answer.status, 200);
  const json health = answer.json();
  EXPECT_THAT(health.value("status", ""), testing::AnyOf("healthy", "degraded")) << answer.body;
  EXPECT_EQ(health.value("service", ""), "accubooks");
  EXPECT_EQ(health.value("version", ""), "7.8.9");
  EXPECT_TRUE(health.at("uptime").is_number());
  const json& dependencies = health.at("dependencies");
  EXPECT_EQ(dependencies.at("database").value("status", ""), "connected");
  EXPECT_TRUE(dependencies.at("database").value("initialized", false));
  EXPECT_TRUE(dependencies.at("redis").contains("status"));
  const json& queues = dependencies.at("jobQueues").at("queues");
  for (const char* name : {"recurring-invoices", "payroll-processing", "report-generation"})
    EXPECT_TRUE(queues.at(name).is_boolean()) << name;
  EXPECT_EQ(health.at("resources").at("memory").value("unit", ""), "MB");
  EXPECT_TRUE(health.at("resources").contains("cpu"));
}

TEST_F(Probes, C2_HealthJsonHasItsOwnWords) {
  const HttpAnswer answer = host_->client().get("/health", {{"Accept", "application/health+json"}});
  EXPECT_THAT(answer.header("content-type"), HasSubstr("application/health+json"));
  EXPECT_EQ(answer.json().value("status", ""), "pass");
}

}  // namespace
}  // namespace bulkhead::integration
