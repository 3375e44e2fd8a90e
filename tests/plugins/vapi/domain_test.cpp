#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include <bulkhead/error.hpp>

#include "call.hpp"
#include "reference_data.hpp"
#include "server_message.hpp"
#include "webhook_guard.hpp"

namespace vapi {
namespace {

using nlohmann::json;
using std::chrono::seconds;

std::string wrapped(const std::string& members) {
  return R"({"message":{)" + members +
         R"(,"call":{"id":"c1","name":"our-id","status":"in-progress"}}})";
}

TEST(ServerMessage, ToolCallsAreReadInEachOfTheirShapes) {
  for (
      const char* one :
      {R"({"id":"t1","type":"function","function":{"name":"book","arguments":"{\"day\":\"2026-01-05\"}"}})",
       R"({"id":"t1","function":{"name":"book","arguments":{"day":"2026-01-05"}}})",
       R"({"id":"t1","name":"book","arguments":"{\"day\":\"2026-01-05\"}"})",
       R"({"id":"t1","name":"book","parameters":{"day":"2026-01-05"}})"}) {
    const auto message = parseServerMessage(
        wrapped(R"("type":"tool-calls","toolCallList":[)" + std::string{one} + "]"));
    ASSERT_EQ(message.tool_calls.size(), 1U) << one;
    EXPECT_EQ(message.tool_calls[0].id, "t1");
    EXPECT_EQ(message.tool_calls[0].name, "book");
    EXPECT_EQ(json::parse(message.tool_calls[0].arguments), json::parse(R"({"day":"2026-01-05"})"))
        << one;
  }
  const auto legacy = parseServerMessage(
      wrapped(R"("type":"function-call","functionCall":{"name":"book","parameters":"{}"})"));
  EXPECT_EQ(legacy.tool_calls.at(0).name, "book");
}

TEST(ServerMessage, ArgumentsThatAreNoObjectAreNone) {
  for (const char* arguments : {"5", "\"not json\"", "[]", "null", "\"[1]\""}) {
    const auto message = parseServerMessage(
        wrapped(R"("type":"tool-calls","toolCallList":[{"id":"t","name":"n","arguments":)" +
                std::string{arguments} + "}]"));
    EXPECT_EQ(message.tool_calls.at(0).arguments, "{}") << arguments;
  }
}

TEST(ServerMessage, WhatIsNoneIsRefused) {
  const std::string deep(200, '[');
  for (const std::string& body :
       {std::string{}, std::string{"[]"}, std::string{"{}"}, std::string{R"({"message":5})"},
        std::string{R"({"message":{"type":5}})"}, deep,
        wrapped(R"("type":"tool-calls","toolCallList":[{"name":"n"}])")})
    EXPECT_THROW(parseServerMessage(body), bulkhead::Error) << body;
}

TEST(ServerMessage, WhatItSaysItselfIsNewerThanTheCallThatItCarries) {
  const auto message = parseServerMessage(wrapped(
      R"("type":"end-of-call-report","status":"ended","endedReason":"customer-ended-call","cost":0.12,)"
      R"("artifact":{"transcript":"AI: Hi"},"analysis":{"summary":"Booked."},"timestamp":5)"));
  ASSERT_TRUE(message.call);
  EXPECT_EQ(message.call->state, CallState::Ended);
  EXPECT_EQ(message.call->name, "our-id");
  EXPECT_EQ(message.call->ended_reason, "customer-ended-call");
  EXPECT_EQ(message.call->transcript, "AI: Hi");
  EXPECT_EQ(message.call->summary, "Booked.");
  EXPECT_DOUBLE_EQ(message.call->cost.value_or(0), 0.12);
  EXPECT_EQ(keyOf(message), "c1:end-of-call-report");
  EXPECT_EQ(keyOf(parseServerMessage(wrapped(R"("type":"status-update","status":"ringing")"))),
            "c1:status-update:ringing");
}

TEST(ServerMessage, AResultIsOneLine) {
  EXPECT_EQ(singleLine("Booked\r\nfor\tten\x7f ✓"), "Booked  for ten  ✓");
}

