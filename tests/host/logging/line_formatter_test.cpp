#include "logging/line_formatter.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::system_clock;

std::string format(std::string_view message, std::initializer_list<LogField> fields = {},
                   const LogContext* context = nullptr) {
  static const Redactor redactor;
  static const LineFormatter formatter{"accubooks", "1.0.0", "test", redactor};
  LogRecord record;
  record.level = Level::Warn;
  record.logger = "http";
  record.message = message;
  record.fields = {fields.begin(), fields.size()};
  record.context = context;
  record.time = system_clock::time_point{milliseconds{1704110400007}};
  std::string line;
  formatter.append(line, record);
  return line;
}

TEST(LineFormatter, S45_OneJsonObjectALine) {
  const std::string line = format("two\nlines \"quoted\"", {{"a\nb", "c\nd"}});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const Json json = Json::parse(line);
  EXPECT_EQ(json["timestamp"], "2024-01-01T12:00:00.007Z");
  EXPECT_EQ(json["level"], "WARN");
  EXPECT_EQ(json["severity"], "WARNING");
  EXPECT_EQ(json["message"], "two\nlines \"quoted\"");
  EXPECT_EQ(json["service"], "accubooks");
  EXPECT_EQ(json["version"], "1.0.0");
  EXPECT_EQ(json["environment"], "test");
  EXPECT_EQ(json["logger"], "http");
  EXPECT_TRUE(json["thread"].is_number());
  EXPECT_EQ(json["a\nb"], "c\nd");
  EXPECT_FALSE(json.contains("truncated"));
}

TEST(LineFormatter, S47_CarriesTheContext) {
  LogContext context;
  context.plugin = "booking";
  context.request_id = "r1";
  context.trace_id = "t1";
  context.span_id = "s1";
  context.tenant = "acme";
  context.client_key = "c1";
  context.api_key_id = "k1";
  const Json json = Json::parse(format("x", {}, &context));
  EXPECT_EQ(json["plugin"], "booking");
  EXPECT_EQ(json["requestId"], "r1");
  EXPECT_EQ(json["traceId"], "t1");
  EXPECT_EQ(json["spanId"], "s1");
  EXPECT_EQ(json["tenant"], "acme");
  EXPECT_EQ(json["clientKey"], "c1");
  EXPECT_EQ(json["apiKeyId"], "k1");
  EXPECT_FALSE(Json::parse(format("x")).contains("requestId"));
}

