#include "http/response_writer.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

std::string headOf(const HttpResponse& response, const ResponseFraming& framing = {}) {
  std::string out;
  appendHead(out, response, framing, {"Date: d\r\n", "X-F: f\r\n", "X-T: t\r\n", "id"});
  return out;
}

TEST(ResponseWriter, TheFrontOwnsFraming) {
  HttpResponse response = HttpResponse::text(200, "hello", "text/plain");
  for (const char* name :
       {"content-length", "Transfer-Encoding", "Connection", "Date", "X-Request-ID"})
    response.headers.emplace_back(name, "7");
  EXPECT_EQ(headOf(response),
            "HTTP/1.1 200 OK\r\nDate: d\r\nX-F: f\r\nX-T: t\r\nX-Request-Id: id\r\n"
            "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n");
}

TEST(ResponseWriter, LinesKnownBeforehandStandBeforeTheOthers) {
  HttpResponse response;
  response.fixed_headers = HeaderLines{"X-A: a\r\nX-B: b c\r\n"};
  response.headers.emplace_back("X-D", "d");
  EXPECT_EQ(headOf(response),
            "HTTP/1.1 200 OK\r\nDate: d\r\nX-F: f\r\nX-T: t\r\nX-Request-Id: id\r\n"
            "X-A: a\r\nX-B: b c\r\nX-D: d\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseWriter, TheCompilerTakesWholeHeaderLinesOnly) {
  static_assert(areHeaderLines(""));
  static_assert(areHeaderLines("A: b\r\n"));
  for (const std::string_view bad :
       {"A: b", "A: b\n", "A b\r\n", ": b\r\n", "A : b\r\n", "A: b\r\n\r\n",
        "A: b\r\nC\r\nD: e\r\n", "A: b\nC: d\r\n", "A: \x01\r\n"})
    EXPECT_FALSE(areHeaderLines(bad)) << bad;
}

TEST(ResponseWriter, Rfc9110_6_4_1_SomeResponsesHaveNoBody) {
  HttpResponse none;
  none.status = 204;
  none.body = "x";
  EXPECT_EQ(headOf(none).find("Content-Length"), std::string::npos);
  EXPECT_FALSE(sendsBody(none, false));
  HttpResponse unchanged;
  unchanged.status = 304;
  unchanged.headers.emplace_back("Content-Length", "9");
  EXPECT_NE(headOf(unchanged).find("Content-Length: 9\r\n"), std::string::npos);
  const ResponseFraming head{.head_request = true};
  EXPECT_NE(headOf(HttpResponse::text(200, "abc", "a/b"), head).find("Content-Length: 3\r\n"),
            std::string::npos);
  EXPECT_FALSE(sendsBody(HttpResponse::text(200, "abc", "a/b"), true));
}

TEST(ResponseWriter, Rfc9110_15_3_6_ResetContentHasNone) {
  HttpResponse reset = HttpResponse::text(205, "abc", "a/b");
  EXPECT_NE(headOf(reset).find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_FALSE(sendsBody(reset, false));
}

TEST(ResponseWriter, Rfc9110_15_5_22_UpgradeRequiredSaysToWhat) {
  HttpResponse refused;
  refused.status = 426;
  EXPECT_NE(headOf(refused).find("Upgrade: HTTP/1.1\r\nConnection: upgrade\r\n"),
            std::string::npos);
  EXPECT_NE(headOf(refused, {.close = true}).find("Connection: upgrade, close\r\n"),
            std::string::npos);
}

TEST(ResponseWriter, Rfc9112_9_6_ConnectionIsSaid) {
  EXPECT_NE(headOf({}, {.close = true}).find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(headOf({}, {.keep_alive_1_0 = true}).find("Connection: keep-alive\r\n"),
            std::string::npos);
}

TEST(ResponseWriter, HeaderInjectionIsSeen) {
  HttpResponse response;
  EXPECT_TRUE(isWellFormed(response));
  response.headers = {{"X-A", "b\r\nSet-Cookie: c"}};
  EXPECT_FALSE(isWellFormed(response));
  response.headers = {{"X A", "b"}};
  EXPECT_FALSE(isWellFormed(response));
  response.headers = {{"", "b"}};
  EXPECT_FALSE(isWellFormed(response));
  response.headers.clear();
  for (const int status : {0, 100, 199, 600}) {
    response.status = status;
    EXPECT_FALSE(isWellFormed(response)) << status;
  }
}

TEST(ResponseWriter, Rfc9112_4_AnUnknownStatusKeepsItsLine) {
  HttpResponse response;
  response.status = 299;
  EXPECT_TRUE(headOf(response).starts_with("HTTP/1.1 299 \r\n"));
}

TEST(ResponseWriter, Rfc9110_5_6_7_TheDateHasTheFixedForm) {
  DateLine date;
  const std::string line{date.now()};
  EXPECT_EQ(line.size(), std::string_view{"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"}.size());
  EXPECT_TRUE(line.ends_with(" GMT\r\n"));
}

}  // namespace
}  // namespace bulkhead::host
