#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "assault.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kSettings =
    "limits.failures = 5\nlimits.failure_pause_ms = 1500\nlimits.deadline_ms = 600\n"
    "limits.stuck_ms = 60000\n";

/// Calls are kept away from a plugin that fails them all, in each of its two lives.
class Circuit : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(assault_.isReady()); }

  std::string impairment() const { return assault_.plugin().value("impairment", "?"); }
  std::string health() const {
    return assault_.host().client().get("/health").json().value("status", "");
  }
  /// It is open: what is asked now is refused at once, and everybody says why.
  void expectOpen() {
    const HttpAnswer refused = assault_.get("/deeds/none");
    EXPECT_EQ(refused.status, 503) << refused.body;
    EXPECT_EQ(refused.errorCode(), "CIRCUIT_OPEN");
    EXPECT_NE(refused.header("retry-after"), "");
    EXPECT_EQ(impairment(), "circuit_open");
    EXPECT_EQ(assault_.plugin().value("state", ""), "running");
    EXPECT_EQ(health(), "degraded");
    EXPECT_THAT(assault_.host().client().get("/health?details=true").body,
                HasSubstr("circuit_open"));
    EXPECT_THAT(assault_.host().client().get("/metrics").body,
                HasSubstr("bulkhead_plugin_circuit_state{plugin=\"assailant\"} "));
    EXPECT_EQ(assault_.host().keyed("salon").get("/api/greeter/v1/hello/Ada").status, 200);
  }

  mutable Assault assault_{kSettings, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Lives, Circuit, testing::Values("worker", "inprocess"),
                         [](const auto& life) { return life.param; });

TEST_P(Circuit, ARunOfExceptionsOpensItAndSuccessClosesIt) {
  for (int failure = 0; failure < 5; ++failure)
    EXPECT_EQ(assault_.post("/deeds/throw").status, 500);
  expectOpen();
  EXPECT_TRUE(await([&] { return assault_.get("/deeds/none").status == 200; }));
  for (int trial = 0; trial < 3; ++trial) EXPECT_EQ(assault_.get("/deeds/none").status, 200);
  EXPECT_EQ(impairment(), "");
  EXPECT_EQ(assault_.plugin().value("circuit", ""), "closed");
  EXPECT_EQ(assault_.plugin().value("circuit_opens", 0), 1);
  EXPECT_TRUE(await([&] { return health() == "healthy"; }));
  const json told = assault_.host().awaitLogLine(
      [](const json& line) { return line.value("event", "") == "circuit_open"; });
  EXPECT_EQ(told.value("code", ""), "INTERNAL_ERROR");
}

TEST_P(Circuit, ARunOfDeadlinesOpensItWhileTheCallsStillRun) {
  std::vector<std::thread> clients;
  for (int call = 0; call < 5; ++call)
    clients.emplace_back([&] { EXPECT_EQ(assault_.get("/deeds/doze").status, 504); });
  for (auto& client : clients) client.join();
  expectOpen();
  EXPECT_TRUE(await([&] { return assault_.get("/deeds/none").status == 200; }))
      << "the permits of those that ran too long are not missing";
}

TEST_P(Circuit, ATrialThatFailsOpensItAgain) {
  for (int failure = 0; failure < 5; ++failure) assault_.post("/deeds/throw");
  EXPECT_TRUE(await([&] { return assault_.post("/deeds/throw").status == 500; }));
  expectOpen();
  EXPECT_EQ(assault_.plugin().value("circuit_opens", 0), 2);
}

TEST_P(Circuit, MistakesOfClientsNeverOpenIt) {
  for (int mistake = 0; mistake < 20; ++mistake)
    EXPECT_EQ(assault_.get("/deeds/no-such-deed").status, 404);
  EXPECT_EQ(impairment(), "");
  EXPECT_EQ(assault_.get("/deeds/none").status, 200);
}

TEST_P(Circuit, ANewGenerationBeginsClosed) {
  for (int failure = 0; failure < 5; ++failure) assault_.post("/deeds/throw");
  ASSERT_EQ(impairment(), "circuit_open");
  EXPECT_EQ(assault_.host().keyed().post("/api/admin/plugins/assailant/reload", "").status, 200);
  EXPECT_EQ(assault_.get("/deeds/none").status, 200);
}

TEST(CircuitOfAWorker, ARunOfCrashesOpensIt) {
  Assault assault{"limits.failures = 3\n"};
  ASSERT_TRUE(assault.isReady());
  for (int failure = 0; failure < 3; ++failure)
    EXPECT_EQ(assault.post("/deeds/segfault").errorCode(), "PLUGIN_CRASHED");
  EXPECT_TRUE(assault.awaitGeneration(4)) << assault.plugin();
  EXPECT_EQ(assault.get("/deeds/none").errorCode(), "CIRCUIT_OPEN");
}

}  // namespace
}  // namespace bulkhead::integration
