#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include <bulkhead/form_writer.hpp>
#include <bulkhead/signing.hpp>
#include <bulkhead/testing/fail_each_call.hpp>

#include "fake_twilio.hpp"
#include "signature.hpp"

namespace twilio {
namespace {

using bulkhead::testing::expectStatus;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestResponse;

constexpr const char* kStatus = "/api/twilio/v1/webhooks/status";
constexpr const char* kInbound = "/api/twilio/v1/webhooks/inbound";
constexpr const char* kEmpty = R"(<?xml version="1.0" encoding="UTF-8"?><Response/>)";

/// A webhook as Twilio sends it.
TestResponse deliver(TestHost& host, const std::string& target, Fields form,
                     const std::string& auth_token = kToken) {
  form.emplace_back("AccountSid", kAccount);
  std::string body;
  bulkhead::FormWriter writer{body};
  for (const auto& [name, value] : form) writer.field(name, value);
  const std::string signature =
      bulkhead::toBase64(bulkhead::hmacSha1(auth_token, signedText(kPublic + target, form)));
  return host.send(
      "POST", target,
      {{"Content-Type", "application/x-www-form-urlencoded"}, {"X-Twilio-Signature", signature}},
      body);
}

Fields statusOf(const std::string& status, const std::string& sid = "SM1") {
  return {{"MessageSid", sid}, {"MessageStatus", status}, {"NewOfNextYear", "x"}};
}

const Fields kHello{{"MessageSid", "SMin1"},
                    {"From", "+15005550009"},
                    {"To", "+15005550006"},
                    {"Body", "Zoë ✓ 100% & \"ok\" = + /?"},
                    {"FromZip", ""},
                    {"NumMedia", "1"},
                    {"MediaUrl0", "https://h.example/a"},
                    {"MediaContentType0", "image/png"}};

class TwilioWebhooks : public testing::Test {
 protected:
  void send(const std::string& reference = "bk_42") {
    const std::string body =
        R"({"to":"+15005550009","text":"Monday at ten","reference":")" + reference + "\"}";
    ASSERT_EQ(host_.post("/api/twilio/v1/messages", body).status, 201);
  }
  std::vector<json> told(const std::string& event) {
    std::vector<json> payloads;
    for (const auto& one : host_.published("messaging/1")) {
      if (one.event == event) payloads.push_back(json::parse(one.json));
    }
    return payloads;
  }

  TestHost host_{"twilio",
                 {{"account_sid", kAccount},
                  {"auth_token", kToken},
                  {"sender", "+15005550006"},
                  {"public_base_url", kPublic},
                  {"tenant", "front-desk"}}};
  FakeTwilio twilio_{host_};
};

TEST_F(TwilioWebhooks, ProgressIsToldForwardAloneWhateverTheOrderOfTheNews) {
  send();
  for (const char* status : {"queued", "delivered", "sent", "delivered", "of next year"})
    EXPECT_EQ(deliver(host_, kStatus, statusOf(status)).status, 204);
  host_.runMessages();
  const auto updates = told("message_updated");
  ASSERT_FALSE(updates.empty());
  EXPECT_EQ(updates.back(),
            json::parse(R"({"id":"SM1","reference":"bk_42","status":"delivered","segments":1})"));
  for (std::size_t i = 0; i + 1 < updates.size(); ++i) EXPECT_EQ(updates[i]["status"], "sent");
  EXPECT_EQ(host_.published("messaging/1").at(0).tenant, "t1");
}

TEST_F(TwilioWebhooks, ARepeatedDeliveryIsToldOnce) {
  send();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(deliver(host_, kStatus, statusOf("sent")).status, 204);
    host_.runMessages();
  }
  EXPECT_EQ(told("message_updated").size(), 1U);
}

TEST_F(TwilioWebhooks, TheCallbackFindsAMessageWhoseSendingEndedInTheUnknown) {
  twilio_.next(FakeTwilio::Next::LoseTheAnswer);
  const char* body = R"({"to":"+15005550009","text":"Monday at ten","reference":"bk_42"})";
  EXPECT_EQ(host_.post("/api/twilio/v1/messages", body, {{"Idempotency-Key", "k"}}).status, 502);
  const std::string callback{
      bulkhead::Form::parse(host_.wire().sent().at(0).body).get("StatusCallback")};
  deliver(host_, callback.substr(std::string{kPublic}.size()), statusOf("sent"));
  host_.runMessages();
  twilio_.hide(true);
  const auto again = host_.post("/api/twilio/v1/messages", body, {{"Idempotency-Key", "k"}});
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(twilio_.messages().size(), 1U) << "although Twilio's list does not show it";
}

