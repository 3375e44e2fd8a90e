#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <stdexcept>
#include <string>
#include <strings.h>

#include <bulkhead/form.hpp>
#include <bulkhead/testing/fail_each_call.hpp>

#include "key_file.hpp"
#include "reference_data.hpp"

namespace google_calendar {
namespace {

using bulkhead::OutboundAnswer;
using bulkhead::OutboundRequest;
using bulkhead::testing::expectStatus;
using bulkhead::testing::httpAnswer;
using bulkhead::testing::httpFailure;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestHost;
using bulkhead::testing::TestResponse;
using nlohmann::json;

constexpr const char* kApi = "https://www.googleapis.com/calendar/v3";
constexpr const char* kTokens = "https://oauth2.googleapis.com/token";
constexpr const char* kRoute = "/api/google-calendar/v1/busy";
constexpr const char* kQuestion =
    R"({"calendars":["a@b.example"],"from":"2026-01-05T00:00:00Z","to":"2026-01-06T00:00:00Z"})";
constexpr const char* kBusy =
    R"({"calendars":{"a@b.example":{"busy":[{"start":"2026-01-05T10:00:00Z","end":"2026-01-05T11:00:00Z"}]}}})";
constexpr const char* kPut =
    R"({"connection":"service-account","calendar":"a@b.example","id":"bk000042","summary":"Cut",
        "start":"2026-01-01T10:00:00-05:00","end":"2026-01-01T11:00:00-05:00","time_zone":"America/New_York",
        "attendees":[{"email":"x@y.example"}]})";

std::string codeOf(const TestResponse& answer) {
  return std::to_string(answer.status) + " " + answer.error().code;
}

/// Google's tokens; what the calendars answer is the test's.
void serveTokens(TestHost& host, std::shared_ptr<int> fetched = std::make_shared<int>(0)) {
  host.wire().serve(kTokens, [fetched](const OutboundRequest&) {
    return httpAnswer(200, json{{"access_token", "ya29." + std::to_string(++*fetched)},
                                {"expires_in", 3600},
                                {"token_type", "Bearer"}}
                               .dump());
  });
}

class GoogleCalendarPlugin : public testing::Test {
 protected:
  GoogleCalendarPlugin() {
    serveTokens(host_, tokens_);
    serve(200, kBusy);
  }
  void serve(int status, const std::string& body) {
    host_.wire().serve(kApi, [=](const OutboundRequest&) { return httpAnswer(status, body); });
  }
  TestResponse busy() { return host_.post(kRoute, kQuestion); }
  std::vector<OutboundRequest> toCalendars() {
    auto sent = host_.wire().sent();
    sent.erase(std::remove_if(sent.begin(), sent.end(),
                              [](const auto& request) { return request.url == kTokens; }),
               sent.end());
    return sent;
  }
  static std::string authorization(const OutboundRequest& request) {
    for (const auto& [name, value] : request.headers) {
      if (name == "Authorization") return value;
    }
    return {};
  }

  TestHost host_{"google-calendar",
                 {{"service_account", keyFile()},
                  {"tenant", "t1"},
                  {"public_base_url", "https://h.example/"}}};
  std::shared_ptr<int> tokens_ = std::make_shared<int>(0);
};

TEST_F(GoogleCalendarPlugin, BusyTimesAreReadWithOneTokenForAll) {
  for (int i = 0; i < 3; ++i) {
    const auto answer = busy();
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(json::parse(answer.body)["busy"].at(0)["calendar"], "a@b.example");
  }
  EXPECT_EQ(*tokens_, 1);
  const OutboundRequest request = toCalendars().at(0);
  EXPECT_EQ(request.url, std::string{kApi} + "/freeBusy");
  EXPECT_EQ(authorization(request), "Bearer ya29.1");
  EXPECT_EQ(json::parse(request.body),
            json::parse(R"({"timeMin":"2026-01-05T00:00:00Z","timeMax":"2026-01-06T00:00:00Z",
                            "timeZone":"UTC","items":[{"id":"a@b.example"}]})"));
  host_.advance(std::chrono::hours{1});
  busy();
  EXPECT_EQ(*tokens_, 2);
}

