// The SDK's side of the waist: a plugin in C++ that uses everything of it, in both lives.
#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "both_lives.hpp"
#include "waist_members.hpp"
#include "wire.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;

/// "host.db_read" for each function of the table that the host gives, "response.begin" for each of
/// an answer, and what the host calls while the plugin runs.
std::set<std::string> functionsOfTheWaist() {
  static const std::set<std::string> kNoFunctions{"size", "reserved", "abi_major", "abi_minor",
                                                  "self", "stop",     "destroy"};
  std::set<std::string> functions;
  for (const WaistMember& member : waistMembers(readText(BULKHEAD_WAIST))) {
    const bool is_table = member.of == "host" || member.of == "response" || member.of == "plugin";
    if (is_table && !kNoFunctions.contains(member.name))
      functions.insert(fmt::format("{}.{}", member.of, member.name));
  }
  return functions;
}

constexpr std::size_t kBytes = 100'000;

class Sdk : public BothLives {
 protected:
  static void SetUpTestSuite() { begin("sdk-conformance"); }

  /// What /health says of one of its contributors; "" before it was asked.
  static std::string resultOf(Life& life, std::string_view contributor) {
    const json health = life.host().keyed().get("/health?details=true").json();
    for (const json& check : health.value("checks", json::array())) {
      if (check.value("name", "") == fmt::format("sdk-conformance.{}", contributor))
        return check.value("code", "") == "not_run" ? "" : check.value("lastResult", "");
    }
    return {};
  }
  static json ok(const HttpAnswer& answer) {
    EXPECT_LT(answer.status, 300) << answer.body << answer.fault;
    return answer.json();
  }
};

