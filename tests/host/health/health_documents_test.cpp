#include "health/health_documents.hpp"

#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <string>

#include "host/health/health_fixture.hpp"

namespace bulkhead::host::health {
namespace {

using nlohmann::json;

class HealthDocuments : public HealthFixture {
 protected:
  json basic(Disclosure disclosure = {false, false}) {
    const HealthSources made = sources();
    return json::parse(healthDocument(made, assess(made, View::Health), disclosure));
  }
  json monitoring(Disclosure disclosure = {false, false}) {
    const HealthSources made = sources();
    return json::parse(monitoringDocument(made, assess(made, View::Monitoring), disclosure));
  }
  json services() { return basic()["services"]; }
};

TEST_F(HealthDocuments,
       S10_S11_S12_S13_S14_S15_S16_S17_S18_S19_S20_BasicBodyHasEveryFieldInItsShape) {
  addDatabase(Status::Healthy);
  const json body = basic();
  EXPECT_EQ(body["status"], "healthy");
  EXPECT_TRUE(std::regex_match(body["timestamp"].get<std::string>(),
                               std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"}));
  EXPECT_EQ(body["version"], "1.0.0");
  EXPECT_EQ(body["environment"], "test");
  EXPECT_TRUE(body["uptime"].is_number_integer());
  EXPECT_EQ(body["uptimeFormatted"], "0h 0m");
  EXPECT_EQ(body["memory"]["heapUsed"], "80MB");
  EXPECT_EQ(body["memory"]["heapTotal"], "100MB");
  EXPECT_EQ(body["memory"]["usagePercent"], 80);
  EXPECT_TRUE(std::regex_match(body["memory"]["rss"].get<std::string>(), std::regex{R"(\d+MB)"}));
  EXPECT_EQ(body["database"]["status"], "healthy");
  EXPECT_EQ(body["database"]["connected"], true);
  EXPECT_TRUE(std::regex_match(body["database"]["responseTime"].get<std::string>(),
                               std::regex{R"(\d+ms)"}));
  EXPECT_EQ(body["cache"],
            (json{{"status", "healthy"}, {"hitRate", "0%"}, {"size", 0}, {"maxSize", 0}}));
  EXPECT_EQ(
      body["performance"],
      (json{{"status", "healthy"}, {"slowQueries", 0}, {"slowAPIs", 0}, {"errorRate", "0%"}}));
  EXPECT_TRUE(body["services"].is_object());
}

TEST_F(HealthDocuments, S18_S19_FiguresComeFromTheirSources) {
  HealthSources made = sources();
  made.cache = [] { return CacheFigures{84.6, 17, 1000}; };
  made.performance = [] { return PerformanceFigures{3, 4, 0.5}; };
  const json body = json::parse(healthDocument(made, assess(made, View::Health), {false, false}));
  EXPECT_EQ(body["cache"]["hitRate"], "85%");
  EXPECT_EQ(body["cache"]["size"], 17);
  EXPECT_EQ(body["cache"]["maxSize"], 1000);
  EXPECT_EQ(body["performance"]["slowQueries"], 3);
  EXPECT_EQ(body["performance"]["slowAPIs"], 4);
  EXPECT_EQ(body["performance"]["errorRate"], "0.5%");
}

TEST_F(HealthDocuments, S17_DatabaseDown) {
  addDatabase(Status::Critical);
  const json body = basic();
  EXPECT_EQ(body["status"], "critical");
  EXPECT_EQ(body["database"]["status"], "critical");
  EXPECT_EQ(body["database"]["connected"], false);
}

TEST_F(HealthDocuments, S20_C13_TheFiveServicesAreAlwaysThere) {
  const json listed = services();
  std::set<std::string> names;
  for (const auto& [name, service] : listed.items()) {
    names.insert(name);
    EXPECT_EQ(service, (json{{"configured", false}, {"status", "missing"}})) << name;
  }
  EXPECT_EQ(names, (std::set<std::string>{"vapi", "googleCalendar", "twilio", "stripe", "plaid"}));
}

TEST_F(HealthDocuments, C13_ServiceStatusFollowsThePlugin) {
  plugins = {{"google-calendar", "googleCalendar", "running", "", true, false},
             {"twilio", "twilio", "missing", "no file", {}, false},
             {"vapi", "vapi", "crashed", "signal 11", true, false},
             {"stripe", "stripe", "disabled", "", true, false},
             {"square", "square", "running", "", false, false},
             {"accounting", "", "running", "", {}, false}};
  const json listed = services();
  EXPECT_EQ(listed["googleCalendar"], (json{{"configured", true}, {"status", "not_checked"}}));
  EXPECT_EQ(listed["twilio"]["status"], "missing");
  EXPECT_EQ(listed["vapi"], (json{{"configured", true}, {"status", "unavailable"}}));
  EXPECT_EQ(listed["stripe"]["status"], "unavailable");
  EXPECT_EQ(listed["square"], (json{{"configured", false}, {"status", "not_checked"}}))
      << "a plugin of someone else is listed too";
  EXPECT_EQ(listed.size(), 6U) << "a domain is no service";
}

TEST_F(HealthDocuments, C13_ServiceStatusFollowsItsCheck) {
  plugins = {{"stripe", "stripe", "running", "", {}, false}};
  CheckSpec spec;
  spec.owner = "stripe";
  spec.name = "stripe.api";
  spec.kind = CheckKind::Service;
  const std::pair<CheckResult, json> rows[] = {
      {{Status::Healthy, "ok", "", true, {}, {}}, {{"configured", true}, {"status", "healthy"}}},
      {{Status::Degraded, "slow", "", true, {}, {}},
       {{"configured", true}, {"status", "degraded"}}},
      {{Status::Critical, "down", "", true, {}, {}},
       {{"configured", true}, {"status", "unavailable"}}},
      {{Status::Critical, "no_key", "", false, {}, {}},
       {{"configured", false}, {"status", "not_checked"}}}};
  for (const auto& [result, expected] : rows) {
    addChecked(spec, result);
    EXPECT_EQ(services()["stripe"], expected) << result.code;
    ASSERT_TRUE(registry.remove("stripe", std::chrono::seconds{5}));
  }
}

TEST_F(HealthDocuments, S4_DetailsAreASupersetAndNameTheReasons) {
  addDatabase(Status::Critical);
  plugins = {{"stripe", "stripe", "failed", "STRIPE_KEY is not set", false, true}};
  const json small = basic();
  const json large = basic({true, false});
  for (const auto& [key, value] : small.items()) EXPECT_TRUE(large.contains(key)) << key;
  EXPECT_GT(large.size(), small.size());
  EXPECT_EQ(large["checks"][0]["name"], "database");
  EXPECT_EQ(large["plugins"][0]["reason"], "STRIPE_KEY is not set");
  EXPECT_EQ(large["issues"].size(), 2U);
  EXPECT_EQ(large["system"]["heapArenaBytes"], 90 << 20) << "C8: allocator detail only here";
  EXPECT_FALSE(small.contains("system"));
}

TEST_F(HealthDocuments, C18_OutsideSeesCoarseFigures) {
  HealthSources made = sources();
  made.performance = [] { return PerformanceFigures{3, 11, 0.5}; };
  const json body = json::parse(healthDocument(made, assess(made, View::Health), {false, true}));
  EXPECT_EQ(body["performance"]["slowQueries"], 10);
  EXPECT_EQ(body["performance"]["slowAPIs"], 20);
  const std::string rss = body["memory"]["rss"];
  EXPECT_EQ(rss.substr(rss.size() - 3), "0MB");
  EXPECT_TRUE(body.contains("version"));
  made.policy.version_outside = false;
  EXPECT_FALSE(json::parse(healthDocument(made, assess(made, View::Health), {false, true}))
                   .contains("version"));
  EXPECT_TRUE(json::parse(healthDocument(made, assess(made, View::Health), {false, false}))
                  .contains("version"));
}

TEST_F(HealthDocuments, S5_QuickIsAtMost200Bytes) {
  addDatabase(Status::Critical);
  const HealthSources made = sources();
  const std::string body = quickDocument(assess(made, View::Health), made);
  EXPECT_LE(body.size(), 200U);
  EXPECT_EQ(json::parse(body)["status"], "critical");
}

TEST_F(HealthDocuments, S90_S92_S93_MonitoringBodyHasEveryField) {
  addDatabase(Status::Healthy);
  const json body = monitoring();
  EXPECT_EQ(body["status"], "healthy");
  EXPECT_EQ(body["service"], "accubooks");
  EXPECT_EQ(body["version"], "1.0.0");
  EXPECT_EQ(body["environment"], "test");
  EXPECT_TRUE(body["timestamp"].is_string());
  EXPECT_TRUE(body["uptime"].is_number_integer());
  EXPECT_EQ(body["dependencies"]["database"],
            (json{{"status", "connected"}, {"initialized", true}}));
  EXPECT_EQ(body["resources"]["memory"], (json{{"used", 80}, {"total", 100}, {"unit", "MB"}}));
  EXPECT_TRUE(body["resources"]["cpu"]["usagePercent"].is_number());
}

TEST_F(HealthDocuments, S91_C14_UnavailableDependenciesSaySo) {
  EXPECT_EQ(monitoring()["dependencies"]["database"],
            (json{{"status", "connecting"}, {"initialized", false}}));
  addDatabase(Status::Critical);
  const json body = monitoring();
  EXPECT_EQ(body["status"], "degraded");
  EXPECT_EQ(body["dependencies"]["database"]["status"], "unavailable");
  EXPECT_EQ(body["dependencies"]["redis"]["status"], "unavailable");
  EXPECT_EQ(body["dependencies"]["redis"]["configured"], false);
}

TEST_F(HealthDocuments, C31_WithoutAQueueRuntimeAllQueuesAreFalse) {
  const json queues = monitoring()["dependencies"]["jobQueues"];
  EXPECT_EQ(queues, (json{{"status", "unavailable"},
                          {"queues",
                           {{"recurring-invoices", false},
                            {"payroll-processing", false},
                            {"report-generation", false}}}}));
}

TEST_F(HealthDocuments, C31_QueuesOnTheDatabaseAreTrueAndNameTheirBackend) {
  HealthSources made = sources();
  made.job_queues = [] {
    return JobQueueFigures{Status::Degraded,
                           "database",
                           {{"recurring-invoices", true},
                            {"payroll-processing", true},
                            {"report-generation", true},
                            {"reminders", true}}};
  };
  const json queues = json::parse(
      monitoringDocument(made, assess(made, View::Monitoring), {}))["dependencies"]["jobQueues"];
  EXPECT_EQ(queues["status"], "degraded");
  EXPECT_EQ(queues["backend"], "database");
  EXPECT_EQ(queues["queues"]["payroll-processing"], true);
  EXPECT_EQ(queues["queues"]["reminders"], true);
}

TEST_F(HealthDocuments, C3_BothDialectsCarryTheSameSnapshot) {
  addDatabase(Status::Critical);
  EXPECT_EQ(basic()["checksId"], monitoring()["checksId"]);
}

TEST_F(HealthDocuments, S130_NoBodyHoldsWhatACheckLeaked) {
  CheckSpec spec;
  spec.owner = "host";
  spec.name = "database";
  spec.kind = CheckKind::Database;
  addChecked(spec, {Status::Critical, "down", "postgresql://app:canary@db.internal/x", {}, {}, {}});
  plugins = {{"stripe", "stripe", "failed", "login canary@db.internal refused", {}, false}};
  const HealthSources made = sources();
  for (const View view : {View::Health, View::Monitoring}) {
    const Assessment assessment = assess(made, view);
    for (const std::string& body : {healthDocument(made, assessment, {true, false}),
                                    monitoringDocument(made, assessment, {true, false}),
                                    healthJsonDocument(made, assessment, {true, false})}) {
      EXPECT_EQ(body.find("canary"), std::string::npos) << body;
      EXPECT_EQ(body.find("db.internal"), std::string::npos) << body;
    }
  }
}

}  // namespace
}  // namespace bulkhead::host::health
