// What a call brings to the plugin, and what the plugin's answer brings to the client.
#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include <bulkhead/abi.h>

#include "both_lives.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class Calls : public BothLives {};

std::string valueOf(const json& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const json& field) {
    return field.value("name", "") == name;
  });
  return found == fields.end() ? "-" : found->value("value", "");
}

TEST_F(Calls, ARequestIsHandedOverWithAllItsFields) {
  inBothLives([](Life& life) {
    const HttpAnswer answer =
        life.post("/requests/caf%C3%A9%25/a%20b?q=%3C%26%2B&n=-7",
                  R"({ "name": "<script>alert(1)</script>bold", "amount": 1 })",
                  {{"X-Own", "one"},
                   {"X-Own", "two"},
                   {"x-latin", "caf\xe9"},
                   {"Cookie", "session=1"},
                   {"Proxy-Authorization", "Basic abcdefgh"},
                   {"Accept-Language", "de, en;q=0.5"}});
    ASSERT_EQ(answer.status, 200) << answer.body << answer.fault;
    const json told = answer.json();
    EXPECT_EQ(told.value("size", 0U), sizeof(bulkhead_request));
    EXPECT_EQ(told.value("route", 0), 3);
    EXPECT_TRUE(told.value("context", false));
    EXPECT_FALSE(told.value("transaction", true));
    EXPECT_EQ(told.value("method", ""), "POST");
    EXPECT_NE(told.value("tenant", ""), "");
    EXPECT_NE(told.value("key_id", ""), "");
    EXPECT_EQ(told.value("request_id", ""), life.lastId());
    EXPECT_EQ(told.value("trace_id", ""), fmt::format("{:032x}", 1));
    EXPECT_EQ(told.value("scopes", ""), "*");
    EXPECT_EQ(valueOf(told["parameters"], "name"), "caf\xc3\xa9%");
    EXPECT_EQ(valueOf(told["parameters"], "rest"), "a b");
    EXPECT_EQ(valueOf(told["query"], "n"), "-7");
    EXPECT_EQ(valueOf(told["headers"], "accept-language"), "de, en;q=0.5");
    EXPECT_THAT(told.value("body", ""), Not(HasSubstr("<script"))) << "sanitized";
    for (const char* name : {"proxy-authorization", "cookie", "x-api-key"})
      EXPECT_EQ(valueOf(told["headers"], name), "-") << name;
  });
}

TEST_F(Calls, EachMethodAndEachKindOfBodyComesAsItWasSent) {
  std::string raw(std::size_t{9} << 20U, '\0');
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<char>(i * 7 % 256);
  inBothLives([&](Life& life) {
    const auto sent = life.send("PUT", "/requests/raw/body", raw, {{"Content-Type", "image/png"}});
    EXPECT_EQ(sent.json().value("body_size", 0U), raw.size()) << sent.body;
    EXPECT_EQ(life.send("PUT", "/requests/raw/empty", "").json().value("body_size", 1), 0);
    EXPECT_EQ(life.send("DELETE", "/requests/x/y", "").json().value("method", ""), "DELETE");
    const std::string typed = R"({"name":"<script>x</script>","amount":-0})";
    EXPECT_EQ(life.send("PATCH", "/requests/x/y", typed).json().value("body", ""), typed);
    const json anybody = life.getPublic("/public?q=").json();
    EXPECT_EQ(anybody.value("tenant", "-"), "");
    EXPECT_EQ(anybody.value("key_id", "-"), "");
    EXPECT_EQ(anybody.value("scopes", "-"), "");
    EXPECT_EQ(anybody.value("route", -1), 0);
  });
}

TEST_F(Calls, WhatBreaksTheContractNeverReachesThePlugin) {
  inBothLives([](Life& life) {
    EXPECT_EQ(life.post("/requests/a/b?unknown=1", "{}").status, 400);
    EXPECT_EQ(life.post("/requests/a/b?n=x", "{}").status, 400);
    EXPECT_EQ(life.post("/requests/a/b", R"({"name":7})").status, 400);
    EXPECT_EQ(life.post("/requests/a/b", "no json").status, 400);
    EXPECT_EQ(life.post("/requests/a/b", "<a/>", {{"Content-Type", "text/xml"}}).status, 415);
    EXPECT_EQ(life.send("PUT", "/requests/a/b", std::string(33 << 20U, 'x')).status, 413);
    EXPECT_EQ(life.getPublic("/requests/a/b").status, 405);
    EXPECT_EQ(life.getPublic("/probes/host/size").status, 401);
  });
}

