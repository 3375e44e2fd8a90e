#include "security/rate_limiter.hpp"

#include <atomic>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000;

class Limiter : public testing::Test {
 protected:
  RateLimiterOptions options() {
    return {.clients = 1024,
            .now_us = [this] { return now_us; },
            .limit_of = [this](const std::string& key) { return own_limits[key]; },
            .on_decision =
                [this](RatePolicy policy, bool allowed, RateBackend backend) {
                  decisions.push_back(
                      fmt::format("{} {} {}", nameOf(policy), allowed, nameOf(backend)));
                },
            .on_refusal = [this](const HttpRequest&,
                                 RatePolicy policy) { refusals.emplace_back(nameOf(policy)); },
            .replicas = &replicas};
  }
  static HttpRequest withKey(const std::string& key) {
    HttpRequest request;
    request.peer.address = ClientAddress{"192.0.2.1"};
    request.principal = {key, "t1", {"*"}, true, true};
    return request;
  }
  static HttpRequest from(const char* address) {
    HttpRequest request;
    request.peer.address = ClientAddress{address};
    return request;
  }
  /// What was thrown.
  template <class Act>
  std::optional<Error> refusalOf(const Act& act) {
    try {
      act();
    } catch (const Error& error) {
      return error;
    }
    return std::nullopt;
  }
  std::optional<Error> admit(const HttpRequest& request) {
    return refusalOf([&] { limiter.decide(request, limiter.caseOf(request), quota); });
  }

  std::int64_t now_us = 5 * kSecond;
  std::map<std::string, RateLimit> own_limits;
  std::atomic<std::int64_t> replicas{1};
  RateQuota quota;
  std::vector<std::string> decisions;
  std::vector<std::string> refusals;
  RateLimiter limiter{{{3, 0}, {2, 0}, {4, 0}}, options()};
};

TEST_F(Limiter, S39_AKeyIsAClientWhereverItComesFrom) {
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(admit(withKey("one")));
  HttpRequest elsewhere = withKey("one");
  elsewhere.peer.address = ClientAddress{"192.0.2.77"};
  const auto refusal = admit(elsewhere);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->kind(), ErrorKind::RateLimit);
  EXPECT_EQ(refusal->code(), "RATE_LIMIT_EXCEEDED");
  EXPECT_EQ(refusal->retryAfterSeconds(), 20);
  EXPECT_EQ(refusal->details(), R"({"policies":["minute"]})");
  EXPECT_THAT(refusals, ElementsAre("key"));
  EXPECT_FALSE(admit(withKey("two")));
  now_us += 20 * kSecond;
  EXPECT_FALSE(admit(withKey("one")));
}

TEST_F(Limiter, S40_AKeysOwnLimitHoldsInPlaceOfTheHosts) {
  own_limits = {{"small", {1, 0}}, {"large", {10, 0}}, {"hourly", {0, 1}}};
  EXPECT_FALSE(admit(withKey("small")));
  EXPECT_TRUE(admit(withKey("small")));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(admit(withKey("large")));
  EXPECT_TRUE(admit(withKey("large")));
  EXPECT_FALSE(admit(withKey("hourly")));
  EXPECT_EQ(quota.windows[RateQuota::kMinute].limit, 3) << "its minute is the host's";
  const auto refusal = admit(withKey("hourly"));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->retryAfterSeconds(), 3600);
}

TEST_F(Limiter, WithoutAKeyTheAddressIsTheClientAndOfIPv6ItsNetwork) {
  EXPECT_FALSE(admit(from("192.0.2.1")));
  EXPECT_FALSE(admit(from("192.0.2.1")));
  EXPECT_TRUE(admit(from("192.0.2.1")));
  EXPECT_TRUE(admit(from("::ffff:192.0.2.1"))) << "the same one";
  EXPECT_FALSE(admit(from("192.0.2.2")));
  EXPECT_FALSE(admit(from("2001:db8:0:1::1")));
  EXPECT_FALSE(admit(from("2001:db8:0:1:ffff::2")));
  EXPECT_TRUE(admit(from("2001:db8:0:1:aaaa::3")));
  EXPECT_FALSE(admit(from("2001:db8:0:2::1")));
}

TEST_F(Limiter, RefusedCredentialsCountAtTheirAddressAndTakeNothingFromAnyKey) {
  HttpRequest request = withKey("");
  request.principal = {};
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(refusalOf([&] { limiter.refused(request, quota); }));
  EXPECT_FALSE(quota.decided) << "a 401 tells nothing of limits";
  EXPECT_TRUE(refusalOf([&] { limiter.refused(request, quota); }));
  EXPECT_FALSE(admit(withKey("one"))) << "what is valid is let in";
  EXPECT_FALSE(admit(from("192.0.2.1"))) << "and what needs no credential";
  EXPECT_THAT(refusals, ElementsAre("refused"));
}

