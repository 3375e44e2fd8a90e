#include "health/health_endpoints.hpp"

#include <gtest/gtest.h>
#include <map>
#include <string>

#include <bulkhead/error.hpp>

#include "host/health/health_fixture.hpp"

namespace bulkhead::host::health {
namespace {

class Endpoints : public HealthFixture {
 protected:
  HttpResponse get(const HttpRequest& asked) {
    const HealthEndpoints endpoints{sources()};
    for (const auto& route : endpoints.routes()) {
      if (route.path == asked.path) return route.handle(asked);
    }
    ADD_FAILURE() << "no route " << asked.path;
    return {};
  }
  int statusOf(std::string_view path) { return get(request(path)).status; }
};

TEST_F(Endpoints, S2_S3_DegradedIs200CriticalIs503WithRetryAfter) {
  EXPECT_EQ(statusOf("/health"), 200);
  plugins = {{"stripe", "stripe", "failed", "because", {}, false}};
  EXPECT_EQ(statusOf("/health"), 200);
  EXPECT_EQ(bodyOf(get(request("/health")))["status"], "degraded");
  addDatabase(Status::Critical);
  const HttpResponse critical = get(request("/health"));
  EXPECT_EQ(critical.status, 503);
  EXPECT_EQ(headerOf(critical, "Retry-After"), "5");
  EXPECT_EQ(bodyOf(critical)["status"], "critical");
}

TEST_F(Endpoints, S86_C3_MonitoringHealthIs200WhileTheDatabaseIsAway) {
  addDatabase(Status::Critical);
  const HttpResponse response = get(request("/api/monitoring/health"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(bodyOf(response)["status"], "degraded");
}

TEST_F(Endpoints, S86_C2_UnhealthyIs503InItsOwnWord) {
  CheckSpec spec;
  spec.owner = "host";
  spec.name = "memory";
  spec.weights = {Weight::Critical, Weight::Critical};
  addChecked(spec, {Status::Critical, "memory_exhausted", "", {}, {}, {}});
  const HttpResponse response = get(request("/api/monitoring/health"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(bodyOf(response)["status"], "unhealthy");
  EXPECT_EQ(bodyOf(get(request("/health")))["status"], "critical");
}

TEST_F(Endpoints, S4_DetailsIsABooleanAndNothingElse) {
  for (const std::string yes : {"true", "1"})
    EXPECT_TRUE(bodyOf(get(withDetails("/health", yes))).contains("checks")) << yes;
  for (const std::string no : {"false", "0"})
    EXPECT_FALSE(bodyOf(get(withDetails("/health", no))).contains("checks")) << no;
  for (const std::string garbage : {"", "yes", "TRUE", "2"}) {
    try {
      get(withDetails("/health", garbage));
      ADD_FAILURE() << "accepted '" << garbage << "'";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Validation) << garbage;
    }
  }
}

TEST_F(Endpoints, C18_DetailsNeedAnInsidePeerOrAKey) {
  EXPECT_FALSE(bodyOf(get(withDetails("/health", "1", false))).contains("checks"));
  HttpRequest keyed = withDetails("/health", "1", false);
  keyed.principal.scopes = {"monitoring:read"};
  EXPECT_TRUE(bodyOf(get(keyed)).contains("checks"));
  keyed.principal.scopes = {"booking:read"};
  EXPECT_FALSE(bodyOf(get(keyed)).contains("checks"));
}

TEST_F(Endpoints, C18_PolicyNeverAndAlways) {
  HealthSources made = sources();
  made.policy.details = DetailsPolicy::Never;
  EXPECT_FALSE(
      bodyOf(HealthEndpoints{made}.health(withDetails("/health", "1"))).contains("checks"));
  made.policy.details = DetailsPolicy::Always;
  EXPECT_TRUE(
      bodyOf(HealthEndpoints{made}.health(withDetails("/health", "1", false))).contains("checks"));
}

TEST_F(Endpoints, S9_HealthzIsQuick) {
  const auto quick = bodyOf(get(request("/health/quick")));
  const auto healthz = bodyOf(get(request("/healthz")));
  EXPECT_EQ(quick["status"], healthz["status"]);
  EXPECT_EQ(quick.size(), healthz.size());
}

struct Row {
  std::string phase;
  int quick, liveness, readiness, startup;
};

// The truth table of ops §5.5: S6, S7, S8, S87, S88, C5, C36.
TEST_F(Endpoints, S6_S7_S8_S87_S88_C36_TruthTableOfPhases) {
  HealthState starting;
  HealthState ready;
  ready.markReady();
  HealthState draining;
  draining.markReady();
  draining.markDraining();
  HealthState stalled{std::chrono::milliseconds{-1}};
  stalled.markReady();
  stalled.heartbeat("loop");
  const std::pair<HealthState*, Row> rows[] = {{&starting, {"starting", 200, 200, 503, 503}},
                                               {&ready, {"ready", 200, 200, 200, 200}},
                                               {&draining, {"draining", 200, 200, 503, 200}},
                                               {&stalled, {"stalled", 200, 503, 503, 200}}};
  addDatabase(Status::Critical);
  for (const auto& [phase_state, row] : rows) {
    const HealthEndpoints endpoints{{registry, *phase_state, resources, {}}};
    const std::map<std::string, int> expected{{"/health/quick", row.quick},
                                              {"/healthz", row.quick},
                                              {"/health/liveness", row.liveness},
                                              {"/livez", row.liveness},
                                              {"/api/monitoring/live", row.liveness},
                                              {"/health/readiness", row.readiness},
                                              {"/readyz", row.readiness},
                                              {"/api/monitoring/ready", row.readiness},
                                              {"/health/startup", row.startup}};
    for (const auto& route : endpoints.routes()) {
      const auto wanted = expected.find(std::string{route.path});
      if (wanted == expected.end()) continue;
      EXPECT_EQ(route.handle(request(route.path)).status, wanted->second)
          << row.phase << " " << route.path;
    }
  }
}

TEST_F(Endpoints, S88_StartingSaysWhatIsPendingAndToTheOutsideOnlyHowMuch) {
  HealthState starting;
  starting.addPending("plugin stripe");
  const HealthEndpoints endpoints{{registry, starting, resources, {}}};
  const auto inside = bodyOf(endpoints.readiness(request("/readyz")));
  EXPECT_EQ(inside["status"], "starting");
  EXPECT_EQ(inside["pending"], nlohmann::json::array({"plugin stripe"}));
  EXPECT_EQ(bodyOf(endpoints.readiness(request("/readyz", false)))["pending"], 1);
}

TEST_F(Endpoints, EveryAnswerForbidsCaching) {
  const HealthEndpoints endpoints{sources()};
  for (const auto& route : endpoints.routes()) {
    const HttpResponse response = route.handle(request(route.path));
    EXPECT_EQ(headerOf(response, "Cache-Control"), "no-store, no-cache") << route.path;
    EXPECT_EQ(headerOf(response, "Pragma"), "no-cache") << route.path;
    EXPECT_EQ(headerOf(response, "Content-Type"), "application/json") << route.path;
  }
}

TEST_F(Endpoints, C2_HealthJsonByAccept) {
  addDatabase(Status::Critical);
  HttpRequest asked = withDetails("/health", "1");
  asked.headers.emplace_back("accept", "text/html, Application/Health+JSON; q=0.5");
  const HttpResponse failed = get(asked);
  EXPECT_EQ(failed.status, 503);
  EXPECT_EQ(headerOf(failed, "Content-Type"), "application/health+json");
  EXPECT_EQ(headerOf(failed, "Vary"), "Accept");
  EXPECT_EQ(bodyOf(failed)["status"], "fail");
  EXPECT_EQ(bodyOf(failed)["checks"]["database:responseTime"][0]["componentType"], "datastore");
  asked.path = "/api/monitoring/health";
  EXPECT_EQ(bodyOf(get(asked))["status"], "warn");
  for (const std::string other : {"*/*", "application/json", "application/health+json;q=0"}) {
    asked.headers = {{"accept", other}};
    EXPECT_EQ(headerOf(get(asked), "Content-Type"), "application/json") << other;
  }
}

TEST_F(Endpoints, S101_C21_AGetStartsOneAttemptOfWhatFails) {
  std::atomic<int> runs{0};
  std::atomic<bool> down{true};
  CheckSpec spec;
  spec.owner = "host";
  spec.name = "database";
  spec.kind = CheckKind::Database;
  spec.interval = std::chrono::hours{1};
  spec.weights = {Weight::Critical, Weight::Degrading};
  spec.check = [&](std::chrono::milliseconds) {
    ++runs;
    return CheckResult{down ? Status::Critical : Status::Healthy, "x", "", {}, {}, {}};
  };
  registry.add(spec);
  ASSERT_TRUE(waitFor([&] { return statusOf("/health") == 503; }));
  down = false;
  EXPECT_TRUE(waitFor([&] { return statusOf("/health") == 200; })) << "S105: recovers by itself";
  EXPECT_EQ(runs, 2);
  ASSERT_TRUE(registry.remove("host", std::chrono::seconds{5}));
}

TEST_F(Endpoints, S5_AnswersWhileEveryCheckHangs) {
  std::atomic<bool> release{false};
  for (int i = 0; i < 20; ++i) {
    CheckSpec spec;
    spec.owner = "host";
    spec.name = "hung" + std::to_string(i);
    spec.timeout = std::chrono::milliseconds{5};
    spec.check = [&](std::chrono::milliseconds) {
      waitFor([&] { return release.load(); });
      return CheckResult{};
    };
    registry.add(spec);
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(statusOf("/health/quick"), 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
  release = true;
  EXPECT_TRUE(registry.remove("host", std::chrono::seconds{20}));
}

}  // namespace
}  // namespace bulkhead::host::health
