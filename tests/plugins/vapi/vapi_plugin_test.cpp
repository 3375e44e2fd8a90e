#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <strings.h>

#include <bulkhead/testing/fail_each_call.hpp>

#include "fake_vapi.hpp"
#include "reference_data.hpp"

namespace vapi {
namespace {

using bulkhead::testing::expectStatus;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestResponse;
using Next = FakeVapi::Next;

constexpr const char* kRoute = "/api/vapi/v1/calls";
constexpr const char* kCallZoe =
    R"({"to":"+15005550006","reference":"bk_42","first_message":"Hello","variables":{"name":"Zoë"},"metadata":{"k":"v"}})";

std::string codeOf(const TestResponse& answer) {
  return std::to_string(answer.status) + " " + answer.error().code;
}

class VapiPlugin : public testing::Test {
 protected:
  TestResponse place(const std::string& body = kCallZoe, const std::string& key = "key-1") {
    return host_.post(kRoute, body, {{"Idempotency-Key", key}});
  }

  TestHost host_{"vapi",
                 {{"api_key", "vapi-key-0123456789"}, {"assistant", "a1"}, {"phone_number", "p1"}}};
  FakeVapi vapi_{host_};
};

TEST_F(VapiPlugin, ACallIsPlacedAndItsRepeatIsTheSameCall) {
  const auto placed = place();
  ASSERT_EQ(placed.status, 201) << placed.body;
  EXPECT_EQ(json::parse(placed.body), json::parse(R"({"id":"c1","status":"queued"})"));
  EXPECT_EQ(place().header("Idempotent-Replayed"), "true");
  EXPECT_EQ(json::parse(place(kCallZoe, "key-2").body)["id"], "c1") << "the reference is known";
  ASSERT_EQ(vapi_.calls().size(), 1U);
  const json& call = vapi_.calls()[0];
  EXPECT_EQ(call["assistantId"], "a1");
  EXPECT_EQ(call["phoneNumberId"], "p1");
  EXPECT_EQ(call["customer"]["number"], "+15005550006");
  EXPECT_EQ(call["assistantOverrides"]["variableValues"]["name"], "Zoë");
  EXPECT_EQ(call["assistantOverrides"]["firstMessage"], "Hello");
  EXPECT_LE(call["name"].get<std::string>().size(), 40U) << "as long as Vapi takes it";
}

// Goal: nobody is rung up twice, whatever becomes of the request. Method: Vapi has the call and the
// answer is lost; then the request itself is lost.
TEST_F(VapiPlugin, WhatEndedInTheUnknownIsLookedForAndNotPlacedTwice) {
  vapi_.next(Next::LoseTheAnswer);
  EXPECT_EQ(codeOf(place()), "502 PROVIDER_AMBIGUOUS");
  const auto again = place();
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(vapi_.calls().size(), 1U);
}

TEST_F(VapiPlugin, WhatIsNotFoundIsPlacedAgainOnlyWhenItCouldHaveBeenSeen) {
  vapi_.next(Next::LoseTheRequest);
  EXPECT_EQ(codeOf(place()), "502 PROVIDER_AMBIGUOUS");
  EXPECT_EQ(codeOf(place()), "502 PROVIDER_AMBIGUOUS");
  host_.advance(std::chrono::minutes{1});
  EXPECT_EQ(place().status, 201);
  EXPECT_EQ(vapi_.calls().size(), 1U);
}

TEST_F(VapiPlugin, Control_WithoutLookingTheyAreRungUpTwice) {
  TestHost host{"vapi",
                {{"api_key", "vapi-key-0123456789"},
                 {"assistant", "a1"},
                 {"phone_number", "p1"},
                 {"request_timeout", 100},
                 {"settle_time", 5100}}};
  FakeVapi vapi{host};
  vapi.hide();
  vapi.next(Next::LoseTheAnswer);
  for (int i = 0; i < 2; ++i) {
    host.post(kRoute, kCallZoe, {{"Idempotency-Key", "k"}});
    host.advance(std::chrono::milliseconds{5100});
  }
  EXPECT_EQ(vapi.calls().size(), 2U);
}

TEST_F(VapiPlugin, APageThatIsFullProvesNothing) {
  vapi_.next(Next::LoseTheRequest);
  place();
  host_.advance(std::chrono::hours{1});
  for (int i = 0; i < 1000; ++i) vapi_.calls().push_back({{"id", "x" + std::to_string(i)}});
  EXPECT_EQ(codeOf(place()), "502 PROVIDER_AMBIGUOUS");
  EXPECT_EQ(vapi_.calls().size(), 1000U);
}

TEST_F(VapiPlugin, WhatWasNotPlacedIsPlacedByTheRepeat) {
  const std::pair<OutboundAnswer, const char*> rows[] = {
      {httpFailure(bulkhead::Outcome::NotSent, "NOT_CONNECTED"), "502 PROVIDER_UNREACHABLE"},
      {httpAnswer(429), "429 PROVIDER_RATE_LIMITED"},
      {httpAnswer(400, R"({"message":"Over Concurrency Limit"})"), "429 PROVIDER_RATE_LIMITED"},
      {httpAnswer(401), "502 PROVIDER_KEY_REFUSED"}};
  for (const auto& [answer, expected] : rows) {
    host_.wire().answerNext(answer);
    EXPECT_EQ(codeOf(place()), expected);
  }
  EXPECT_EQ(place().status, 201);
  EXPECT_EQ(vapi_.calls().size(), 1U);
}

TEST_F(VapiPlugin, VapisRefusalsHaveTheirNames) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"message":["customer.number must be a valid phone number"],"error":"Bad Request"})",
       "422 NUMBER_NOT_ACCEPTED"},
      {R"({"message":"Couldn't find assistantId"})", "404 ASSISTANT_NOT_FOUND"},
      {R"({"message":"secret"})", "422 PROVIDER_REFUSED"},
      {"<html>", "422 PROVIDER_REFUSED"}};
  int key = 0;
  for (const auto& [body, expected] : rows) {
    host_.wire().answerNext(httpAnswer(400, body));
    const auto refused = place(kCallZoe, "key-" + std::to_string(++key));
    EXPECT_EQ(codeOf(refused), expected);
    EXPECT_EQ(refused.body.find("secret"), std::string::npos);
  }
}