TEST(LineFormatter, KeepsTheTypesOfFields) {
  const Json json = Json::parse(format("x", {{"status", 404},
                                             {"ratio", 0.5},
                                             {"flag", true},
                                             {"text", std::string{"t"}},
                                             {"least", std::numeric_limits<std::int64_t>::min()},
                                             {"most", std::numeric_limits<std::uint64_t>::max()},
                                             {"nan", std::numeric_limits<double>::quiet_NaN()}}));
  EXPECT_EQ(json["status"], 404);
  EXPECT_EQ(json["ratio"], 0.5);
  EXPECT_EQ(json["flag"], true);
  EXPECT_EQ(json["text"], "t");
  EXPECT_EQ(json["least"], std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(json["most"], std::numeric_limits<std::uint64_t>::max());
  EXPECT_TRUE(json["nan"].is_null());
}

TEST(LineFormatter, S50_WritesErrorsAsAnObject) {
  const ErrorDetails error{"DatabaseError", "postgres://u:canary@h failed", "DATABASE_ERROR",
                           "frame 1\nframe 2"};
  const Json json = Json::parse(format("request failed", {{"error", error}}));
  EXPECT_EQ(json["error"]["name"], "DatabaseError");
  EXPECT_EQ(json["error"]["message"], "postgres://******@h failed");
  EXPECT_EQ(json["error"]["code"], "DATABASE_ERROR");
  EXPECT_EQ(json["error"]["stack"], "frame 1\nframe 2");
}

TEST(LineFormatter, AFieldCannotForgeTheLinesOwnMembers) {
  const std::string line = format("real", {{"level", "DEBUG"}, {"message", "forged"}});
  const Json json = Json::parse(line);
  EXPECT_EQ(json["level"], "WARN");
  EXPECT_EQ(json["message"], "real");
  EXPECT_EQ(json["field.level"], "DEBUG");
  EXPECT_EQ(json["field.message"], "forged");
}

TEST(LineFormatter, S131_RedactsByNameAndByLooks) {
  const Json json =
      Json::parse(format("GET /x?token=canary", {{"password", "canary"},
                                                 {"ssn", 123456789},
                                                 {"hasPassword", true},
                                                 {"number", 4242424242424242},
                                                 {"dsn", "mysql://root:canary@h/d"}}));
  EXPECT_EQ(json["message"], "GET /x?token=******");
  EXPECT_EQ(json["password"], "******");
  EXPECT_EQ(json["ssn"], "******");
  EXPECT_EQ(json["hasPassword"], true);
  EXPECT_EQ(json["number"], "******4242");
  EXPECT_EQ(json["dsn"], "mysql://******@h/d");
}

TEST(LineFormatter, DurationsAreMillisecondsToTheMicrosecond) {
  using std::chrono::microseconds;
  const std::string line = format("x", {{"a", microseconds{1234}},
                                        {"b", microseconds{250}},
                                        {"c", microseconds{0}},
                                        {"d", microseconds{120'000'000}},
                                        {"e", microseconds{-5}},
                                        {"f", microseconds::min()}});
  EXPECT_NE(line.find(R"("a":1.234,"b":0.25,"c":0,"d":120000,"e":-0.005)"), std::string::npos);
  EXPECT_TRUE(Json::accept(line)) << line;
}

TEST(LineFormatter, WhatHoldsNoSecretIsEscapedAllTheSame) {
  const Json json = Json::parse(
      format("x", {{"route", NoSecret{"/a\"b\n{id}"}}, {"password", NoSecret{"canary"}}}));
  EXPECT_EQ(json["route"], "/a\"b\n{id}");
  EXPECT_EQ(json["password"], "******");
}

/// The names of literals are judged by the compiler, those of variables by the formatter.
TEST(LineFormatter, S131_ANameIsJudgedAlikeWhoeverJudgesIt) {
  for (const std::string name : {"accessToken", "level", "a\"b", "status"}) {
    const Json seen = Json::parse(format("x", {{name, "canary"}}));
    EXPECT_EQ(seen.dump().find("canary") == std::string::npos, name == "accessToken") << name;
  }
  const Json literals = Json::parse(format(
      "x", {{"accessToken", "canary"}, {"level", "y"}, {"a\"b", "z"}, {"status", "canary"}}));
  EXPECT_EQ(literals["accessToken"], "******");
  EXPECT_EQ(literals["field.level"], "y");
  EXPECT_EQ(literals["a\"b"], "z");
  EXPECT_EQ(literals["status"], "canary");
}

TEST(LineFormatter, S131_IdsThatAClientSentAreSearched) {
  LogContext context;
  context.request_id = context.trace_id = context.span_id = "bh_live_canary";
  EXPECT_EQ(format("x", {}, &context).find("canary"), std::string::npos);
  context.own_request_id = true;
  const Json own = Json::parse(format("x", {}, &context));
  EXPECT_EQ(own["requestId"], "bh_live_canary");
  EXPECT_EQ(own["traceId"], "bh_live_******");
}

TEST(LineFormatter, NoErrorFillsMoreThanTheLine) {
  for (std::size_t size = 15'500; size < 16'400; ++size) {
    const std::string text(size - 8'000, 'y');
    const ErrorDetails error{text, text, text, text};
    const std::string line = format(std::string(8'000, 'x'), {{"a", text}, {"error", error}});
    ASSERT_LE(line.size(), LineFormatter::kLineBytesMax);
    ASSERT_TRUE(Json::accept(line)) << size;
  }
}

TEST(LineFormatter, NoLineIsLongerThan16KiBAndEveryOneParses) {
  for (const std::size_t size : {100U, 8'000U, 8'200U, 16'000U, 17'000U, 200'000U}) {
    for (const std::string_view unit : {"x", "\"", "\x01", "\xE2\x82\xAC"}) {
      std::string text;
      while (text.size() < size) text += unit;
      const ErrorDetails error{"name", text, "CODE", text};
      const std::string line = format(text, {{"one", text}, {"two", text}, {"error", error}});
      ASSERT_LE(line.size(), LineFormatter::kLineBytesMax);
      ASSERT_TRUE(Json::accept(line)) << size << " " << unit;
      EXPECT_EQ(Json::parse(line).contains("truncated"), size > 100);
    }
  }
}

TEST(LineFormatter, ManyFieldsStayWithinTheBound) {
  const std::string name(5000, 'n');
  const std::string line = format("x", {{name, 1}, {name + "2", 2}, {"small", 3}});
  EXPECT_LE(line.size(), LineFormatter::kLineBytesMax);
  EXPECT_EQ(Json::parse(line)["truncated"], true);
}

// Goal: short texts are copied whole, whatever their length. Method: every length around the ones
// where the way of copying changes, as name, as value, as message and as what holds no secret.
TEST(LineFormatter, TextsOfEveryLengthAreWhole) {
  for (std::size_t size = 1; size <= 80; ++size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('f' + i % 20);
    const Json json =
        Json::parse(format(text, {{text, "x"}, {"value", text}, {"own", NoSecret{text}}}));
    EXPECT_EQ(json["message"], text);
    EXPECT_EQ(json["value"], text);
    EXPECT_EQ(json["own"], text);
    EXPECT_EQ(json[text], size <= 64 ? "x" : "******") << "longer names are never trusted";
  }
}

}  // namespace
}  // namespace bulkhead::host