TEST_F(Limiter, APluginLimitsItsClientsBesideTheHost) {
  const auto at = [&](std::string_view plugin, const std::string& key) {
    own_limits[key] = {10, 0};
    return refusalOf([&] {
      const HttpRequest request = withKey(key);
      limiter.decide(request, limiter.caseOf(request, plugin, {2, 0}), quota);
    });
  };
  EXPECT_FALSE(at("booking", "one"));
  EXPECT_FALSE(at("booking", "one"));
  const auto refusal = at("booking", "one");
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->details(), R"({"policies":["plugin-minute"]})");
  EXPECT_FALSE(at("stripe", "one"));
  EXPECT_FALSE(at("booking", "two"));
}

TEST_F(Limiter, NoClientIsTakenForAnother) {
  const HttpRequest network = from("2001:db8:4061:6263::1");  // its /64 is " \x01\r\xb8@abc"
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(admit(network));
  const HttpRequest address = from("32.1.13.184");
  EXPECT_FALSE(refusalOf([&] {
    limiter.decide(address, limiter.caseOf(address, "abc", {2, 0}), quota);
  })) << "the bytes of that address, at a plugin";
  const RateCase key = limiter.caseOf(withKey("0123abcd"));
  const RateCase same = limiter.caseOf(from("3031:3233:6162:6364::1"));
  EXPECT_NE(key.demands[0].client, same.demands[0].client) << "on Redis they are in one place";
}

TEST_F(Limiter, NoLimitIsNoLookAndNoHeader) {
  RateLimiter none{{}, options()};
  const HttpRequest request = withKey("one");
  for (int i = 0; i < 1'000; ++i) none.decide(request, none.caseOf(request), quota);
  EXPECT_FALSE(quota.decided);
  EXPECT_TRUE(decisions.empty());
}

TEST_F(Limiter, AReplicaAloneGivesItsShare) {
  limiter.replace({{12, 0}, {}, {}});
  replicas = 3;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(admit(withKey("one")));
  const auto refusal = admit(withKey("one"));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->retryAfterSeconds(), 15);
  replicas = 100;
  EXPECT_FALSE(admit(withKey("two"))) << "one at least";
}

TEST_F(Limiter, OtherLimitsHoldForWhatComesNext) {
  EXPECT_FALSE(admit(withKey("one")));  // a third
  limiter.replace({{6, 0}, {}, {}});
  EXPECT_FALSE(admit(withKey("one")));
  EXPECT_EQ(quota.windows[RateQuota::kMinute].limit, 6);
  EXPECT_EQ(quota.windows[RateQuota::kMinute].remaining, 3);
  EXPECT_THAT(decisions, ElementsAre("key true local", "key true local"));
}

TEST(QuotaHeaders, S41_C27_BothFamiliesTellTheSame) {
  RateQuota quota;
  quota.decided = true;
  quota.windows[RateQuota::kMinute] = {60, 12, 33 * kSecond - 1, 0};
  quota.windows[RateQuota::kHour] = {1000, 800, 2100 * kSecond, 0};
  std::string lines;
  appendQuotaLines(quota, 1'800'000'000 * kSecond, lines);
  EXPECT_EQ(lines,
            "X-RateLimit-Limit-Minute: 60\r\nX-RateLimit-Remaining-Minute: 12\r\n"
            "X-RateLimit-Reset-Minute: 1800000033\r\nX-RateLimit-Limit-Hour: 1000\r\n"
            "X-RateLimit-Remaining-Hour: 800\r\nX-RateLimit-Reset-Hour: 1800002100\r\n"
            "RateLimit-Policy: \"minute\";q=60;w=60, \"hour\";q=1000;w=3600\r\n"
            "RateLimit: \"minute\";r=12;t=33, \"hour\";r=800;t=2100\r\n");
}

TEST(QuotaHeaders, S41_OfTwoLimitsTheTighterOneIsTold) {
  RateQuota quota;
  quota.decided = true;
  quota.windows[RateQuota::kMinute] = {60, 12, kSecond, 0};
  quota.windows[RateQuota::kPluginMinute] = {10, 3, kSecond, 0};
  std::string lines;
  appendQuotaLines(quota, 0, lines);
  EXPECT_THAT(lines, HasSubstr("X-RateLimit-Limit-Minute: 10\r\n"));
  EXPECT_THAT(lines, HasSubstr("X-RateLimit-Remaining-Minute: 3\r\n"));
  EXPECT_THAT(lines, HasSubstr("RateLimit-Policy: \"minute\";q=60;w=60, "
                               "\"plugin-minute\";q=10;w=60\r\n"));
}

}  // namespace
}  // namespace bulkhead::host