TEST(VapiCall, StatesHaveTheirNames) {
  EXPECT_FALSE(callIn(json::parse("{}")));
  for (int i = 0; i < 6; ++i) {
    const auto state = static_cast<CallState>(i);
    EXPECT_EQ(stateNamed(nameOf(state)), state);
  }
  EXPECT_EQ(stateOf("in-progress"), CallState::InProgress);
  EXPECT_EQ(stateOf("in_progress"), std::nullopt);
}

constexpr seconds kNow{1'700'000'000};

TEST(WebhookGuard, TheSecretItselfIsCompared) {
  const WebhookGuard guard{false, {"s3cret-of-vapi", "the-one-before"}};
  EXPECT_FALSE(guard.refusal({.signature = {}, .secret = "s3cret-of-vapi"}, "{}", kNow));
  EXPECT_FALSE(guard.refusal({.signature = {}, .secret = "Bearer the-one-before"}, "{}", kNow));
  EXPECT_TRUE(guard.refusal({.signature = {}, .secret = "s3cret-of-vap"}, "{}", kNow));
  EXPECT_TRUE(guard.refusal({}, "{}", kNow));
  EXPECT_TRUE((WebhookGuard{false, {}}).refusal({}, "{}", kNow)) << "without secrets nobody passes";
  EXPECT_TRUE((WebhookGuard{true, {}}).refusal({}, "{}", kNow));
}

TEST(WebhookGuard, ASignedMessageNeedsItsSignature) {
  const WebhookGuard guard{true, {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
  const bulkhead::StandardWebhooks::Headers headers{
      "msg_p5jXN8AQM9LWM0D4loKWxJek", "1700000000",
      "v1,hw6D+jquXiPwVQiZTwb2ek9FSrOofldv7tv4JVMsFUY="};
  EXPECT_FALSE(guard.refusal({headers, {}}, R"({"test": 2432232314})", kNow));
  EXPECT_TRUE(guard.refusal({headers, {}}, "{}", kNow));
  EXPECT_TRUE(guard.refusal({headers, {}}, R"({"test": 2432232314})", kNow + seconds{301}));
  EXPECT_TRUE(guard.refusal({{}, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "{}", kNow))
      << "the secret is no signature";
  EXPECT_THROW((WebhookGuard{true, {"not base64!"}}), bulkhead::Error);
}

TEST(WebhookGuard, ReferenceVectors) {
  const auto file = bulkhead::tests::referenceFile("vectors/vapi_webhook.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/vapi_webhook.json is not here";
  const auto vectors = json::parse(std::ifstream{*file});
  int checked = 0;
  for (const auto& one : vectors.at("cases")) {
    const json& plan = one.at("plan");
    const bool is_signed = plan.value("payloadFormat", "") == "{svix-id}.{timestamp}.{body}";
    if (!is_signed && plan.at("type") != "bearer") continue;
    const WebhookGuard guard{is_signed, {plan.value(is_signed ? "secretKey" : "token", "")}};
    const json& headers = one.at("headers");
    const auto header = [&](const char* name) { return headers.value(name, std::string{}); };
    const std::string id = header("webhook-id");
    const std::string timestamp = header("webhook-timestamp");
    const std::string signature = header("webhook-signature");
    const std::string secret = header("x-vapi-secret");
    const auto refused =
        guard.refusal({{id, timestamp, signature}, secret}, one.at("body_utf8").get<std::string>(),
                      seconds{vectors.at("now").get<std::int64_t>()});
    EXPECT_EQ(!refused, one.at("expect") == "accept") << one.at("name");
    ++checked;
  }
  EXPECT_GE(checked, 2);
}

TEST(ServerMessage, ReferenceMessages) {
  const auto file = bulkhead::tests::referenceFile("vectors/vapi_server_messages.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/vapi_server_messages.json is not here";
  const auto vectors = json::parse(std::ifstream{*file});
  for (const auto& [name, body] : vectors.at("messages").items()) {
    const auto message = parseServerMessage(body.dump());
    EXPECT_EQ(message.type, body.at("message").at("type")) << name;
    ASSERT_TRUE(message.call) << name;
    EXPECT_EQ(message.call->customer, "+15005550006") << name;
    const bool asks_for_tools = name.starts_with("tool-calls") || name.starts_with("function-call");
    EXPECT_EQ(message.tool_calls.size(), asks_for_tools ? 1U : 0U) << name;
  }
}

}  // namespace
}  // namespace vapi