TEST_F(GoogleCalendarPlugin, TheTokenIsAskedForByAnAssertion) {
  busy();
  const OutboundRequest request = host_.wire().sent().at(0);
  const auto form = bulkhead::Form::parse(request.body);
  EXPECT_EQ(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  EXPECT_EQ(std::count(form.get("assertion").begin(), form.get("assertion").end(), '.'), 2);
}

TEST_F(GoogleCalendarPlugin, ATokenThatIsRefusedIsFetchedAnewOnce) {
  busy();
  host_.wire().answerNext(httpAnswer(401));
  EXPECT_EQ(busy().status, 200);
  EXPECT_EQ(*tokens_, 2);
  serve(401, "{}");
  EXPECT_EQ(codeOf(busy()), "502 PROVIDER_KEY_REFUSED");
  EXPECT_EQ(*tokens_, 3) << "once, and no more";
}

TEST_F(GoogleCalendarPlugin, ARevokedKeySaysSo) {
  host_.wire().serve(kTokens, [](const OutboundRequest&) {
    return httpAnswer(400, R"({"error":"invalid_grant","error_description":"secret"})");
  });
  EXPECT_EQ(codeOf(busy()), "502 PROVIDER_KEY_REFUSED");
  EXPECT_EQ(json::parse(host_.health("api")).value("status", ""), "critical");
}

TEST_F(GoogleCalendarPlugin, EachFailureHasItsName) {
  const auto failed = [](int status, const std::string& reason) {
    return httpAnswer(status, json{{"error", {{"errors", {{{"reason", reason}}}}}}}.dump());
  };
  const std::pair<OutboundAnswer, const char*> rows[] = {
      {httpFailure(bulkhead::Outcome::NotSent, "NOT_CONNECTED"), "502 PROVIDER_UNREACHABLE"},
      {httpFailure(bulkhead::Outcome::Ambiguous, "CONNECTION_LOST"), "502 PROVIDER_AMBIGUOUS"},
      {httpAnswer(500), "502 PROVIDER_FAILED"},
      {httpAnswer(429), "429 PROVIDER_RATE_LIMITED"},
      {failed(403, "rateLimitExceeded"), "429 PROVIDER_RATE_LIMITED"},
      {failed(403, "forbidden"), "502 PROVIDER_KEY_REFUSED"},
      {httpAnswer(404), "404 CALENDAR_NOT_FOUND"},
      {httpAnswer(200,
                  R"({"calendars":{"a@b.example":{"errors":[{"reason":"notFound"}],"busy":[]}}})"),
       "404 CALENDAR_NOT_FOUND"},
      {httpAnswer(200, "<html>"), "502 PROVIDER_ANSWER_INVALID"},
      {httpAnswer(200, "{}"), "502 PROVIDER_ANSWER_INVALID"}};
  busy();
  for (const auto& [answer, expected] : rows) {
    host_.wire().answerNext(answer);
    EXPECT_EQ(codeOf(busy()), expected);
  }
  EXPECT_EQ(busy().status, 200);
}

TEST_F(GoogleCalendarPlugin, TheCalendarsAreOneTenantsAlone) {
  host_.actAs("t2");
  EXPECT_EQ(codeOf(busy()), "404 CONNECTION_NOT_FOUND");
  EXPECT_EQ(codeOf(host_.call("calendar/1", "put_event", kPut)), "404 CONNECTION_NOT_FOUND");
  EXPECT_TRUE(host_.wire().sent().empty());
}

TEST_F(GoogleCalendarPlugin, AnotherConnectionIsNone) {
  EXPECT_EQ(codeOf(host_.call("calendar/1", "list_calendars", R"({"connection":"other"})")),
            "404 CONNECTION_NOT_FOUND");
}

TEST_F(GoogleCalendarPlugin, CalendarsAreListed) {
  serve(200, R"({"items":[{"id":"primary","summary":"Mine","timeZone":"UTC","accessRole":"owner"},
                          {"id":"b","accessRole":"reader"}]})");
  const auto listed =
      host_.call("calendar/1", "list_calendars", R"({"connection":"service-account"})");
  EXPECT_EQ(json::parse(listed.body)["calendars"],
            json::parse(R"([{"id":"primary","name":"Mine","time_zone":"UTC","writable":true},
                            {"id":"b","name":"b","writable":false}])"))
      << listed.body;
}

TEST_F(GoogleCalendarPlugin, AnEventIsMadeOrChangedUnderTheCallersId) {
  const std::string event = R"({"id":"bk000042","start":{"dateTime":"2026-01-01T10:00:00-05:00"},
      "end":{"dateTime":"2026-01-01T11:00:00-05:00"},"status":"confirmed","etag":"\"1\""})";
  serve(200, event);
  EXPECT_EQ(json::parse(host_.call("calendar/1", "put_event", kPut).body)["id"], "bk000042");
  EXPECT_EQ(toCalendars().at(0).method, "POST");
  host_.wire().answerNext(httpAnswer(409));
  EXPECT_EQ(host_.call("calendar/1", "put_event", kPut).status, 200);
  EXPECT_EQ(toCalendars().back().method, "PUT");
  EXPECT_EQ(toCalendars().back().url,
            std::string{kApi} + "/calendars/a%40b.example/events/bk000042?sendUpdates=all");
}

