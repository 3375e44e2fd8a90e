#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include <bulkhead/signing.hpp>
#include <bulkhead/testing/fail_each_call.hpp>

#include "fake_vapi.hpp"

namespace vapi {
namespace {

using bulkhead::testing::expectStatus;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestResponse;

constexpr const char* kWebhook = "/api/vapi/v1/webhooks";
constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::int64_t kNow = 1'767'600'000;  // the test host's clock

TestResponse deliver(TestHost& host, const std::string& body, const std::string& id,
                     std::int64_t at = kNow) {
  const std::string key = bulkhead::fromBase64(std::string_view{kSecret}.substr(6)).value_or("");
  const std::string time = std::to_string(at);
  return host.send("POST", kWebhook,
                   {{"Content-Type", "application/json"},
                    {"webhook-id", id},
                    {"webhook-timestamp", time},
                    {"webhook-signature", "v1," + bulkhead::toBase64(bulkhead::hmacSha256(
                                                      key, id + "." + time + "." + body))}},
                   body);
}

std::string about(const std::string& members, const std::string& call = "c1") {
  return R"({"message":{)" + members + R"(,"call":{"id":")" + call +
         R"(","customer":{"number":"+15005550009"}},"phoneNumber":{"number":"+15005550001"}}})";
}

const std::string kTool = about(
    R"("type":"tool-calls","toolCallList":[{"id":"t1","type":"function","function":{"name":"book","arguments":"{\"day\":\"2026-01-05\"}"}},)"
    R"({"id":"t2","name":"look","parameters":{}}])");
const std::string kReport = about(
    R"("type":"end-of-call-report","endedReason":"customer-ended-call","cost":0.12,"startedAt":"2026-01-02T15:04:05.000Z",)"
    R"("artifact":{"transcript":"AI: Hi"},"analysis":{"summary":"Booked."})");

std::string statusOf(const std::string& status) {
  return about(R"("type":"status-update","status":")" + status + "\"");
}

class VapiWebhooks : public testing::Test {
 protected:
  std::vector<json> told(const std::string& event) {
    std::vector<json> payloads;
    for (const auto& one : host_.published("voice/1")) {
      if (one.event == event) payloads.push_back(json::parse(one.json));
    }
    return payloads;
  }

  TestHost host_{"vapi",
                 {{"api_key", "vapi-key-0123456789"},
                  {"assistant", "a1"},
                  {"phone_number", "p1"},
                  {"webhook_secret", kSecret},
                  {"tenant", "front-desk"}}};
  FakeVapi vapi_{host_};
};

TEST_F(VapiWebhooks, ACallOfOursIsFollowedToItsEnd) {
  host_.post("/api/vapi/v1/calls", R"({"to":"+15005550009","reference":"bk_42"})");
  int id = 0;
  for (const char* status : {"ringing", "ended", "in-progress", "ended"})
    EXPECT_EQ(deliver(host_, statusOf(status), "m" + std::to_string(++id)).status, 200);
  deliver(host_, kReport, "m9");
  deliver(host_, kReport, "m9");
  host_.runMessages();
  const auto updates = told("call_updated");
  ASSERT_GE(updates.size(), 2U);
  EXPECT_EQ(updates[0], json::parse(R"({"id":"c1","reference":"bk_42","status":"queued"})"));
  EXPECT_EQ(updates.back(), json::parse(R"({"id":"c1","reference":"bk_42","status":"ended"})"));
  for (const auto& update : updates)
    EXPECT_NE(update["status"], "in_progress") << "the end is the end";
  const auto ended = told("call_ended");
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0],
            json::parse(R"({"id":"c1","reference":"bk_42","ended_reason":"customer-ended-call",
      "customer":"+15005550009","started_at":"2026-01-02T15:04:05.000Z","summary":"Booked.",
      "transcript":"AI: Hi","cost":0.12})"));
  EXPECT_EQ(host_.published("voice/1").back().tenant, "t1");
}

TEST_F(VapiWebhooks, ACallThatSomebodyBeganIsTheSettingsTenants) {
  deliver(host_, statusOf("in-progress"), "m1");
  deliver(host_, kReport, "m2");
  host_.runMessages();
  EXPECT_EQ(told("call_updated").size(), 2U);
  EXPECT_EQ(told("call_ended").size(), 1U);
  EXPECT_EQ(host_.published("voice/1").back().tenant, "front-desk");
}

// Vapi does not say whether its timestamps are seconds or milliseconds.
TEST_F(VapiWebhooks, ATimestampMayBeInMilliseconds) {
  EXPECT_EQ(deliver(host_, kReport, "m1", kNow * 1000 + 999).status, 200);
  EXPECT_EQ(deliver(host_, kReport, "m2", (kNow - 301) * 1000).status, 400);
  EXPECT_EQ(deliver(host_, kReport, "m3", (kNow + 301) * 1000).status, 400);
}

TEST_F(VapiWebhooks, WhatIsNotVapisIsNotKept) {
  EXPECT_EQ(host_.send("POST", kWebhook, {}, kReport).error().code, "SIGNATURE_INVALID");
  EXPECT_EQ(deliver(host_, kReport, "m1", kNow - 301).status, 400);
  EXPECT_EQ(host_.send("POST", kWebhook, {{"X-Vapi-Secret", kSecret}}, kReport).status, 400);
  EXPECT_EQ(deliver(host_, "{}", "m1").error().code, "VALIDATION_ERROR");
  host_.runMessages();
  EXPECT_TRUE(host_.published("voice/1").empty());
}