TEST_F(VapiPlugin, AnswersThatAreNoneEndInTheUnknown) {
  int key = 0;
  for (const auto& bad :
       {httpAnswer(201, "<html>"), httpAnswer(201, "[]"), httpAnswer(500), httpAnswer(201, "{}")}) {
    host_.wire().answerNext(bad);
    const std::string name = std::to_string(++key);
    EXPECT_EQ(codeOf(place(R"({"to":"+15005550006","reference":")" + name + "\"}", "key-" + name)),
              "502 PROVIDER_AMBIGUOUS")
        << name;
  }
}

TEST_F(VapiPlugin, ACallIsTheTenantsOwn) {
  ASSERT_EQ(place().status, 201);
  EXPECT_EQ(json::parse(host_.get("/api/vapi/v1/calls/c1").body)["status"], "queued");
  EXPECT_EQ(host_.call("voice/1", "get_call", R"({"id":"c1"})").status, 200);
  host_.actAs("t2");
  EXPECT_EQ(codeOf(host_.get("/api/vapi/v1/calls/c1")), "404 CALL_NOT_FOUND");
  EXPECT_EQ(codeOf(host_.call("voice/1", "end_call", R"({"id":"c1"})")), "404 CALL_NOT_FOUND");
}

TEST_F(VapiPlugin, TheCapabilityPlacesOnceForItsReferenceAndHangsUp) {
  for (int i = 0; i < 2; ++i) {
    const auto answer = host_.call("voice/1", "start_call", kCallZoe);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(json::parse(answer.body)["id"], "c1");
  }
  const auto ended = host_.call("voice/1", "end_call", R"({"id":"c1"})");
  ASSERT_EQ(ended.status, 200) << ended.body;
  EXPECT_EQ(json::parse(ended.body)["status"], "ended");
  EXPECT_EQ(vapi_.calls().size(), 1U);
}

TEST(VapiSettings, C13_WithoutCredentialsItRunsAndSaysSo) {
  TestHost host{"vapi"};
  const json health = json::parse(host.health("api"));
  EXPECT_EQ(health.value("configured", true), false);
  EXPECT_EQ(health.value("message", ""), "api_key and phone_number not set");
  const auto answer = host.post(kRoute, kCallZoe);
  EXPECT_EQ(codeOf(answer), "503 NOT_CONFIGURED");
  EXPECT_NE(answer.error().message.find("api_key"), std::string::npos);
  EXPECT_TRUE(host.wire().sent().empty());
}

