#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <strings.h>

#include <bulkhead/signing.hpp>
#include <bulkhead/testing/fail_each_call.hpp>

#include "fake_twilio.hpp"
#include "reference_data.hpp"
#include "signature.hpp"

namespace twilio {
namespace {

using bulkhead::testing::expectStatus;
using bulkhead::testing::FailureReport;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestResponse;
using Next = FakeTwilio::Next;

constexpr const char* kRoute = "/api/twilio/v1/messages";
constexpr const char* kReminder =
    R"({"to":"+15005550006","text":"Monday at ten","reference":"bk_42"})";

std::vector<std::pair<std::string, bulkhead::testing::SettingValue>> settings() {
  return {{"account_sid", kAccount},
          {"auth_token", kToken},
          {"sender", "+15005550006"},
          {"public_base_url", kPublic}};
}

std::string codeOf(const TestResponse& answer) {
  return std::to_string(answer.status) + " " + answer.error().code;
}

class TwilioPlugin : public testing::Test {
 protected:
  TestResponse send(const std::string& body = kReminder, const std::string& key = "key-1") {
    return host_.post(kRoute, body, {{"Idempotency-Key", key}});
  }

  TestHost host_{"twilio",
                 {{"account_sid", kAccount},
                  {"auth_token", kToken},
                  {"sender", "+15005550006"},
                  {"public_base_url", kPublic}}};
  FakeTwilio twilio_{host_};
};

TEST_F(TwilioPlugin, AMessageIsSentAndItsRepeatIsTheSameMessage) {
  const auto sent = send();
  ASSERT_EQ(sent.status, 201) << sent.body;
  EXPECT_EQ(json::parse(sent.body),
            json::parse(R"({"id":"SM1","status":"queued","segments":1,"reference":"bk_42"})"));
  EXPECT_EQ(send().header("Idempotent-Replayed"), "true");
  EXPECT_EQ(json::parse(send(kReminder, "key-2").body)["id"], "SM1") << "the reference is known";
  EXPECT_EQ(twilio_.messages().size(), 1U);
}

TEST_F(TwilioPlugin, TheRequestIsWhatTwilioReads) {
  send(R"({"to":"+15005550006","text":"Zoë & co: 100% ✓","reference":"r",)"
       R"("media_urls":["https://h.example/a.png","https://h.example/b.png"]})");
  const OutboundRequest request = host_.wire().sent().at(0);
  EXPECT_EQ(request.url, kApi + "/Messages.json");
  EXPECT_FALSE(request.repeatable);
  EXPECT_EQ(request.operation, "messages.create");
  const auto form = bulkhead::Form::parse(request.body);
  EXPECT_EQ(form.get("Body"), "Zoë & co: 100% ✓");
  EXPECT_EQ(form.all("MediaUrl").size(), 2U);
  EXPECT_TRUE(form.get("StatusCallback")
                  .starts_with("https://api.example.com/api/twilio/v1/webhooks/status?m="));
  EXPECT_THAT(request.headers,
              testing::Contains(std::pair<std::string, std::string>{
                  "Authorization", "Basic " + bulkhead::toBase64(kAccount + ":" + kToken)}));
  send(R"({"to":"+15005550006","text":"x","sender":"MG1"})", "key-2");
  EXPECT_EQ(bulkhead::Form::parse(host_.wire().sent().at(1).body).get("MessagingServiceSid"),
            "MG1");
}

TEST_F(TwilioPlugin, AnApiKeySignsRequestsInPlaceOfTheToken) {
  const std::string key = "SK" + std::string(32, '0');
  TestHost host{"twilio",
                {{"account_sid", kAccount},
                 {"auth_token", kToken},
                 {"api_key_sid", key},
                 {"api_key_secret", "secret-0123456789"}}};
  const FakeTwilio twilio{host};
  EXPECT_EQ(json::parse(host.health("api")).value("status", ""), "healthy");
  EXPECT_THAT(host.wire().sent().at(0).headers,
              testing::Contains(std::pair<std::string, std::string>{
                  "Authorization", "Basic " + bulkhead::toBase64(key + ":secret-0123456789")}));
}

// Goal: a message whose sending ended in the unknown is there once, whatever became of it. Method:
// Twilio has it and the answer is lost; then the request itself is lost.
TEST_F(TwilioPlugin, WhatEndedInTheUnknownIsLookedForAndNotSentTwice) {
  twilio_.next(Next::LoseTheAnswer);
  const auto unknown = send();
  EXPECT_EQ(codeOf(unknown), "502 PROVIDER_AMBIGUOUS");
  EXPECT_EQ(unknown.header("Retry-After"), "60");
  const auto again = send();
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(json::parse(again.body)["id"], "SM1");
  EXPECT_EQ(twilio_.messages().size(), 1U);
}

// Goal: it is found in whatever state it is. Method: the list as Twilio makes it, in which a queued
// message has no DateSent; the control asks for what was sent, as one would first think.
TEST_F(TwilioPlugin, WhatStillWaitsToBeSentIsFoundToo) {
  twilio_.next(Next::LoseTheAnswer);
  EXPECT_EQ(codeOf(send()), "502 PROVIDER_AMBIGUOUS");
  const auto listed = [&](const std::string& query) {
    const auto answer = host_.wire().send({.url = kApi + "/Messages.json?" + query});
    return json::parse(answer.body).at("messages").size();
  };
  EXPECT_EQ(listed("To=%2B15005550006&DateSent%3E=2026-01-05T07%3A55%3A00Z"), 0U) << "the control";
  host_.advance(std::chrono::minutes{2});
  const auto again = send();
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(twilio_.messages().size(), 1U);
  const std::string second = R"({"to":"+15005550006","text":"Tuesday","reference":"bk_43"})";
  twilio_.next(Next::LoseTheAnswer);
  send(second, "key-2");
  twilio_.sendAll();
  EXPECT_EQ(send(second, "key-2").status, 201);
  EXPECT_EQ(twilio_.messages().size(), 2U);
}

json oldMessage(const std::string& sid, const std::string& made) {
  return {{"sid", sid},
          {"status", "sent"},
          {"to", "+15005550006"},
          {"from", "+15005550006"},
          {"body", "Monday at ten"},
          {"date_created", made},
          {"date_sent", made}};
}

// Goal: last week's reminder is not taken for today's. Method: one with the same words from before
// the try, another one as old as a clock may be wrong.
TEST_F(TwilioPlugin, WhatIsOlderThanTheTryIsAnother) {
  twilio_.add(oldMessage("SM-old", "Mon, 05 Jan 2026 07:54:59 +0000"));
  twilio_.next(Next::LoseTheRequest);
  EXPECT_EQ(codeOf(send()), "502 PROVIDER_AMBIGUOUS");
  EXPECT_EQ(codeOf(send()), "502 PROVIDER_AMBIGUOUS");
  twilio_.add(oldMessage("SM-ours", "Mon, 05 Jan 2026 07:55:00 +0000"));
  EXPECT_EQ(json::parse(send().body)["id"], "SM-ours");
}

TEST_F(TwilioPlugin, ItIsFoundOnWhateverPageItIs) {
  twilio_.listBy(2);
  twilio_.next(Next::LoseTheAnswer);
  send();
  for (int i = 0; i < 9; ++i) {
    json other = oldMessage("SM-x" + std::to_string(i), "Mon, 05 Jan 2026 08:00:00 +0000");
    other["body"] = "another";
    twilio_.add(std::move(other));
  }
  EXPECT_EQ(json::parse(send().body)["id"], "SM1");
  for (int i = 0; i < 100; ++i) {
    json other = oldMessage("SM-y" + std::to_string(i), "Mon, 05 Jan 2026 08:00:00 +0000");
    other["body"] = "another";
    twilio_.add(std::move(other));
  }
  const std::string second = R"({"to":"+15005550006","text":"Tuesday","reference":"bk_43"})";
  twilio_.next(Next::LoseTheRequest);
  send(second, "key-2");
  host_.advance(std::chrono::hours{1});
  EXPECT_EQ(codeOf(send(second, "key-2")), "502 PROVIDER_AMBIGUOUS")
      << "pages that nobody has read prove nothing";
}

// Goal: what was sent long ago costs no looks, and keeps nothing from being sent.
TEST_F(TwilioPlugin, ALongPastIsNotRead) {
  twilio_.listBy(2);
  for (int i = 0; i < 200; ++i)
    twilio_.add(oldMessage("SM-old" + std::to_string(i), "Mon, 29 Dec 2025 08:00:00 +0000"));
  twilio_.next(Next::LoseTheRequest);
  send();
  host_.advance(std::chrono::minutes{1});
  EXPECT_EQ(send().status, 201);
  EXPECT_EQ(host_.wire().sent().size(), 3U) << "one page";
}

// Goal: a first try that takes effect while it is looked for is not made twice. Method: the look
// begins before the settle time is over, and its answer, which is older than that, comes after it.
TEST_F(TwilioPlugin, ALookThatTakesItsTimeProvesNothing) {
  twilio_.next(Next::LoseTheAnswer);
  EXPECT_EQ(codeOf(send()), "502 PROVIDER_AMBIGUOUS");
  twilio_.hide(true);
  twilio_.whenListed([this] { host_.advance(std::chrono::milliseconds{200}); });
  host_.advance(std::chrono::milliseconds{59900});
  EXPECT_EQ(codeOf(send()), "502 PROVIDER_AMBIGUOUS");
  twilio_.hide(false);
  EXPECT_EQ(send().status, 201);
  EXPECT_EQ(twilio_.messages().size(), 1U);
}

TEST_F(TwilioPlugin, WhatIsNotFoundIsSentAgainOnlyWhenItCouldHaveBeenSeen) {
  twilio_.next(Next::LoseTheRequest);
  EXPECT_EQ(codeOf(send()), "502 PROVIDER_AMBIGUOUS");
  EXPECT_EQ(codeOf(send()), "502 PROVIDER_AMBIGUOUS");
  host_.advance(std::chrono::seconds{59});
  const auto early = send();
  EXPECT_EQ(codeOf(early), "502 PROVIDER_AMBIGUOUS");
  EXPECT_EQ(early.header("Retry-After"), "1");
  EXPECT_TRUE(twilio_.messages().empty());
  host_.advance(std::chrono::seconds{1});
  EXPECT_EQ(send().status, 201);
  EXPECT_EQ(twilio_.messages().size(), 1U);
}

// Negative control: with nothing to look for it by, which is what a list that lags is, and little
// time to settle, the same person gets it twice.
TEST_F(TwilioPlugin, Control_WithoutLookingItIsSentTwice) {
  TestHost host{"twilio",
                {{"account_sid", kAccount},
                 {"auth_token", kToken},
                 {"sender", "+15005550006"},
                 {"request_timeout", 100},
                 {"settle_time", 5100}}};
  FakeTwilio twilio{host};
  twilio.hide(true);
  twilio.next(Next::LoseTheAnswer);
  host.post(kRoute, kReminder, {{"Idempotency-Key", "k"}});
  host.advance(std::chrono::milliseconds{5100});
  EXPECT_EQ(host.post(kRoute, kReminder, {{"Idempotency-Key", "k"}}).status, 201);
  EXPECT_EQ(twilio.messages().size(), 2U);
}

TEST_F(TwilioPlugin, OfTwoEqualMessagesEachHasItsOwn) {
  ASSERT_EQ(send().status, 201);
  twilio_.next(Next::LoseTheRequest);
  const std::string second = R"({"to":"+15005550006","text":"Monday at ten","reference":"bk_43"})";
  EXPECT_EQ(codeOf(send(second, "key-2")), "502 PROVIDER_AMBIGUOUS");
  EXPECT_EQ(codeOf(send(second, "key-2")), "502 PROVIDER_AMBIGUOUS") << "the first one is taken";
  host_.advance(std::chrono::minutes{1});
  EXPECT_EQ(json::parse(send(second, "key-2").body)["id"], "SM2");
}

TEST_F(TwilioPlugin, WhatWasNotSentIsSentByTheRepeat) {
  host_.wire().answerNext(httpFailure(bulkhead::Outcome::NotSent, "NOT_CONNECTED"));
  EXPECT_EQ(codeOf(send()), "502 PROVIDER_UNREACHABLE");
  host_.wire().answerNext(httpAnswer(429, R"({"code":20429})", {{"retry-after", "7"}}));
  EXPECT_EQ(codeOf(send()), "429 PROVIDER_RATE_LIMITED");
  host_.wire().answerNext(httpAnswer(401, R"({"code":20003})"));
  EXPECT_EQ(codeOf(send()), "502 PROVIDER_KEY_REFUSED");
  EXPECT_EQ(send().status, 201);
  EXPECT_EQ(twilio_.messages().size(), 1U);
}

TEST_F(TwilioPlugin, TwiliosRefusalsHaveTheirNames) {
  const std::pair<int, const char*> rows[] = {{21610, "422 OPTED_OUT"},
                                              {21211, "422 NUMBER_NOT_ACCEPTED"},
                                              {21606, "422 SENDER_NOT_ACCEPTED"},
                                              {21617, "422 PROVIDER_REFUSED"}};
  for (const auto& [code, expected] : rows) {
    host_.wire().answerNext(httpAnswer(400, json{{"code", code}, {"message", "secret"}}.dump()));
    const auto refused = send(kReminder, "key-" + std::to_string(code));
    EXPECT_EQ(codeOf(refused), expected);
    EXPECT_EQ(refused.body.find("secret"), std::string::npos);
  }
}

TEST(TwilioAnswers, ThoseThatAreNoneEndInTheUnknown) {
  int number = 0;
  for (const auto& bad : {httpAnswer(201, "<html>"), httpAnswer(201, "[]"), httpAnswer(500, "x"),
                          httpAnswer(201, R"({"sid":5})")}) {
    TestHost host{"twilio",
                  {{"account_sid", kAccount}, {"auth_token", kToken}, {"sender", "+15005550006"}}};
    host.wire().answerNext(bad);
    EXPECT_EQ(codeOf(host.post(kRoute, kReminder)), "502 PROVIDER_AMBIGUOUS") << ++number;
  }
}

TEST_F(TwilioPlugin, AMessageIsTheTenantsOwn) {
  ASSERT_EQ(send().status, 201);
  EXPECT_EQ(json::parse(host_.get("/api/twilio/v1/messages/SM1").body)["status"], "queued");
  host_.actAs("t2");
  EXPECT_EQ(codeOf(host_.get("/api/twilio/v1/messages/SM1")), "404 MESSAGE_NOT_FOUND");
  ASSERT_EQ(send().status, 201) << "the same reference of another tenant is another message";
  EXPECT_EQ(twilio_.messages().size(), 2U);
}

TEST_F(TwilioPlugin, TheCapabilitySendsOnceForItsReference) {
  for (int i = 0; i < 2; ++i) {
    const auto answer = host_.call("messaging/1", "send_message", kReminder);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(json::parse(answer.body),
              json::parse(R"({"id":"SM1","status":"queued","segments":1})"));
  }
  EXPECT_EQ(host_.call("messaging/1", "get_message", R"({"id":"SM1"})").status, 200);
  EXPECT_EQ(codeOf(host_.call("messaging/1", "get_message", R"({"id":"SM9"})")),
            "404 MESSAGE_NOT_FOUND");
  EXPECT_EQ(twilio_.messages().size(), 1U);
}

TEST(TwilioSettings, C13_WithoutCredentialsItRunsAndSaysSo) {
  TestHost host{"twilio"};
  const json health = json::parse(host.health("api"));
  EXPECT_EQ(health.value("configured", true), false);
  EXPECT_EQ(health.value("message", ""), "account_sid and auth_token not set");
  const auto answer = host.post(kRoute, kReminder);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.error().code, "NOT_CONFIGURED");
  EXPECT_TRUE(host.wire().sent().empty());
}

// A second try while the first one is under way would send it twice.
TEST(TwilioSettings, ASettleTimeBelowTheTimeOutIsRefusedAndBothAreNamed) {
  try {
    TestHost host{"twilio", {{"settle_time", 19999}}};
    FAIL() << "it was not refused";
  } catch (const std::runtime_error& refusal) {
    EXPECT_THAT(refusal.what(), testing::HasSubstr("settle_time (19999 ms)"));
    EXPECT_THAT(refusal.what(), testing::HasSubstr("request_timeout (15000 ms)"));
  }
  EXPECT_NO_THROW((TestHost{"twilio", {{"settle_time", 20000}}}));
}

TEST_F(TwilioPlugin, ARequestHasItsTimeOut) {
  send();
  EXPECT_EQ(host_.wire().sent().at(0).timeout, std::chrono::seconds{15});
}

TEST(TwilioSettings, HalfAnApiKeyIsRefusedAtTheStart) {
  EXPECT_THROW((TestHost{"twilio", {{"api_key_secret", "secret-0123456789"}}}), std::runtime_error);
}

TEST_F(TwilioPlugin, HealthAsksOnceAMinuteAndKnowsARefusedKey) {
  host_.wire().answerNext(httpAnswer(401));
  EXPECT_EQ(json::parse(host_.health("api")).value("status", ""), "critical");
  EXPECT_EQ(json::parse(host_.health("api")).value("message", ""), "key refused");
  EXPECT_EQ(host_.wire().sent().size(), 1U);
  host_.advance(std::chrono::minutes{1});
  EXPECT_EQ(json::parse(host_.health("api")).value("status", ""), "healthy");
  EXPECT_EQ(host_.wire().sent().size(), 2U);
}

// Requests as Twilio's own library sends them; the form is compared decoded.
TEST(TwilioRequests, ReferenceRequestsOfTwiliosLibrary) {
  const auto file = bulkhead::tests::referenceFile("vectors/golden_requests.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/golden_requests.json is not here";
  TestHost host{
      "twilio",
      {{"account_sid", kAccount}, {"auth_token", "tok-888888888888"}, {"sender", "+15005550006"}}};
  FakeTwilio twilio{host};
  host.setTime(
      "2023-11-14T22:18:20Z");  // five minutes after the time that the library was asked for
  twilio.next(Next::LoseTheAnswer);
  const char* message = R"({"to":"+15005550006","text":"Zoë & co: 100% ✓",)"
                        R"("media_urls":["https://h.example/a.png","https://h.example/b.png"]})";
  for (int i = 0; i < 2; ++i) host.post(kRoute, message, {{"Idempotency-Key", "k"}});
  host.health("api");
  host.get("/api/twilio/v1/messages/SM1");
  const auto sent = host.wire().sent();
  ASSERT_EQ(sent.size(), 4U);
  // The library lists by DateSent, which leaves out what is looked for here.
  EXPECT_EQ(sent[1].url,
            kApi + "/Messages.json?To=%2B15005550006&From=%2B15005550006&PageSize=200");
  const std::vector<std::string> ours{"messages.create", "", "account fetch"};
  const auto vectors = json::parse(std::ifstream{*file});
  int compared = 0;
  for (const auto& golden : vectors.at("requests")) {
    const auto name = std::find(ours.begin(), ours.end(), golden.at("name"));
    if (golden.at("vendor") != "twilio" || name == ours.end()) continue;
    const OutboundRequest& request = sent.at(static_cast<std::size_t>(name - ours.begin()));
    EXPECT_EQ(request.method, golden.at("method")) << *name;
    EXPECT_EQ(request.url, "https://api.twilio.com" + golden.at("target").get<std::string>())
        << *name;
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
    auto expected = bulkhead::Form::parse(golden.at("body").get<std::string>()).fields();
    expected.erase(
        std::remove_if(expected.begin(), expected.end(),
                       [](const auto& field) { return field.first == "StatusCallback"; }),
        expected.end());
    EXPECT_EQ(bulkhead::Form::parse(request.body).fields(), expected) << *name;
    ++compared;
  }
  EXPECT_EQ(compared, 2);
}

// Goal: each message is with Twilio once and each is known, whatever fails. Method: each call to
// the host fails once, in each way.
TEST(TwilioFailingCalls, AMessageIsSentOnceWhateverFails) {
  Scenario scenario;
  scenario.plugin = "twilio";
  scenario.settings = settings();
  scenario.settings.emplace_back("request_timeout", 100);
  scenario.settings.emplace_back("settle_time", 5100);
  auto fake = std::make_shared<std::unique_ptr<FakeTwilio>>();
  scenario.prepare = [fake](TestHost& host) { *fake = std::make_unique<FakeTwilio>(host); };
  scenario.run = [](TestHost& host) {
    expectStatus(host.post(kRoute, kReminder, {{"Idempotency-Key", "k-1"}}), 201);
    expectStatus(host.get("/api/twilio/v1/messages/SM1"), 200);
  };
  scenario.verify = [fake](TestHost&) {
    if ((*fake)->messages().size() != 1)
      throw std::runtime_error{std::to_string((*fake)->messages().size()) + " messages"};
  };
  const FailureReport report = failEachCall(scenario);
  EXPECT_THAT(report.problems, testing::IsEmpty());
  EXPECT_GE(report.calls, 6U);
}

}  // namespace
}  // namespace twilio