TEST(VapiSecret, ProvesItselfByItsHeader) {
  TestHost host{"vapi",
                {{"webhook_authentication", "secret"}, {"webhook_secret", "s3cret-of-vapi-0123"}}};
  EXPECT_EQ(host.send("POST", kWebhook, {{"X-Vapi-Secret", "Bearer s3cret-of-vapi-0123"}}, kReport)
                .status,
            200);
  EXPECT_EQ(host.send("POST", kWebhook, {{"X-Vapi-Secret", "s3cret-of-vapi-0123"}}, kReport).status,
            200);
  EXPECT_EQ(host.send("POST", kWebhook, {{"X-Vapi-Secret", "other"}}, kReport).status, 400);
  host.runMessages();
  EXPECT_EQ(host.published("voice/1").size(), 2U) << "one report, and that the call is over";
}

TEST(VapiSecret, C13_WithoutOneItSaysSo) {
  TestHost host{"vapi"};
  EXPECT_EQ(host.send("POST", kWebhook, {}, kReport).error().code, "NOT_CONFIGURED");
}

TEST_F(VapiWebhooks, OtherNewsAreAcknowledgedAndNoMore) {
  for (const char* type :
       {"hang", "speech-update", "transfer-destination-request", "of next year"}) {
    const auto answer = deliver(host_, about(R"("type":")" + std::string{type} + "\""), type);
    EXPECT_EQ(answer.status, 200);
  }
  host_.runMessages();
  EXPECT_TRUE(host_.published("voice/1").empty());
}

TEST_F(VapiWebhooks, ToolsAreAnsweredInTheirOrderAndARepeatHearsTheSame) {
  host_.capabilities().answer("voice/1", "tool_call", [](std::string_view question) {
    const json asked = json::parse(question);
    if (asked["name"] == "book") return std::string{R"({"result":"Booked ✓"})"};
    return std::string{R"({"error":"That day is full"})"};
  });
  const auto first = deliver(host_, kTool, "m1");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(json::parse(first.body), json::parse(R"({"results":[
      {"toolCallId":"t1","name":"book","result":"Booked ✓"},
      {"toolCallId":"t2","name":"look","error":"That day is full"}]})"));
  EXPECT_EQ(deliver(host_, kTool, "m2").body, first.body);
  const auto asked = host_.capabilities().requests("voice/1", "tool_call");
  ASSERT_EQ(asked.size(), 2U) << "each once";
  EXPECT_EQ(json::parse(asked[0]), json::parse(R"({"call":"c1","id":"t1","name":"book",
      "arguments":{"day":"2026-01-05"},"from":"+15005550009","to":"+15005550001"})"));
}

TEST_F(VapiWebhooks, NobodyWhoAnswersIsStillAnAnswer) {
  const json answer = json::parse(deliver(host_, kTool, "m1").body);
  ASSERT_EQ(answer["results"].size(), 2U);
  EXPECT_EQ(answer["results"][0]["toolCallId"], "t1");
  EXPECT_FALSE(answer["results"][0]["error"].get<std::string>().empty());
  const auto odd = deliver(
      host_,
      about(
          R"("type":"tool-calls","toolCallList":[{"id":"t9","name":"no such name!","parameters":{}}])"),
      "m2");
  EXPECT_EQ(odd.status, 200) << odd.body;
  EXPECT_FALSE(json::parse(odd.body)["results"][0]["error"].get<std::string>().empty());
}

TEST_F(VapiWebhooks, AFunctionCallOfOldHasItsOwnAnswer) {
  host_.capabilities().answer("voice/1", "tool_call", [](std::string_view) {
    return std::string{R"({"result":"Booked"})"};
  });
  EXPECT_EQ(
      deliver(host_,
              about(R"("type":"function-call","functionCall":{"name":"book","parameters":"{}"})"),
              "m1")
          .body,
      R"({"result":"Booked"})");
}

TEST_F(VapiWebhooks, WhoAnswersTheTelephoneIsAsked) {
  const std::string ringing = about(R"("type":"assistant-request")");
  EXPECT_FALSE(json::parse(deliver(host_, ringing, "m1").body)["error"].get<std::string>().empty());
  const std::pair<const char*, const char*> rows[] = {
      {R"({"assistant":"a7","variables":{"name":"Zoë"}})",
       R"({"assistantId":"a7","assistantOverrides":{"variableValues":{"name":"Zoë"}}})"},
      {R"({"forward_to":"+15005550002"})",
       R"({"destination":{"type":"number","number":"+15005550002"}})"},
      {R"({"refusal":"We are closed."})", R"({"error":"We are closed."})"}};
  int id = 1;
  for (const auto& [answer, expected] : rows) {
    host_.capabilities().answer("voice/1", "assistant_request",
                                [text = std::string{answer}](std::string_view) { return text; });
    const std::string number = std::to_string(++id);
    const auto told =
        deliver(host_, about(R"("type":"assistant-request")", "c" + number), "m" + number);
    EXPECT_EQ(json::parse(told.body), json::parse(expected));
  }
}

// Goal: what was acknowledged is told once. Method: each call to the host fails once, in each way.
TEST(VapiFailingCalls, AReportIsToldOnceWhateverFails) {
  Scenario scenario;
  scenario.plugin = "vapi";
  scenario.settings = {{"webhook_secret", kSecret}, {"tenant", "front-desk"}};
  scenario.run = [](TestHost& host) {
    expectStatus(deliver(host, statusOf("ringing"), "m1"), 200);
    expectStatus(deliver(host, kReport, "m2"), 200);
  };
  scenario.verify = [](TestHost& host) {
    host.runMessages();
    const auto published = host.published("voice/1").size();
    if (published != 3) throw std::runtime_error{std::to_string(published) + " events"};
  };
  const auto report = failEachCall(scenario);
  EXPECT_THAT(report.problems, testing::IsEmpty());
  EXPECT_GE(report.calls, 2U);
}

}  // namespace
}  // namespace vapi