TEST_F(Calls, ARefusalComesOutAsItWasSaid) {
  const int statuses[] = {200, 500, 400, 401, 403, 404, 409, 429, 502, 500, 422, 500, 500};
  inBothLives([&](Life& life) {
    for (int kind = 0; kind < 13; ++kind) {
      const HttpAnswer answer = life.getPublic(fmt::format("/refusals/{}", kind));
      EXPECT_EQ(answer.status, statuses[kind]) << kind << answer.body;
      if (kind == 0) continue;
      EXPECT_EQ(answer.errorCode(), fmt::format("CODE_{}", kind)) << answer.body;
      EXPECT_THAT(answer.json()["error"].value("message", ""), HasSubstr("Caf\xc3\xa9 \"quoted\""));
      EXPECT_EQ(answer.json()["error"].contains("details"), kind % 2 == 0) << answer.body;
      EXPECT_EQ(answer.header("retry-after"), kind % 3 == 0 ? "120" : "") << kind;
    }
    EXPECT_EQ(life.getPublic("/refusals/silent").status, 500);
  });
}

TEST_F(Calls, AnAnswerComesOutAsItWasGiven) {
  inBothLives([](Life& life) {
    const auto status = [&](std::string_view how) {
      return life.getPublic(fmt::format("/answers/{}", how)).status;
    };
    for (const char* mistake : {"nothing", "too-big", "flood", "long-field", "twice", "status-0",
                                "status-199", "status-600"})
      EXPECT_EQ(status(mistake), 500) << mistake;
    EXPECT_EQ(status("no-content"), 204);
    EXPECT_EQ(status("status-304"), 304);
    EXPECT_EQ(status("status-599"), 599);
    EXPECT_EQ(status("then-refuses"), 409);
    EXPECT_EQ(status("no-such-way"), 404);
    const HttpAnswer text = life.getPublic("/answers/text");
    EXPECT_EQ(text.status, 200);
    EXPECT_EQ(text.body, "ok");
    EXPECT_EQ(text.header("set-cookie"), "a=b; HttpOnly");
    EXPECT_NE(text.header("x-frame-options"), "ALLOWALL") << "that is the host's own";
    const HttpAnswer big = life.getPublic("/answers/big", {{"Accept-Encoding", "identity"}});
    ASSERT_EQ(big.body.size(), std::size_t{20} << 20U) << big.status << big.fault;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < big.body.size(); ++i)
      wrong += big.body[i] == static_cast<char>(i % 251) ? 0U : 1U;
    EXPECT_EQ(wrong, 0U);
  });
}

TEST_F(Calls, AHeaderThatWouldBreakTheMessageIsRefused) {
  inBothLives([](Life& life) {
    const json told = life.probe("response", "header");
    EXPECT_EQ(told.value("size", 0U), sizeof(bulkhead_response));
    EXPECT_FALSE(told.value("streams", true)) << "the route does not";
    for (const char* step : {"good", "empty_value", "hosts_own"})
      EXPECT_EQ(told.value(step, -1), 0) << step;
    for (const char* step :
         {"empty_name", "line_break", "line_feed", "nul", "space_in_name", "colon_in_name"})
      EXPECT_NE(told.value(step, 0), 0) << step;
  });
}

// Goal: the client's time is kept, and the plugin sees the same of it. Method: a handler that works
// on past its deadline, and says in the log when it is through.
TEST_F(Calls, ADeadlineIsKeptWhateverTheHandlerDoes) {
  inBothLives([](Life& life) {
    const HttpAnswer answer = life.getPublic("/waits");
    EXPECT_EQ(answer.status, 504) << answer.body;
    EXPECT_EQ(answer.errorCode(), "DEADLINE_EXCEEDED");
    const std::string id = life.lastId();
    EXPECT_TRUE(life.host()
                    .awaitLogLine([&](const json& line) {
                      return line.value("message", "") == "waited: too long" &&
                             line.value("requestId", "") == id;
                    })
                    .is_object())
        << "it was not cut off";
  });
}

}  // namespace
}  // namespace bulkhead::integration