TEST_F(GoogleCalendarPlugin, AnEventThatIsNotThereIsRemoved) {
  const char* question = R"({"connection":"service-account","calendar":"primary","id":"bk000042"})";
  busy();
  for (const int status : {204, 404, 410}) {
    host_.wire().answerNext(httpAnswer(status));
    EXPECT_EQ(host_.call("calendar/1", "delete_event", question).status, 200) << status;
  }
  host_.wire().answerNext(httpAnswer(500));
  EXPECT_EQ(codeOf(host_.call("calendar/1", "delete_event", question)), "502 PROVIDER_FAILED");
}

TEST_F(GoogleCalendarPlugin, ChangesGoOnFromTheirCursor) {
  const auto read = [&](const std::string& more) {
    return host_.call("calendar/1", "read_changes",
                      R"({"connection":"service-account","calendar":"primary")" + more + "}");
  };
  serve(200, R"({"items":[{"id":"e1","status":"cancelled"}],"nextPageToken":"p2"})");
  const json first = json::parse(read(R"(,"from":"2026-01-01T00:00:00Z")").body);
  EXPECT_TRUE(first["more"].get<bool>());
  EXPECT_EQ(toCalendars().back().url,
            std::string{kApi} +
                "/calendars/primary/events?timeMin=2026-01-01T00%3A00%3A00Z"
                "&singleEvents=true&maxResults=250&showDeleted=true");
  serve(200, R"({"items":[],"nextSyncToken":"s="})");
  const json last = json::parse(read(",\"cursor\":" + first["cursor"].dump()).body);
  EXPECT_TRUE(
      toCalendars().back().url.ends_with("?timeMin=2026-01-01T00%3A00%3A00Z&pageToken=p2"
                                         "&singleEvents=true&maxResults=250&showDeleted=true"))
      << toCalendars().back().url;
  EXPECT_FALSE(last["more"].get<bool>());
  EXPECT_EQ(last["cursor"], "syncToken=s%3D");
  host_.wire().answerNext(httpAnswer(410));
  EXPECT_EQ(codeOf(read(R"(,"cursor":"syncToken=old")")), "410 SYNC_CURSOR_EXPIRED");
  host_.wire().answerNext(httpAnswer(400));
  EXPECT_EQ(codeOf(read(R"(,"cursor":"syncToken=other")")), "410 SYNC_CURSOR_EXPIRED");
  host_.wire().answerNext(httpAnswer(400));
  EXPECT_EQ(codeOf(read("")), "422 PROVIDER_REFUSED") << "that was no cursor's fault";
  serve(200, R"({"items":[],"nextSyncToken":"s"})");
  read(R"(,"cursor":"timeMin=2026&singleEvents=true&maxResults=250&showDeleted=true&pageToken=p")");
  EXPECT_TRUE(toCalendars().back().url.ends_with(
      "?timeMin=2026&pageToken=p&singleEvents=true&maxResults=250&showDeleted=true"))
      << toCalendars().back().url;
  EXPECT_EQ(codeOf(read(R"(,"cursor":"x\r\ny")")), "410 SYNC_CURSOR_EXPIRED");
}

/// A list's parameters without those that say where it begins.
std::map<std::string, std::string> shapeOf(const std::string& url) {
  std::map<std::string, std::string> shape;
  const auto query = bulkhead::Form::parse(url.substr(url.find('?') + 1));
  for (const auto& [name, value] : query.fields()) {
    if (name != "syncToken" && name != "pageToken" && name != "timeMin" && name != "timeMax")
      shape.emplace(name, value);
  }
  return shape;
}

