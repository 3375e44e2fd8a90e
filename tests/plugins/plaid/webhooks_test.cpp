#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <bulkhead/testing/fail_each_call.hpp>

#include "fake_plaid.hpp"
#include "reference_data.hpp"
#include "signed_webhook.hpp"

namespace plaid {
namespace {

using bulkhead::Outcome;
using bulkhead::testing::expectStatus;
using bulkhead::testing::httpFailure;
using bulkhead::testing::PublishedEvent;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestHost;
using bulkhead::testing::TestResponse;
using json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kNow = 1'767'600'000;  // the test host's clock
constexpr const char* kKeyPath = "/webhook_verification_key/get";

std::string webhook(const std::string& type, const std::string& code, json more = json::object()) {
  json body{{"webhook_type", type},
            {"webhook_code", code},
            {"item_id", "item1"},
            {"environment", "sandbox"}};
  body.update(more);
  return body.dump(2);
}
const std::string kSync = webhook("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE");

class WebhooksOfPlaid : public testing::Test {
 protected:
  WebhooksOfPlaid() { plaid_.answer(kKeyPath, 200, signer_.answer()); }

  TestResponse deliver(const std::string& body, std::int64_t issued_s = kNow) {
    return deliver(body, signer_.header(body, issued_s));
  }
  TestResponse deliver(const std::string& body, const std::string& header) {
    return host_.send("POST", "/api/plaid/v1/webhooks", {{"Plaid-Verification", header}}, body);
  }
  void connect() {
    ASSERT_EQ(
        host_.call("bank-feed/1", "complete_connection", R"({"public_token":"public-sandbox-x"})")
            .status,
        200);
  }
  void take(const std::string& body, std::int64_t issued_s = kNow) {
    ASSERT_EQ(deliver(body, issued_s).status, 200);
    const auto runs = host_.runMessages();
    EXPECT_EQ(runs.failed + runs.dead, 0U) << host_.log().back();
  }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const auto& event : host_.published("bank-feed/1")) names.push_back(event.event);
    return names;
  }
  json connection() {
    return json::parse(host_.get("/api/plaid/v1/connections").body).at("data").at(0);
  }
  int questions() const {
    int count = 0;
    for (const auto& request : host_.wire().sent())
      count += request.url.ends_with(kKeyPath) ? 1 : 0;
    return count;
  }

  const Signer signer_;
  mutable TestHost host_{"plaid", FakePlaid::settings()};
  FakePlaid plaid_{host_};
};

TEST_F(WebhooksOfPlaid, AWebhookIsToldInNeutralWords) {
  connect();
  EXPECT_EQ(deliver(kSync).body, R"({"received":true,"duplicate":false})");
  host_.runMessages();
  const auto told = host_.published("bank-feed/1");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event, "connection_updated");
  EXPECT_EQ(told[0].tenant, "t1");
  EXPECT_EQ(told[0].subject, "item1");
  EXPECT_EQ(told[0].json,
            R"({"connection":"item1","tenant":"t1","occurred_at":"2026-01-05T08:00:00Z",)"
            R"("transactions_available":true})");
}

TEST_F(WebhooksOfPlaid, TheSameDeliveryIsToldOnce) {
  connect();
  const std::string header = signer_.header(kSync, kNow);
  take(kSync);
  EXPECT_EQ(deliver(kSync, header).body, R"({"received":true,"duplicate":true})");
  host_.runMessages();
  EXPECT_EQ(names().size(), 1U);
  take(kSync, kNow + 1);
  EXPECT_EQ(names().size(), 2U) << "the same words a second later are news again";
}

TEST_F(WebhooksOfPlaid, NothingIsKeptOfWhatIsNotPlaids) {
  connect();
  const Signer other{signer_.id()};
  const std::vector<std::string> headers{"",
                                         "garbage",
                                         other.header(kSync, kNow),
                                         signer_.header("{}", kNow),
                                         signer_.header(kSync, kNow - 301),
                                         signer_.header(kSync, kNow + 11),
                                         signer_.header(kSync, kNow, "none")};
  for (const std::string& header : headers) {
    const TestResponse refused = deliver(kSync, header);
    EXPECT_EQ(refused.status, 400) << header;
    EXPECT_EQ(refused.error().code, "SIGNATURE_INVALID") << header;
  }
  EXPECT_EQ(host_.runMessages().done, 0U);
  EXPECT_EQ(deliver("not json").error().code, "VALIDATION_ERROR");
}