TEST_F(TwilioWebhooks, WhatIsNotSignedIsNotKept) {
  send();
  EXPECT_EQ(deliver(host_, kStatus, statusOf("sent"), "another-token").error().code,
            "SIGNATURE_INVALID");
  EXPECT_EQ(host_
                .send("POST", kStatus, {{"Content-Type", "application/x-www-form-urlencoded"}},
                      "MessageSid=SM1&MessageStatus=sent")
                .status,
            400);
  EXPECT_EQ(host_.send("POST", kInbound, {{"Content-Type", "application/json"}}, "{}").error().code,
            "SIGNATURE_INVALID");
  host_.runMessages();
  EXPECT_TRUE(told("message_updated").empty());
}

TEST_F(TwilioWebhooks, AnotherAccountsMessagesAreNotOurs) {
  Fields form = statusOf("sent");
  std::string body = "MessageSid=SM1&MessageStatus=sent&AccountSid=AC1";
  const std::string signature = bulkhead::toBase64(bulkhead::hmacSha1(
      kToken,
      signedText(std::string{kPublic} + kStatus,
                 {{"MessageSid", "SM1"}, {"MessageStatus", "sent"}, {"AccountSid", "AC1"}})));
  EXPECT_EQ(host_
                .send("POST", kStatus,
                      {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"X-Twilio-Signature", signature}},
                      body)
                .status,
            400);
}

TEST_F(TwilioWebhooks, WhatPeopleWriteIsToldOnceAndToWhomWroteToThem) {
  for (int i = 0; i < 2; ++i) EXPECT_EQ(deliver(host_, kInbound, kHello).status, 200);
  host_.runMessages();
  const auto received = told("message_received");
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0], json::parse(R"({"id":"SMin1","from":"+15005550009","to":"+15005550006",
      "text":"Zoë ✓ 100% & \"ok\" = + /?","media":[{"url":"https://h.example/a","type":"image/png"}]})"));
  EXPECT_EQ(host_.published("messaging/1").at(0).tenant, "front-desk");
  send();
  Fields second = kHello;
  second[0].second = "SMin2";
  deliver(host_, kInbound, second);
  host_.runMessages();
  EXPECT_EQ(host_.published("messaging/1").back().tenant, "t1") << "who has written to them last";
}

TEST_F(TwilioWebhooks, WhoseMessageWasRefusedHearsNoAnswers) {
  send();
  host_.actAs("t2");
  host_.wire().answerNext(
      bulkhead::testing::httpAnswer(400, R"({"code":21606,"message":"no","status":400})"));
  const auto refused =
      host_.post("/api/twilio/v1/messages", R"({"to":"+15005550009","text":"x","reference":"r2"})");
  EXPECT_GE(refused.status, 400);
  deliver(host_, kInbound, kHello);
  host_.runMessages();
  EXPECT_EQ(host_.published("messaging/1").back().tenant, "t1");
}

TEST_F(TwilioWebhooks, NobodyWhoAnswersIsAnEmptyAnswer) {
  const auto answer = deliver(host_, kInbound, kHello);
  EXPECT_EQ(answer.body, kEmpty);
  EXPECT_EQ(answer.header("content-type"), "text/xml");
}

TEST_F(TwilioWebhooks, WhoAnswersIsAskedOnceAndARepeatHearsTheSame) {
  host_.capabilities().answer("messaging/1", "inbound_message", [](std::string_view) {
    return std::string{R"({"replies":["See you & bye"]})"};
  });
  const auto first = deliver(host_, kInbound, kHello);
  EXPECT_EQ(first.body, R"(<?xml version="1.0" encoding="UTF-8"?>)"
                        "<Response><Message>See you &amp; bye</Message></Response>");
  EXPECT_EQ(deliver(host_, kInbound, kHello).body, first.body);
  EXPECT_EQ(host_.capabilities().requests("messaging/1", "inbound_message").size(), 1U);
}

TEST(TwilioWebhooksUnset, C13_WithoutAnAddressTheySaySo) {
  TestHost host{"twilio", {{"account_sid", kAccount}, {"auth_token", kToken}}};
  const auto answer = deliver(host, kStatus, statusOf("sent"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.error().code, "NOT_CONFIGURED");
  EXPECT_NE(answer.error().message.find("public_base_url"), std::string::npos);
}

// Goal: what was acknowledged is told once. Method: each call to the host fails once, in each way.
TEST(TwilioFailingCalls, ADeliveryIsToldOnceWhateverFails) {
  Scenario scenario;
  scenario.plugin = "twilio";
  scenario.settings = {{"account_sid", kAccount},
                       {"auth_token", kToken},
                       {"public_base_url", kPublic},
                       {"tenant", "front-desk"}};
  scenario.run = [](TestHost& host) {
    expectStatus(deliver(host, kInbound, kHello), 200);
    expectStatus(deliver(host, kStatus, statusOf("sent")), 204);
  };
  scenario.verify = [](TestHost& host) {
    host.runMessages();
    const auto published = host.published("messaging/1").size();
    if (published != 1) throw std::runtime_error{std::to_string(published) + " events"};
  };
  const auto report = failEachCall(scenario);
  EXPECT_THAT(report.problems, testing::IsEmpty());
  EXPECT_GE(report.calls, 4U);
}

}  // namespace
}  // namespace twilio