// Goal: a sync token is used with the parameters that it was made with, as Google wants it: without
// singleEvents a series would come back as one event. Method: a calendar whose first reading and
// whose later changes have two pages each.
TEST_F(GoogleCalendarPlugin, EveryRequestOfASyncHasTheSameParameters) {
  std::string cursor;
  const auto read = [&](const char* answer) {
    serve(200, answer);
    const json page = json::parse(
        host_
            .call("calendar/1", "read_changes",
                  R"({"connection":"service-account","calendar":"primary","from":)"
                  R"("2026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z")" +
                      (cursor.empty() ? "" : ",\"cursor\":" + json(cursor).dump()) + "}")
            .body);
    cursor = page.at("cursor");
    return toCalendars().back().url;
  };
  const std::string first = read(R"({"items":[],"nextPageToken":"p2"})");
  const std::map<std::string, std::string> shape{
      {"singleEvents", "true"}, {"maxResults", "250"}, {"showDeleted", "true"}};
  EXPECT_EQ(shapeOf(first), shape);
  for (const char* answer :
       {R"({"items":[],"nextPageToken":"p3"})", R"({"items":[],"nextSyncToken":"s1="})",
        R"({"items":[],"nextPageToken":"p4"})", R"({"items":[],"nextPageToken":"p5"})",
        R"({"items":[],"nextSyncToken":"s2"})", R"({"items":[],"nextSyncToken":"s3"})"})
    EXPECT_EQ(shapeOf(read(answer)), shape) << answer;
  const auto sent = toCalendars();
  const auto has = [&](std::size_t i, const char* text) {
    return sent.at(i).url.find(text) != std::string::npos;
  };
  EXPECT_TRUE(has(2, "pageToken=p3&") && has(2, "timeMin=") && has(2, "timeMax="));
  EXPECT_FALSE(has(2, "pageToken=p2"));
  EXPECT_TRUE(has(3, "syncToken=s1%3D&") && !has(3, "timeMin=") && !has(3, "pageToken="));
  EXPECT_TRUE(has(4, "syncToken=s1%3D&pageToken=p4&"));
  EXPECT_TRUE(has(5, "syncToken=s1%3D&pageToken=p5&") && !has(5, "p4"));
  EXPECT_TRUE(has(6, "syncToken=s2&"));
}

TEST_F(GoogleCalendarPlugin, AChannelIsOpenedOnceWhateverBecameOfTheFirstTry) {
  const auto open = [&] {
    return host_.post("/api/google-calendar/v1/channels", R"({"calendar":"primary"})",
                      {{"Idempotency-Key", "k"}});
  };
  busy();
  host_.wire().answerNext(httpFailure(bulkhead::Outcome::Ambiguous, "CONNECTION_LOST"));
  EXPECT_EQ(codeOf(open()), "502 PROVIDER_AMBIGUOUS");
  host_.wire().answerNext(
      httpAnswer(400, R"({"error":{"errors":[{"reason":"channelIdNotUnique"}]}})"));
  ASSERT_EQ(open().status, 201);
  const auto sent = toCalendars();
  const json first = json::parse(sent.at(1).body);
  EXPECT_EQ(first, json::parse(sent.at(2).body)) << "the same channel and secret in both tries";
  EXPECT_EQ(first["type"], "web_hook");
  EXPECT_EQ(first["address"], "https://h.example/api/google-calendar/v1/webhooks");
  EXPECT_EQ(first["token"].get<std::string>().size(), 64U);
}

TEST_F(GoogleCalendarPlugin, ANotificationIsToldOnceWhoeverKnowsTheSecret) {
  serve(200, R"({"resourceId":"r1","expiration":"1767700000000"})");
  ASSERT_EQ(host_.post("/api/google-calendar/v1/channels", R"({"calendar":"primary"})").status,
            201);
  const json opened = json::parse(toCalendars().back().body);
  const auto notify = [&](const std::string& token, const std::string& state, int number,
                          const std::string& resource = "r1") {
    return host_
        .send("POST", "/api/google-calendar/v1/webhooks",
              {{"X-Goog-Channel-ID", opened["id"]},
               {"X-Goog-Channel-Token", token},
               {"X-Goog-Resource-ID", resource},
               {"X-Goog-Resource-State", state},
               {"X-Goog-Message-Number", std::to_string(number)}},
              "")
        .status;
  };
  const std::string token = opened["token"];
  EXPECT_EQ(notify(token, "sync", 1), 204);
  EXPECT_EQ(notify(token, "exists", 10), 204);
  EXPECT_EQ(notify(token, "exists", 10), 204);
  EXPECT_EQ(notify("other", "exists", 11), 400);
  EXPECT_EQ(notify("", "exists", 11), 400);
  EXPECT_EQ(notify(token, "exists", 12, "r2"), 400) << "of something else";
  host_.runMessages();
  const auto told = host_.published("calendar/1");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event, "calendar_changed");
  EXPECT_EQ(told[0].tenant, "t1");
  EXPECT_EQ(json::parse(told[0].json),
            json::parse(R"({"connection":"service-account","calendar":"primary"})"));
}

