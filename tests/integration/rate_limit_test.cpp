#include <chrono>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kHello = "/api/greeter/v1/hello/Ada";

class RateLimits : public testing::Test {
 protected:
  void start(const Environment& more, std::string_view settings = "enabled = true\n") {
    folder_.install("greeter", settings);
    host_ = std::make_unique<HostProcess>(folder_, more);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    ASSERT_EQ(folder_.run({"tenant", "create", "acme"}).code, 0);
  }
  HttpClient withNewKey(const std::vector<std::string>& limits = {}) const {
    std::vector<std::string> words{"key",  "create",  "desk",      "--tenant",
                                   "acme", "--scope", "greeter:*", "--json"};
    words.insert(words.end(), limits.begin(), limits.end());
    const json key = json::parse(folder_.run(words).output);
    return HttpClient{host_->port(), {{"X-API-Key", key.at("key").get<std::string>()}}};
  }
  static int allowedOf(const HttpClient& client, int requests, const char* target = kHello) {
    int allowed = 0;
    for (int i = 0; i < requests; ++i) allowed += client.get(target).status == 429 ? 0 : 1;
    return allowed;
  }

  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

TEST_F(RateLimits, S39_S40_S41_EachKeyHasItsLimitsAndHearsOfThem) {
  start({{"RATE_LIMIT_PER_MINUTE", "4"}, {"RATE_LIMIT_PER_HOUR", "50"}});
  const auto one = withNewKey();
  const auto first = one.get(kHello);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.header("x-ratelimit-limit-minute"), "4");
  EXPECT_EQ(first.header("x-ratelimit-remaining-minute"), "3");
  EXPECT_EQ(first.header("x-ratelimit-limit-hour"), "50");
  EXPECT_EQ(first.header("x-ratelimit-remaining-hour"), "49");
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  EXPECT_NEAR(std::stod(first.header("x-ratelimit-reset-minute")), static_cast<double>(now) + 15,
              5);
  EXPECT_EQ(first.header("ratelimit-policy"), R"("minute";q=4;w=60, "hour";q=50;w=3600)");
  EXPECT_THAT(first.header("ratelimit"), HasSubstr(R"("minute";r=3;t=15)"));
  EXPECT_EQ(allowedOf(one, 8), 3);
  const auto refused = one.get(kHello);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.errorCode(), "RATE_LIMIT_EXCEEDED");
  EXPECT_EQ(refused.header("x-ratelimit-remaining-minute"), "0");
  EXPECT_LE(std::stoi(refused.header("retry-after")), 15);
  EXPECT_EQ(withNewKey().get(kHello).status, 200);
  EXPECT_EQ(allowedOf(withNewKey({"--per-minute", "2"}), 5), 2);
  EXPECT_EQ(allowedOf(withNewKey({"--per-hour", "3"}), 5), 3);
}

TEST_F(RateLimits, S128_IsOnUnlessSomebodySwitchesItOff) {
  start({{"RATE_LIMIT_PER_MINUTE", ""}, {"RATE_LIMIT_PER_HOUR", ""}});
  const auto answer = withNewKey().get(kHello);
  EXPECT_EQ(answer.header("x-ratelimit-limit-minute"), "6000");
  EXPECT_EQ(answer.header("x-ratelimit-limit-hour"), "100000");
}

TEST_F(RateLimits, S128_ProbesMonitoringAndTheAdminSocketAreNotLimited) {
  start({{"RATE_LIMIT_ADDRESS_PER_MINUTE", "2"}, {"RATE_LIMIT_PER_MINUTE", "2"}});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(host_->client().get("/health/liveness").status, 200);
    EXPECT_EQ(host_->keyed().get("/api/monitoring/cache-stats").status, 200);
    EXPECT_EQ(folder_.run({"tenant", "list"}).code, 0);
  }
  EXPECT_EQ(host_->client().get("/health/liveness").header("ratelimit"), "");
  EXPECT_EQ(allowedOf(host_->client(), 5, "/openapi.json"), 2);
  EXPECT_EQ(allowedOf(host_->client(), 3, "/nowhere"), 0) << "the same address";
  EXPECT_EQ(allowedOf(host_->keyed(), 5, "/api/admin/tenants"), 2);
}

TEST_F(RateLimits, APluginsOwnLimitIsForEachClientAndIsReadAgain) {
  start({}, "enabled = true\nlimits.requests_per_minute = 3\n");
  const auto one = withNewKey();
  EXPECT_EQ(allowedOf(one, 6), 3);
  EXPECT_EQ(allowedOf(withNewKey(), 6), 3);
  EXPECT_EQ(one.get("/api/admin/tenants").status, 403) << "other routes are open to it";
  folder_.configure("greeter", "enabled = true\nlimits.requests_per_minute = 0\n");
  ASSERT_EQ(folder_.run({"config", "reload"}).code, 0);
  EXPECT_EQ(allowedOf(one, 6), 6);
}

TEST_F(RateLimits, AKeyOnWhatItMayNotIsLimitedToo) {
  start({{"RATE_LIMIT_REFUSED_PER_MINUTE", "4"}});
  const auto one = withNewKey();
  EXPECT_EQ(one.get("/api/admin/tenants").status, 403);
  const HttpClient elsewhere{host_->port(), {{"X-API-Key", "bh_live_guess"}, {"Via", "1.1 a"}}};
  EXPECT_EQ(elsewhere.get("/metrics").status, 401) << "a guess at a route of the inside";
  const HttpClient stranger{host_->port(),
                            {{"X-API-Key", std::string{kApiKey}}, {"X-Tenant-Id", "other"}}};
  EXPECT_EQ(stranger.get(kHello).status, 404);
  EXPECT_EQ(host_->keyed().get(kHello).status, 200);
  EXPECT_EQ(one.get("/api/admin/tenants").status, 403);
  EXPECT_EQ(one.get("/api/admin/tenants").status, 429);
  EXPECT_EQ(elsewhere.get("/metrics").status, 429);
  EXPECT_EQ(stranger.get(kHello).status, 429);
  EXPECT_EQ(one.get(kHello).status, 200) << "it may do that";
}

TEST_F(RateLimits, WhoIsRefusedIsToldInTheSecurityLogAndCounted) {
  start({{"RATE_LIMIT_REFUSED_PER_MINUTE", "2"}, {"RATE_LIMIT_PER_MINUTE", "100"}});
  const HttpClient guesser{host_->port(), {{"X-API-Key", "bh_live_guess"}}};
  EXPECT_EQ(guesser.get(kHello).status, 401);
  EXPECT_EQ(guesser.get(kHello).status, 401);
  EXPECT_EQ(guesser.get(kHello).status, 429);
  EXPECT_EQ(withNewKey().get(kHello).status, 200) << "from the same address";
  const json line = host_->awaitLogLine(
      [](const json& found) { return found.value("event", "") == "rate_limited"; });
  EXPECT_EQ(line.value("reason", ""), "refused");
  const auto metrics = host_->client().get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("rate_limit_decisions_total{policy=\"refused\","
                                 "decision=\"limited\",backend=\"local\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("rate_limit_decisions_total{policy=\"key\","
                                 "decision=\"allowed\",backend=\"local\"} 1\n"));
}

}  // namespace
}  // namespace bulkhead::integration