TEST_F(Sdk, SettingsHaveTheirTypes) {
  inBothLives([](Life& life) {
    const json told = ok(life.getPublic("/settings"));
    EXPECT_EQ(told.value("given_text", ""), "what was given \xe2\x82\xac");
    EXPECT_EQ(told.value("unset_text", "?"), "");
    EXPECT_EQ(told.value("given_integer", std::int64_t{0}), 9'000'000'000);
    EXPECT_EQ(told.value("given_number", 0.0), -2.5e-3);
    EXPECT_FALSE(told.value("given_boolean", true));
    EXPECT_EQ(told.value("duration_ms", 0), 1500);
    EXPECT_EQ(told.value("choice", ""), "two");
    EXPECT_TRUE(told.value("has_secret", false));
  });
}

TEST_F(Sdk, ARequestIsWhatTheClientSent) {
  inBothLives([](Life& life) {
    const json told =
        ok(life.post("/requests/a%20b?q=c%2Bd", R"({"x":1})", {{"X-Of-Client", "yes"}}));
    EXPECT_EQ(told.value("name", ""), "a b");
    EXPECT_EQ(told.value("none", "?"), "");
    EXPECT_EQ(told.value("q", ""), "c+d");
    EXPECT_TRUE(told["no_query"].is_null());
    EXPECT_EQ(told.value("header", ""), "yes");
    EXPECT_EQ(told.value("body", ""), R"({"x":1})");
    EXPECT_EQ(told.value("method", ""), "POST");
    EXPECT_EQ(told.value("path", ""), "/api/sdk-conformance/v1/requests/a b");
    EXPECT_EQ(told.value("request_id", ""), life.lastId());
    for (const char* fact : {"has_key", "may_use", "in_time"})
      EXPECT_TRUE(told.value(fact, false)) << fact;
    EXPECT_NE(told.value("tenant", ""), "");
  });
}

TEST_F(Sdk, EachRefusalAndEachAnswerComesOut) {
  inBothLives([](Life& life) {
    const int statuses[] = {500, 400, 401, 403, 404, 409, 429, 502, 500, 422, 500};
    for (int kind = 1; kind <= 11; ++kind) {
      const HttpAnswer answer = life.getPublic(fmt::format("/refusals/{}", kind));
      EXPECT_EQ(answer.status, statuses[kind - 1]) << kind << answer.body;
      EXPECT_EQ(answer.errorCode(), fmt::format("CODE_{}", kind));
      EXPECT_EQ(answer.header("retry-after"), kind % 3 == 0 ? "120" : "") << kind;
    }
    for (const int kind : {12, 13})
      EXPECT_EQ(life.getPublic(fmt::format("/refusals/{}", kind)).errorCode(), "INTERNAL_ERROR");
    EXPECT_EQ(life.getPublic("/answers/text").header("x-one"), "1");
    EXPECT_EQ(life.getPublic("/answers/none").status, 204);
    EXPECT_EQ(life.getPublic("/answers/header").errorCode(), "INVALID_HEADER");
    EXPECT_EQ(life.getPublic("/answers/json").status, 203);
  });
}

TEST_F(Sdk, TimeGoesOnAndRandomnessIsRandom) {
  inBothLives([](Life& life) {
    const json told = ok(life.getPublic("/time"));
    for (const char* fact :
         {"goes_on", "is_the_machines", "ids_differ", "ids_sort", "bytes_differ"})
      EXPECT_TRUE(told.value(fact, false)) << fact;
    EXPECT_EQ(told.value("id_size", 0), 36);
  });
}

TEST_F(Sdk, TheStoreKeepsWhatWasAnswered) {
  inBothLives([](Life& life) {
    const Fields key{{"Idempotency-Key", "the-note"}};
    EXPECT_EQ(life.post("/notes/whole", "{}", key).status, 201);
    EXPECT_EQ(life.post("/notes/whole", "{}", key).header("idempotent-replayed"), "true");
    const HttpAnswer lost = life.post("/notes/lost", "{}");
    EXPECT_EQ(lost.errorCode(), "NOT_THERE");
    EXPECT_EQ(lost.json()["error"]["details"].value("a", 0), 1) << lost.body;
    const HttpAnswer listed = life.getPublic("/notes");
    EXPECT_THAT(ok(listed)["names"].get<std::vector<std::string>>(),
                testing::AllOf(Contains("whole:nothing"), Contains("made at the start:nothing"),
                               testing::Not(Contains("lost:nothing"))));
    EXPECT_EQ(
        listed.header("x-whole"),
        R"({"amount":3,"share":0.5,"bytes":3,"remark_is_null":true,"more":true,"columns":5})");
    const json told = ok(life.post("/closures", "{}"));
    EXPECT_EQ(told.value("refused", ""), "NOT_TODAY 17");
    EXPECT_EQ(told.value("column", ""), "NO_SUCH_COLUMN");
    EXPECT_EQ(told.value("inside", 0), 2);
    EXPECT_EQ(told.value("after", 0), 2);
  });
}

TEST_F(Sdk, RecoveryPointsOutliveAFailedAttempt) {
  inBothLives([](Life& life) {
    const Fields key{{"Idempotency-Key", "the-recovered"}};
    EXPECT_EQ(life.post("/recoveries", "{}", key).errorCode(), "VENDOR_AWAY");
    const HttpAnswer recovered = life.post("/recoveries", "{}", key);
    const json told = ok(recovered);
    EXPECT_TRUE(told.value("same", false) && told.value("tokens", false)) << recovered.body;
    EXPECT_EQ(told.value("calls", 0), 1) << "the second attempt has the first one's result";
    EXPECT_EQ(life.post("/recoveries", "{}", key).header("idempotent-replayed"), "true");
  });
}

TEST_F(Sdk, BodiesGoPieceByPiece) {
  inBothLives([](Life& life) {
    const auto head = [](std::string_view method, std::string_view path, std::string_view more) {
      return fmt::format("{} /api/sdk-conformance/v1{} HTTP/1.1\r\nHost: a\r\n{}\r\n", method, path,
                         more);
    };
    Wire client{life.host().port()};
    client.send(head("GET", "/pieces", ""));
    EXPECT_EQ(client.receivePattern(), kBytes);
    client.send(head("PUT", "/pieces", fmt::format("Content-Length: {}\r\n", kBytes)));
    client.send(pattern(0, kBytes));
    EXPECT_EQ(client.receivePattern(), kBytes);
    const HttpAnswer pieces = life.host().client().get("/api/sdk-conformance/v1/pieces");
    EXPECT_EQ(pieces.status, 207);
    EXPECT_EQ(pieces.header("x-mark"), "of the plugin");
    Wire other{life.host().port()};
    other.send(head("GET", "/events", "Connection: close\r\n"));
    const std::string events = other.receiveAll();
    EXPECT_THAT(events, HasSubstr("event: tick\nid: 1\ndata: one\ndata: two\n\n"));
    EXPECT_THAT(events, HasSubstr("data: goes on\n\n"));
    const Fields type{{"Content-Type", "a/b"}};
    EXPECT_EQ(ok(life.post("/pieces", std::string(50'000, 'x'), type)).value("bytes", 0), 50'000);
  });
}

TEST_F(Sdk, CallsAndAsksAreAnswered) {
  inBothLives([](Life& life) {
    const json called = ok(life.post("/calls", "{}"));
    EXPECT_THAT(called.value("shown", ""), HasSubstr(R"(\"how\":\"show\")")) << called;
    EXPECT_EQ(called.value("refused", ""), R"(UNWILLING{"why":1})");
    EXPECT_THAT(called.value("unanswered", ""),
                testing::StartsWith("CAPABILITY_UNAVAILABLE unavailable"));
    EXPECT_EQ(called.value("counted", ""), R"({"some":true})");
    EXPECT_EQ(called.value("written", ""), R"({"written":true})");
    const json asked = ok(life.post("/asks", "{}"));
    EXPECT_FALSE(asked.value("fallback", true));
    EXPECT_TRUE(asked.value("alone_fallback", false));
    EXPECT_EQ(asked.value("alone", ""), R"({"nobody":true})");
    EXPECT_EQ(asked.value("reason", ""), "missing");
  });
}

TEST_F(Sdk, EventsAndOwnMessagesAreHandledOnce) {
  inBothLives([](Life& life) {
    const json kept = ok(life.post("/messages", "{}"));
    EXPECT_TRUE(kept.value("new", false));
    EXPECT_FALSE(kept.value("again", true)) << "each is there once for its key";
    const auto handled = [&] {
      const std::string path = "/api/sdk-conformance/v1/messages";
      return life.host().client().get(path).json()["handled"];
    };
    EXPECT_TRUE(await([&] { return handled().size() == 3; })) << handled();
    ok(life.getPublic("/messages"));
  });
}

TEST_F(Sdk, JobsAreDoneInATransactionAndOutsideOfOne) {
  inBothLives([](Life& life) {
    const json enqueued = ok(life.post("/chores", "{}"));
    EXPECT_TRUE(enqueued.value("new", false));
    EXPECT_FALSE(enqueued.value("again", true)) << "one for its key";
    const auto done = [&] {
      const std::string path = "/api/sdk-conformance/v1/chores";
      return life.host().client().get(path).json()["done"];
    };
    EXPECT_TRUE(await([&] { return done().size() == 2; })) << done();
    ok(life.getPublic("/chores"));
  });
}

TEST_F(Sdk, WhatGoesOutIsToldTheSame) {
  inBothLives([](Life& life) {
    const json told =
        ok(life.get("/outside", {{"X-Host-Port", std::to_string(life.host().port())}}));
    for (const char* fact : {"ok", "has_body", "missing_answered"})
      EXPECT_TRUE(told.value(fact, false)) << fact << told;
    EXPECT_EQ(told.value("missing_status", 0), 404);
    EXPECT_EQ(told.value("rejected", ""), "OUTBOUND_URL");
    EXPECT_FALSE(told.value("rejected_answered", true));
  });
}

TEST_F(Sdk, LinesAndMetricsAreShown) {
  inBothLives([](Life& life) {
    ok(life.getPublic("/recorded"));
    life.host().awaitLogLine(
        [](const json& line) { return line.value("message", "") == "sdk: an error"; });
    const auto lines = life.logLines("sdk: ");
    EXPECT_EQ(lines.size(), 4U);
    for (const json& line : lines) life.tell("line", line);
    EXPECT_TRUE(await([&] {
      return life.host()
                 .client()
                 .get("/metrics")
                 .body.find(R"(sdk_conformance_events_total{one="a"} 1.5)") != std::string::npos;
    }));
  });
}

TEST_F(Sdk, EachContributorIsShownAsItAnswered) {
  inBothLives([](Life& life) {
    EXPECT_TRUE(await([&] { return resultOf(life, "well") == "healthy"; }));
    EXPECT_TRUE(await([&] { return resultOf(life, "slow") == "degraded"; }));
    EXPECT_TRUE(await([&] { return resultOf(life, "throws") == "critical"; }));
  });
}

// Goal: nothing of the waist is left out by the SDK's side of this suite. Method: the plugin stands
// between the SDK and the tables and notes each call; each function that abi.h has is looked for
// there once every route was asked.
TEST_F(Sdk, EachFunctionOfTheWaistIsCalled) {
  inBothLives([](Life& life) {
    for (const char* path : {"/settings", "/notes", "/time", "/recorded"}) ok(life.getPublic(path));
    for (const char* path : {"/pieces", "/events"})
      life.host().client().get(fmt::format("/api/sdk-conformance/v1{}", path));
    for (const char* path :
         {"/requests/a", "/notes/called", "/calls", "/asks", "/messages", "/chores"})
      ok(life.post(path, "{}"));
    const auto done = [&] {
      return life.host().client().get("/api/sdk-conformance/v1/chores").json()["done"];
    };
    EXPECT_TRUE(await([&] { return done().size() >= 2; })) << done();
    life.post("/recoveries", "{}", {{"Idempotency-Key", "the-called"}});
    life.post("/pieces", "bytes", {{"Content-Type", "a/b"}});
    life.get("/outside", {{"X-Host-Port", std::to_string(life.host().port())}});
    const json told = ok(life.getPublic("/called"));
    const auto called = told.value("called", std::set<std::string>{});
    for (const std::string& function : functionsOfTheWaist())
      EXPECT_TRUE(called.contains(function)) << function << " was called by nothing";
    EXPECT_FALSE(called.contains("host.size")) << "the control: it tells functions alone";
  });
}

// The order of its life, of which the last steps are after every request.
TEST(SdkLife, EachFunctionIsCalledOnceAndInOrder) {
  for (const char* isolation : {"inprocess", "worker"}) {
    const HostFolder folder;
    folder.installHostile("sdk-conformance", fmt::format("isolation = {}\n", isolation));
    HostProcess host{folder};
    ASSERT_TRUE(host.awaitReady()) << host.logText();
    EXPECT_EQ(host.stop(), 0) << host.logText();
    std::string order;
    for (const json& line : host.logLines()) {
      const std::string message = line.value("message", "");
      if (message.starts_with("life: ")) order += message.substr(6) + ' ';
    }
    EXPECT_EQ(order, "created started stopped destroyed ") << isolation;
  }
}

}  // namespace
}  // namespace bulkhead::integration