TEST_F(WebhooksOfPlaid, AWebhookOfTheOtherEnvironmentIsNotOurs) {
  EXPECT_EQ(deliver(webhook("ITEM", "ERROR", {{"environment", "production"}})).error().code,
            "ENVIRONMENT_MISMATCH");
}

TEST_F(WebhooksOfPlaid, AKeyIsAskedForOnceAndAgainAfterAnHour) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(deliver(kSync, kNow + i).status, 200);
  EXPECT_EQ(questions(), 1);
  host_.advance(std::chrono::hours{1});
  EXPECT_EQ(deliver(kSync, kNow + 3600).status, 200);
  EXPECT_EQ(questions(), 2);
  plaid_.answer(kKeyPath, 500, "");
  host_.advance(std::chrono::hours{2});
  EXPECT_EQ(deliver(kSync, kNow + 3 * 3600).status, 200) << "Plaid is away, its key is known";
  plaid_.answer(kKeyPath, 200, signer_.answer(kNow));
  host_.advance(std::chrono::hours{1});
  EXPECT_EQ(deliver(kSync, kNow + 4 * 3600).status, 400) << "Plaid has ended the key";
}

TEST_F(WebhooksOfPlaid, StrangersKeysCostFewQuestions) {
  plaid_.refuse(kKeyPath, "INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(deliver(kSync).status, 400);
  EXPECT_EQ(questions(), 1) << "what Plaid does not know is remembered";
  for (int i = 0; i < 40; ++i) {
    const Signer stranger{"stranger-" + std::to_string(i)};
    const TestResponse refused = deliver(kSync, stranger.header(kSync, kNow));
    EXPECT_EQ(refused.status, i < 19 ? 400 : 429) << i;
  }
  EXPECT_EQ(questions(), 20);
  host_.advance(std::chrono::minutes{6});
  plaid_.answer(kKeyPath, 200, signer_.answer());
  EXPECT_EQ(deliver(kSync, kNow + 360).status, 200) << "and it is asked again";
}

// Goal: a flood of keys that nobody knows does not keep out Plaid's own, new or known. Method: more
// strangers than may be asked about in each minute, and Plaid's webhook, which Plaid delivers
// again.
TEST_F(WebhooksOfPlaid, AFloodOfStrangersDoesNotKeepPlaidOut) {
  const Signer known{"known"};
  plaid_.answer(kKeyPath, 200, known.answer());
  ASSERT_EQ(deliver(kSync, known.header(kSync, kNow)).status, 200);
  plaid_.refuse(kKeyPath, "INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID");
  int named = 0;
  const auto flood = [&](std::int64_t now) {
    for (int i = 0; i < 100; ++i) {
      const Signer stranger{"stranger-" + std::to_string(++named)};
      const TestResponse refused = deliver(kSync, stranger.header(kSync, now));
      EXPECT_TRUE(refused.status == 400 || refused.status == 429) << refused.body;
    }
  };
  flood(kNow);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(deliver(kSync).error().code, "PROVIDER_RATE_LIMITED")
        << "Plaid's new key has to wait";
  host_.advance(std::chrono::seconds{30});
  flood(kNow + 30);
  plaid_.answer(kKeyPath, 200, signer_.answer());
  EXPECT_EQ(deliver(kSync, kNow + 30).body, R"({"received":true,"duplicate":false})")
      << "and is asked for when it comes again";
  EXPECT_LE(questions(), 1 + 20 + 10);
  host_.advance(std::chrono::hours{1});
  const auto before = questions();
  flood(kNow + 3630);
  plaid_.answer(kKeyPath, 200, signer_.answer(kNow));
  EXPECT_EQ(deliver(kSync, kNow + 3630).status, 400) << "a known key is looked at all the same";
  EXPECT_LE(questions() - before, 21);
}

// Goal: who names ids twice takes the questions for new ones, and none of those for known ones.
// Method: a day after the key was looked at, and after a restart, which the fields of an object do
// not survive.
TEST_F(WebhooksOfPlaid, AKnownKeyIsKnownADayLaterAndAfterARestart) {
  ASSERT_EQ(deliver(kSync).status, 200);
  std::int64_t now = kNow;
  for (const bool is_restarted : {false, true}) {
    if (is_restarted) host_.restart();
    host_.advance(std::chrono::hours{25});
    now += 25 * 3600;
    plaid_.refuse(kKeyPath, "INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID");
    const std::int64_t first = now;
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 60; ++i) {
        const Signer stranger{"stranger-" + std::to_string(first + i)};
        deliver(kSync, stranger.header(kSync, now));
      }
      host_.advance(std::chrono::seconds{20});
      now += 20;
    }
    plaid_.answer(kKeyPath, 200, signer_.answer());
    EXPECT_EQ(deliver(kSync, now).status, 200) << is_restarted;
  }
}

