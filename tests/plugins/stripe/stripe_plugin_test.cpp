#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "delivery.hpp"

namespace stripe {
namespace {

using bulkhead::testing::TestHost;

nlohmann::json stored(TestHost& host) {
  return nlohmann::json::parse(host.get("/api/stripe/v1/events").body).at("data");
}

TEST(Stripe, AVerifiedEventIsStoredOnceWhateverTheNumberOfDeliveries) {
  TestHost host{"stripe", {{"webhook_secret", kSecret}}};
  EXPECT_EQ(deliver(host, event("evt_1")).body, R"({"received":true,"duplicate":false})");
  EXPECT_EQ(deliver(host, event("evt_1")).body, R"({"received":true,"duplicate":true})");
  EXPECT_EQ(deliver(host, event("evt_2")).status, 200);
  ASSERT_EQ(stored(host).size(), 2U);
  EXPECT_EQ(stored(host)[0]["object_id"], "pi_1");
}

// Goal: equal deliveries at the same moment store one row. Method: 16 threads with one event.
TEST(Stripe, EqualDeliveriesAtOnceAreOneEvent) {
  TestHost host{"stripe", {{"webhook_secret", kSecret}}};
  std::vector<std::thread> clients;
  std::atomic<int> fresh{0};
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      if (deliver(host, event("evt_1")).body.find("\"duplicate\":false") != std::string::npos)
        ++fresh;
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(stored(host).size(), 1U);
}

TEST(Stripe, NothingIsStoredOfWhatIsNotSigned) {
  TestHost host{"stripe", {{"webhook_secret", kSecret}}};
  const std::string body = event("evt_1");
  const auto refused =
      host.send("POST", "/api/stripe/v1/webhooks", {{"Stripe-Signature", "t=1,v1=00"}}, body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.error().code, "SIGNATURE_INVALID");
  EXPECT_EQ(host.send("POST", "/api/stripe/v1/webhooks", {}, body).status, 400);
  EXPECT_EQ(host.send("POST", "/api/stripe/v1/webhooks",
                      {{"Stripe-Signature", signatureOf(body, kNow - 301)}}, body)
                .status,
            400);
  EXPECT_TRUE(stored(host).empty());
}

TEST(Stripe, ASignedBodyThatIsNoEventIsRefused) {
  TestHost host{"stripe", {{"webhook_secret", kSecret}}};
  for (const char* body : {"", "[]", "{}", "{\"id\":5,\"type\":\"x\"}", "not json"}) {
    EXPECT_EQ(deliver(host, body).status, 400) << body;
  }
}

TEST(Stripe, EventsOfTheOtherModeAreNotOurs) {
  TestHost host{"stripe", {{"webhook_secret", kSecret}, {"secret_key", "sk_live_12345678"}}};
  EXPECT_EQ(deliver(host, event("evt_1", false)).error().code, "LIVEMODE_MISMATCH");
  EXPECT_EQ(deliver(host, event("evt_2", true)).status, 200);
}

TEST(Stripe, C13_WithoutCredentialsItRunsAndSaysSo) {
  TestHost host{"stripe"};
  EXPECT_EQ(nlohmann::json::parse(host.health("api")).at("configured"), false);
  const auto answer = deliver(host, event("evt_1"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.error().code, "NOT_CONFIGURED");
  EXPECT_NE(answer.error().message.find("webhook_secret"), std::string::npos);
}

// Who has the key alone takes payments; whoever looks after it is told what is missing.
TEST(Stripe, WithoutItsWebhookSecretItIsConfiguredAndSaysWhatIsMissing) {
  TestHost host{"stripe",
                {{"secret_key", "sk_test_12345678"}, {"base_url", "https://stripe.example/"}}};
  host.wire().answerNext(bulkhead::testing::httpAnswer(200, "{}"));
  EXPECT_EQ(nlohmann::json::parse(host.health("api")).at("configured"), true);
  EXPECT_EQ(host.wire().sent().at(0).url, "https://stripe.example/v1/balance");
  EXPECT_NE(host.health("webhook").find("webhook_secret not set"), std::string::npos);
}

TEST(Stripe, ABlankSecretIsRefusedAtTheStart) {
  EXPECT_THROW((TestHost{"stripe", {{"webhook_secret", "                \\ "}}}),
               std::runtime_error);
}

TEST(Stripe, ListingPagesBackwards) {
  TestHost host{"stripe", {{"webhook_secret", kSecret}}};
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(deliver(host, event("evt_" + std::to_string(i))).status, 200);
    host.advance(std::chrono::seconds{1});
  }
  const auto first =
      nlohmann::json::parse(host.get("/api/stripe/v1/events?limit=2").body).at("data");
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0]["id"], "evt_2");
  const auto rest =
      nlohmann::json::parse(host.get("/api/stripe/v1/events?before=evt_1").body).at("data");
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0]["id"], "evt_0");
  EXPECT_EQ(host.get("/api/stripe/v1/events?before=evt_9").status, 400);
  EXPECT_EQ(host.get("/api/stripe/v1/events?limit=201").status, 400);
}

// Goal: no event is lost between two pages. Method: all of them arrive in one microsecond.
TEST(Stripe, PagingLosesNoEventOfTheSameMoment) {
  TestHost host{"stripe", {{"webhook_secret", kSecret}}};
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(deliver(host, event("evt_" + std::to_string(i))).status, 200);
  std::vector<std::string> seen;
  std::string page = "/api/stripe/v1/events?limit=2";
  for (;;) {
    const auto events = nlohmann::json::parse(host.get(page).body).at("data");
    if (events.empty()) break;
    for (const auto& one : events) seen.push_back(one.at("id"));
    page = "/api/stripe/v1/events?limit=2&before=" + seen.back();
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"evt_4", "evt_3", "evt_2", "evt_1", "evt_0"}));
}

// Events are the account's and of no tenant, so a tenant's key must not list them.
TEST(Stripe, EventsAreListedForAdministratorsAlone) {
  TestHost host{"stripe", {{"webhook_secret", kSecret}}};
  host.actAs("beta", "stripe:read");
  EXPECT_EQ(host.get("/api/stripe/v1/events").status, 403);
  host.actAs("beta", "stripe:read admin");
  EXPECT_EQ(host.get("/api/stripe/v1/events").status, 200);
}

}  // namespace
}  // namespace stripe