TEST_F(GoogleCalendarPlugin, AChannelThatIsNotOursIsNone) {
  EXPECT_EQ(host_.send("POST", "/api/google-calendar/v1/webhooks", {}, "").status, 400);
  EXPECT_EQ(host_.send("POST", "/api/google-calendar/v1/webhooks", {{"X-Goog-Channel-ID", "x"}}, "")
                .error()
                .code,
            "SIGNATURE_INVALID");
}

TEST(GoogleCalendarSettings, C13_WithoutCredentialsItRunsAndSaysSo) {
  TestHost host{"google-calendar"};
  const json health = json::parse(host.health("api"));
  EXPECT_EQ(health.value("configured", true), false);
  EXPECT_EQ(health.value("message", ""), "service_account and tenant not set");
  const auto answer = host.post(kRoute, kQuestion);
  EXPECT_EQ(codeOf(answer), "503 NOT_CONFIGURED");
  EXPECT_NE(answer.error().message.find("service_account"), std::string::npos);
}

TEST(GoogleCalendarSettings, AKeyFileThatIsNoneIsRefusedAtTheStart) {
  EXPECT_THROW((TestHost{"google-calendar", {{"service_account", std::string(64, 'x')}}}),
               std::runtime_error);
}

TEST(GoogleCalendarRequests, ReferenceRequestsOfGooglesLibrary) {
  const auto file = bulkhead::tests::referenceFile("vectors/golden_requests.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/golden_requests.json is not here";
  TestHost host{"google-calendar", {{"service_account", keyFile()}, {"tenant", "t1"}}};
  serveTokens(host);
  host.wire().serve(kApi, [](const OutboundRequest&) { return httpAnswer(200, "{}"); });
  host.health("api");
  const OutboundRequest health = host.wire().sent().back();
  host.call("calendar/1", "put_event", kPut);
  const OutboundRequest insert = host.wire().sent().back();
  int compared = 0;
  const json vectors = json::parse(std::ifstream{*file});
  for (const auto& golden : vectors.at("requests")) {
    if (golden.at("vendor") != "google") continue;
    const std::string name = golden.at("name");
    if (name != "calendarList.list" && !name.starts_with("events.insert")) continue;
    const OutboundRequest& request = name == "calendarList.list" ? health : insert;
    const std::string target = golden.at("target");
    EXPECT_EQ(request.method, golden.at("method"));
    EXPECT_TRUE(("https://www.googleapis.com" + target).starts_with(request.url))
        << "the same but for parameters that are not ours: " << request.url;
    for (const auto& [header, value] : golden.at("headers").items()) {
      const auto found = std::find_if(request.headers.begin(), request.headers.end(),
                                      [&header = header](const auto& one) {
                                        return strcasecmp(one.first.c_str(), header.c_str()) == 0;
                                      });
      ASSERT_NE(found, request.headers.end()) << name << " " << header;
      if (header != "authorization") {
        EXPECT_EQ(found->second, value) << name;
      }
    }
    if (name.starts_with("events.insert")) {
      json expected = json::parse(golden.at("body").get<std::string>());
      expected.erase("extendedProperties");
      expected["end"]["timeZone"] = "America/New_York";
      EXPECT_EQ(json::parse(request.body), expected);
    }
    ++compared;
  }
  EXPECT_EQ(compared, 2);
}

// Goal: a channel that was acknowledged is known, and known once. Method: each call to the host
// fails once, in each way.
TEST(GoogleCalendarFailingCalls, AChannelIsKeptOnceWhateverFails) {
  Scenario scenario;
  scenario.plugin = "google-calendar";
  scenario.settings = {
      {"service_account", keyFile()}, {"tenant", "t1"}, {"public_base_url", "https://h.example"}};
  scenario.prepare = [](TestHost& host) {
    serveTokens(host);
    host.wire().serve(kApi, [](const OutboundRequest& request) {
      return request.url.ends_with("/watch")
                 ? httpAnswer(200, R"({"resourceId":"r1","expiration":"1767600000000"})")
                 : httpAnswer(200, kBusy);
    });
  };
  scenario.run = [](TestHost& host) {
    expectStatus(host.post(kRoute, kQuestion), 200);
    expectStatus(host.post("/api/google-calendar/v1/channels", R"({"calendar":"primary"})",
                           {{"Idempotency-Key", "k-1"}}),
                 201);
  };
  const auto report = failEachCall(scenario);
  EXPECT_THAT(report.problems, testing::IsEmpty());
  EXPECT_GE(report.calls, 6U);
}

}  // namespace
}  // namespace google_calendar