TEST_F(WebhooksOfPlaid, WhilePlaidCannotBeAskedItComesAgain) {
  host_.wire().answerNext(httpFailure(Outcome::NotSent, "NAME_NOT_FOUND"));
  EXPECT_EQ(deliver(kSync).status, 502);
  EXPECT_EQ(deliver(kSync).body, R"({"received":true,"duplicate":false})");
}

TEST_F(WebhooksOfPlaid, AConnectionStandsAsTheNewestNewsSays) {
  connect();
  host_.advance(std::chrono::seconds{100});
  take(webhook("ITEM", "ERROR",
               {{"error", {{"error_type", "ITEM_ERROR"}, {"error_code", "ITEM_LOGIN_REQUIRED"}}}}),
       kNow + 10);
  EXPECT_EQ(connection().value("state", ""), "needs_attention");
  EXPECT_EQ(connection().value("reason", ""), "login_required");
  take(webhook("ITEM", "LOGIN_REPAIRED"), kNow + 50);
  EXPECT_EQ(connection().value("state", ""), "active");
  take(webhook("ITEM", "PENDING_EXPIRATION"), kNow + 30);
  EXPECT_EQ(connection().value("state", ""), "active") << "older than the repair";
  take(webhook("ITEM", "USER_PERMISSION_REVOKED"), kNow + 100);
  EXPECT_EQ(connection().value("state", ""), "revoked");
  EXPECT_THAT(names(), ElementsAre("connection_needs_attention", "connection_updated",
                                   "connection_revoked"));
  EXPECT_THAT(host_.published("bank-feed/1")[1].json,
              HasSubstr(R"("transactions_available":false)"));
}

// A webhook that Plaid delivers again is signed anew, and looks newer than what came meanwhile.
TEST_F(WebhooksOfPlaid, WhatWasRevokedStaysSoUntilItIsConnectedAnew) {
  connect();
  take(webhook("ITEM", "USER_PERMISSION_REVOKED"), kNow);
  take(webhook("ITEM", "LOGIN_REPAIRED"), kNow + 1);
  take(webhook("ITEM", "PENDING_EXPIRATION"), kNow + 2);
  take(kSync, kNow + 3);
  EXPECT_EQ(connection().value("state", ""), "revoked");
  EXPECT_THAT(names(), ElementsAre("connection_revoked"));
  connect();
  EXPECT_EQ(connection().value("state", ""), "active");
  EXPECT_FALSE(connection().contains("reason"));
}

// Goal: what was said before it was connected anew says nothing of it, and what is said while
// Plaid's clock is behind ours does.
TEST_F(WebhooksOfPlaid, WhatIsOlderThanTheConnectionSaysNothingOfIt) {
  connect();
  take(webhook("ITEM", "ERROR"), kNow + 5);
  EXPECT_EQ(connection().value("state", ""), "needs_attention");
  host_.advance(std::chrono::seconds{900});
  EXPECT_EQ(deliver(webhook("ITEM", "ERROR"), kNow + 650).status, 200);
  EXPECT_EQ(deliver(webhook("ITEM", "USER_PERMISSION_REVOKED"), kNow + 699).status, 200);
  host_.advance(std::chrono::seconds{100});
  connect();
  EXPECT_EQ(host_.runMessages().done, 2U);
  EXPECT_EQ(connection().value("state", ""), "active");
  EXPECT_THAT(names(), ElementsAre("connection_needs_attention"));
  take(webhook("ITEM", "ERROR"), kNow + 700);
  EXPECT_EQ(connection().value("state", ""), "needs_attention");
}