TEST(VapiSettings, ASettleTimeBelowTheTimeOutIsRefusedAndBothAreNamed) {
  try {
    TestHost host{"vapi", {{"settle_time", 24999}}};
    FAIL() << "it was not refused";
  } catch (const std::runtime_error& refusal) {
    EXPECT_THAT(refusal.what(), testing::HasSubstr("settle_time (24999 ms)"));
    EXPECT_THAT(refusal.what(), testing::HasSubstr("request_timeout (20000 ms)"));
  }
}

// A secret of a few bytes can be tried out, and who has it may say anything.
TEST(VapiSettings, AShortSecretIsRefusedAtTheStart) {
  for (const char* secret : {"whsec_QQ==", "whsec_AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAA"})
    EXPECT_THROW((TestHost{"vapi", {{"webhook_secret", secret}}}), std::runtime_error) << secret;
  EXPECT_THROW((TestHost{"vapi",
                         {{"webhook_secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
                          {"webhook_secret_previous", "AAAAAAAAAAAAAAAAAAAA"}}}),
               std::runtime_error);
  EXPECT_THROW((TestHost{"vapi", {{"webhook_authentication", "secret"}, {"webhook_secret", "s"}}}),
               std::runtime_error);
}

TEST_F(VapiPlugin, HealthKnowsARefusedKey) {
  host_.wire().answerNext(httpAnswer(401));
  EXPECT_EQ(json::parse(host_.health("api")).value("status", ""), "critical");
  host_.advance(std::chrono::minutes{1});
  EXPECT_EQ(json::parse(host_.health("api")).value("status", ""), "healthy");
}

TEST(VapiRequests, ReferenceRequestsOfVapisLibrary) {
  const auto file = bulkhead::tests::referenceFile("vectors/golden_requests.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/golden_requests.json is not here";
  TestHost host{"vapi",
                {{"api_key", "vapi-key-0123456789"}, {"assistant", "a1"}, {"phone_number", "p1"}}};
  FakeVapi vapi{host};
  host.post(kRoute, kCallZoe);
  host.get("/api/vapi/v1/calls/c1");
  host.health("api");
  const auto sent = host.wire().sent();
  const std::vector<std::string> ours{"calls.create", "calls.get", "assistants.list"};
  int compared = 0;
  const json vectors = json::parse(std::ifstream{*file});
  for (const auto& golden : vectors.at("requests")) {
    const auto name = std::find(ours.begin(), ours.end(), golden.at("name"));
    if (golden.at("vendor") != "vapi" || name == ours.end()) continue;
    const OutboundRequest& request = sent.at(static_cast<std::size_t>(name - ours.begin()));
    EXPECT_EQ(request.method, golden.at("method")) << *name;
    EXPECT_EQ(request.url, kApi + golden.at("target").get<std::string>()) << *name;
    for (const auto& [header, value] : golden.at("headers").items()) {
      const auto found = std::find_if(request.headers.begin(), request.headers.end(),
                                      [&header = header](const auto& one) {
                                        return strcasecmp(one.first.c_str(), header.c_str()) == 0;
                                      });
      ASSERT_NE(found, request.headers.end()) << *name << " " << header;
      if (header != "authorization") {
        EXPECT_EQ(found->second, value) << *name;
      }
    }
    ++compared;
  }
  EXPECT_GE(compared, 2);
}

// Goal: a call is placed once and known, whatever fails. Method: each call to the host fails once,
// in each way.
TEST(VapiFailingCalls, ACallIsPlacedOnceWhateverFails) {
  Scenario scenario;
  scenario.plugin = "vapi";
  scenario.settings = {{"api_key", "vapi-key-0123456789"},
                       {"assistant", "a1"},
                       {"phone_number", "p1"},
                       {"request_timeout", 100},
                       {"settle_time", 5100}};
  auto fake = std::make_shared<std::unique_ptr<FakeVapi>>();
  scenario.prepare = [fake](TestHost& host) { *fake = std::make_unique<FakeVapi>(host); };
  scenario.run = [](TestHost& host) {
    expectStatus(host.post(kRoute, kCallZoe, {{"Idempotency-Key", "k-1"}}), 201);
    expectStatus(host.get("/api/vapi/v1/calls/c1"), 200);
  };
  scenario.verify = [fake](TestHost&) {
    if ((*fake)->calls().size() != 1)
      throw std::runtime_error{std::to_string((*fake)->calls().size()) + " calls"};
  };
  const auto report = failEachCall(scenario);
  EXPECT_THAT(report.problems, testing::IsEmpty());
  EXPECT_GE(report.calls, 6U);
}

}  // namespace
}  // namespace vapi