TEST_F(WebhooksOfPlaid, NothingIsOlderThanAFirstConnection) {
  EXPECT_EQ(deliver(webhook("ITEM", "ERROR"), kNow - 200).status, 200);
  EXPECT_EQ(host_.runMessages().failed, 1U);
  host_.advance(std::chrono::minutes{10});
  connect();
  EXPECT_EQ(host_.runMessages().done, 1U);
  EXPECT_EQ(connection().value("state", ""), "needs_attention");
}

TEST_F(WebhooksOfPlaid, AnAccountThatIsRevokedLeavesItsConnectionAlive) {
  connect();
  take(webhook("ITEM", "USER_ACCOUNT_REVOKED"));
  EXPECT_EQ(connection().value("state", ""), "active");
  EXPECT_THAT(names(), ElementsAre("connection_updated"));
}

TEST_F(WebhooksOfPlaid, AWebhookThatOvertakesItsConnectionWaitsForIt) {
  ASSERT_EQ(deliver(kSync).status, 200);
  EXPECT_EQ(host_.runMessages().failed, 1U);
  connect();
  host_.advance(std::chrono::minutes{1});
  EXPECT_EQ(host_.runMessages().done, 1U);
  EXPECT_THAT(names(), ElementsAre("connection_updated"));
}

TEST_F(WebhooksOfPlaid, AWebhookOfNobodysConnectionIsPassedOverInTheEnd) {
  ASSERT_EQ(deliver(kSync).status, 200);
  std::size_t done = 0;
  for (int i = 0; i < 10 && done == 0; ++i) {
    done = host_.runMessages().done;
    host_.advance(std::chrono::hours{1});
  }
  EXPECT_EQ(done, 1U);
  EXPECT_TRUE(names().empty());
}

TEST(WebhooksWithoutKeys, C13_SaySoAndNameTheSettings) {
  TestHost host{"plaid"};
  const TestResponse answer = host.send("POST", "/api/plaid/v1/webhooks", {}, "{}");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.error().message, HasSubstr("client_id and secret"));
}

// Goal: a webhook is told exactly once whatever fails between Plaid's delivery and its end.
TEST(FailingCallsOfPlaid, AWebhookIsToldOnceWhateverFails) {
  const Signer signer;
  std::shared_ptr<FakePlaid> plaid;
  Scenario scenario;
  scenario.plugin = "plaid";
  scenario.settings = {
      {"base_url", kApi}, {"client_id", "client-id-of-plaid"}, {"secret", "a-secret-of-plaid"}};
  scenario.prepare = [&](TestHost& host) {
    plaid = std::make_shared<FakePlaid>(host);
    plaid->answer(kKeyPath, 200, signer.answer());
    expectStatus(host.post("/api/plaid/v1/connections", R"({"public_token":"public-sandbox-x"})"),
                 201);
  };
  scenario.run = [&](TestHost& host) {
    expectStatus(host.send("POST", "/api/plaid/v1/webhooks",
                           {{"Plaid-Verification", signer.header(kSync, kNow)}}, kSync),
                 200);
    host.runMessages();
    host.advance(std::chrono::hours{1});
    host.runMessages();
  };
  scenario.verify = [](TestHost& host) {
    if (host.published("bank-feed/1").size() != 1)
      throw std::runtime_error{"the webhook was not told once"};
  };
  EXPECT_THAT(bulkhead::testing::failEachCall(scenario).problems, testing::IsEmpty());
}

TEST_F(WebhooksOfPlaid, ReferenceBodies) {
  const auto file = bulkhead::tests::referenceFile("vectors/plaid_webhook_bodies.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/plaid_webhook_bodies.json is not here";
  connect();
  host_.advance(std::chrono::seconds{100});
  auto rows = json::parse(std::ifstream{*file}).get<std::vector<json>>();
  // nothing is told behind the end of a connection
  std::stable_partition(rows.begin(), rows.end(), [](const json& row) {
    return row.at("body").value("webhook_code", "").find("REVOKED") == std::string::npos;
  });
  std::int64_t second = 0;
  for (const auto& row : rows) {
    json body = row.at("body");
    body["item_id"] = "item1";
    body["environment"] = "sandbox";
    EXPECT_EQ(deliver(body.dump(2), kNow + ++second).status, 200) << row.at("schema");
  }
  const auto runs = host_.runMessages();
  EXPECT_EQ(runs.done, rows.size());
  EXPECT_GE(names().size(), 8U);
}

}  // namespace
}  // namespace plaid
