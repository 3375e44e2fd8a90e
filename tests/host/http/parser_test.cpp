// Well-formedness at the edge, each row over a real socket. What http_parser or Poco let through
// is refused here, and every refusal is an answer with the error body that passed the tail.
#include "http/parser.hpp"

#include <string>

#include "host/http/front_fixture.hpp"

namespace bulkhead::host {
namespace {

using test::FrontTest;
using test::get;
using test::RawClient;

struct Row {
  const char* name;
  std::string request;
  int status;
  bool closes;
};

std::string lines(std::string_view request_line, std::string_view fields) {
  return std::string{request_line} + "\r\nHost: localhost\r\n" + std::string{fields} + "\r\n";
}

std::string withFields(std::string_view fields) {
  return lines("POST / HTTP/1.1", fields);
}

std::string chunked(std::string_view body) {
  return withFields("Transfer-Encoding: chunked\r\n") + std::string{body};
}

const std::string kNul{'\0'};

const std::vector<Row> kRows{
    {"Rfc9112_6_1_ContentLengthAndTransferEncoding",
     withFields("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n" + get("/x"),
     400, true},
    {"Rfc9112_6_3_TwoContentLengths",
     withFields("Content-Length: 1\r\nContent-Length: 2\r\n") + "xx", 400, true},
    {"Rfc9112_6_3_SameContentLengthTwice",
     withFields("Content-Length: 1\r\nContent-Length: 1\r\n") + "x", 400, true},
    {"Rfc9110_8_6_ContentLengthPlus", withFields("Content-Length: +5\r\n") + "hello", 400, true},
    {"Rfc9110_8_6_ContentLengthMinus", withFields("Content-Length: -1\r\n"), 400, true},
    {"Rfc9110_8_6_ContentLengthGarbage", withFields("Content-Length: 5x\r\n") + "hello", 400, true},
    {"Rfc9110_8_6_ContentLengthOverflow", withFields("Content-Length: 99999999999999999999\r\n"),
     400, true},
    {"Rfc9110_8_6_ContentLengthEmpty", withFields("Content-Length: \r\n"), 400, true},
    {"Rfc9110_8_6_ContentLengthLeadingZeros", withFields("Content-Length: 005\r\n") + "hello", 400,
     true},
    {"Rfc9110_8_6_ContentLengthTwoZeros", withFields("Content-Length: 00\r\n"), 400, true},
    {"Rfc9110_8_6_ContentLengthZero", withFields("Content-Length: 0\r\n"), 200, false},
    {"Rfc9110_8_6_ContentLengthHex", withFields("Content-Length: 0x5\r\n") + "hello", 400, true},
    {"Rfc9110_5_5_ContentLengthSpaceAfter", withFields("Content-Length: 5 \r\n") + "hello", 400,
     true},
    {"Rfc9110_5_5_ContentLengthTwoSpaces", withFields("Content-Length:  5\r\n") + "hello", 400,
     true},
    {"Rfc9110_5_5_ContentLengthTab", withFields("Content-Length:\t5\r\n") + "hello", 400, true},
    {"Rfc9110_5_5_ContentLengthNoSpace", withFields("Content-Length:5\r\n") + "hello", 200, false},
    {"Rfc9110_5_5_TransferEncodingSpaceAfter",
     withFields("Transfer-Encoding: chunked \r\n") + "0\r\n\r\n", 400, true},
    {"Rfc9110_5_5_OtherFieldsMayHaveSpace", withFields("X-A: \t b \t\r\n"), 200, false},
    {"Rfc9110_8_6_ContentLengthList", withFields("Content-Length: 5, 5\r\n") + "hello", 400, true},
    {"Rfc9112_6_1_UnknownCodingWithLength",
     withFields("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n") + "hello", 400, true},
    {"Rfc9112_6_1_UnknownCoding", withFields("Transfer-Encoding: gzip\r\n"), 501, true},
    {"Rfc9112_6_1_ChunkedNotLast", withFields("Transfer-Encoding: chunked, identity\r\n"), 400,
     true},
    {"Rfc9112_6_1_ChunkedTwice", withFields("Transfer-Encoding: chunked, chunked\r\n"), 400, true},
    {"Rfc9112_6_1_ChunkedInTwoFields",
     withFields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400, true},
    {"Rfc9112_6_1_GzipThenChunked",
     withFields("Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n", 501, true},
    {"Rfc9112_6_1_TransferEncodingEmpty", withFields("Transfer-Encoding: \r\n"), 400, true},
    {"Rfc9112_6_1_TransferEncodingVerticalTab", withFields("Transfer-Encoding: \vchunked\r\n"), 400,
     true},
    {"Rfc9112_5_1_SpaceBeforeColon", withFields("Transfer-Encoding : chunked\r\n"), 400, true},
    {"Rfc9112_6_1_TransferEncodingInHttp10",
     lines("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400, true},
    {"Rfc9112_3_2_NoHost", "GET / HTTP/1.1\r\n\r\n", 400, true},
    {"Rfc9112_3_2_TwoHosts", lines("GET / HTTP/1.1", "Host: localhost\r\n"), 400, true},
    {"Rfc9112_3_2_EmptyHost", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400, true},
    {"Rfc9112_3_2_HostWithUser", "GET / HTTP/1.1\r\nHost: me@localhost\r\n\r\n", 400, true},
    {"Rfc9112_3_2_HostWithPath", "GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n", 400, true},
    {"Rfc9112_3_2_HostList", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, true},
    {"Rfc9112_3_2_HostBadPort", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", 400, true},
    {"Rfc9112_3_2_HostIpv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200, false},
    {"Rfc9112_2_2_BareLfInRequestLine", "GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400, true},
    {"Rfc9112_2_2_BareLfEverywhere", "GET / HTTP/1.1\nHost: localhost\n\n", 400, true},
    {"Rfc9112_2_2_BareCrInValue", withFields("X-A: va\rlue\r\n"), 400, true},
    {"Rfc9112_2_2_BareCrAsLineEnd", "GET / HTTP/1.1\rHost: localhost\r\n\r\n", 400, true},
    {"Rfc9112_5_2_ObsFold", withFields("X-A: one\r\n two\r\n"), 400, true},
    {"Rfc9112_5_2_ObsFoldTab", withFields("X-A: one\r\n\ttwo\r\n"), 400, true},
    {"Rfc9112_2_2_SpaceBeforeFirstField", "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400, true},
    {"Rfc9110_5_5_NulInValue", withFields("X-A: a" + kNul + "b\r\n"), 400, true},
    {"Rfc9110_5_5_BellInValue", withFields("X-A: a\ab\r\n"), 400, true},
    {"Rfc9110_5_6_2_SpaceInName", withFields("X A: b\r\n"), 400, true},
    {"Rfc9110_5_6_2_BracketInName", withFields("X[A: b\r\n"), 400, true},
    {"Rfc9110_5_6_2_NonAsciiName", withFields("X\xc3\xa4: b\r\n"), 400, true},
    {"Rfc9110_5_1_EmptyName", withFields(": b\r\n"), 400, true},
    {"Rfc9112_5_NoColon", withFields("NoColonHere\r\n"), 400, true},
    {"Rfc9112_7_1_ChunkSizeGarbage", chunked("ZZ\r\nabc\r\n0\r\n\r\n"), 400, true},
    {"Rfc9112_7_1_ChunkSizeHexPrefix", chunked("0x3\r\nabc\r\n0\r\n\r\n"), 400, true},
    {"Rfc9112_7_1_ChunkSizeOverflow", chunked("FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"), 400, true},
    {"Rfc9112_7_1_ChunkSizeMinus", chunked("-1\r\nabc\r\n0\r\n\r\n"), 400, true},
    {"Rfc9112_7_1_ChunkSizeSpace", chunked(" 3\r\nabc\r\n0\r\n\r\n"), 400, true},
    {"Rfc9112_7_1_ChunkLongerThanItsSize", chunked("3\r\nabcd\r\n0\r\n\r\n"), 400, true},
    {"Rfc9112_7_1_ChunkBareLf", chunked("3\nabc\r\n0\r\n\r\n"), 400, true},
    {"Rfc9112_7_1_1_ExtensionSkipped", chunked("3;a=\"b\"\r\nabc\r\n0\r\n\r\n"), 200, false},
    {"Rfc9112_7_1_1_ExtensionWithoutName", chunked("3;\r\nabc\r\n0\r\n\r\n"), 400, true},
    {"Rfc9112_7_1_1_ExtensionWithNul", chunked("3;a" + kNul + "\r\nabc\r\n0\r\n\r\n"), 400, true},
    {"Rfc9112_7_1_1_ExtensionBounded",
     chunked("3;" + std::string(9000, 'a') + "\r\nabc\r\n0\r\n\r\n"), 400, true},
    {"Rfc9112_7_1_2_TrailersBounded",
     chunked("3\r\nabc\r\n0\r\nX: " + std::string(9000, 'a') + "\r\n\r\n"), 400, true},
    {"Rfc9112_6_3_PostWithoutLengthIsEmpty", withFields(""), 200, false},
    {"Rfc9112_6_3_PutWithoutLengthIsEmpty", lines("PUT / HTTP/1.1", ""), 200, false},
    {"Rfc9112_6_3_PatchWithoutLengthIsEmpty", lines("PATCH / HTTP/1.1", ""), 200, false},
    {"Rfc9112_6_3_DeleteWithoutLengthIsEmpty", lines("DELETE / HTTP/1.1", ""), 200, false},
    {"Rfc9112_6_3_OptionsWithoutLengthIsEmpty", lines("OPTIONS / HTTP/1.1", ""), 200, false},
    {"Rfc9112_3_2_4_OptionsStar", lines("OPTIONS * HTTP/1.1", ""), 204, false},
    {"Rfc9112_3_2_4_StarIsForOptions", lines("GET * HTTP/1.1", ""), 400, true},
    {"Rfc9112_3_2_2_AbsoluteForm", lines("GET http://localhost/x?y HTTP/1.1", ""), 200, false},
    {"Rfc9112_3_2_2_AbsoluteFormWithoutPath", lines("GET http://localhost HTTP/1.1", ""), 200,
     false},
    {"Rfc9112_3_2_2_UnknownScheme", lines("GET ftp://localhost/ HTTP/1.1", ""), 400, true},
    {"Rfc9110_9_3_6_Connect", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501, true},
    {"Rfc9110_9_3_8_Trace", lines("TRACE / HTTP/1.1", ""), 501, true},
    {"Rfc9110_9_1_LowerCaseMethod", lines("get / HTTP/1.1", ""), 501, true},
    {"Rfc9110_9_1_UnknownMethod", lines("BREW / HTTP/1.1", ""), 501, true},
    {"Rfc9110_9_1_PropfindIsUnknown", lines("PROPFIND / HTTP/1.1", ""), 501, true},
    {"Rfc9110_9_1_MethodNoToken", lines("GE\x01T / HTTP/1.1", ""), 400, true},
    {"Rfc9112_2_3_Http20", lines("GET / HTTP/2.0", ""), 505, true},
    {"Rfc9112_2_3_Http12", lines("GET / HTTP/1.2", ""), 505, true},
    {"Rfc9112_2_3_LowerCaseVersion", lines("GET / http/1.1", ""), 400, true},
    {"Rfc9112_2_3_GarbageVersion", lines("GET / b", ""), 400, true},
    {"Rfc9112_2_3_NoVersion", lines("GET /", ""), 400, true},
    {"Rfc9112_3_TwoSpaces", lines("GET  / HTTP/1.1", ""), 400, true},
    {"Rfc9112_3_TabForSpace", lines("GET\t/ HTTP/1.1", ""), 400, true},
    {"Rfc9112_3_TrailingSpace", lines("GET / HTTP/1.1 ", ""), 400, true},
    {"Rfc9112_2_2_OneLeadingEmptyLine", "\r\n" + get("/"), 200, false},
    {"Rfc9112_2_2_TwoLeadingEmptyLines", "\r\n\r\n" + get("/"), 400, true},
    {"Rfc9112_3_2_Fragment", get("/a#b"), 400, true},
    {"Rfc9112_3_2_ControlInTarget", get("/a\x01"), 400, true},
    {"Rfc9112_3_2_NonAsciiTarget", get("/caf\xc3\xa9"), 400, true},
    {"Rfc3986_2_1_BadPercent", get("/a%zz"), 400, true},
    {"Rfc3986_2_1_CutPercent", get("/a%4"), 400, true},
    {"Rfc3986_2_1_PercentNul", get("/a%00"), 400, true},
    {"Rfc3986_2_1_PercentNulInQuery", get("/a?b=%00"), 400, true},
    {"Rfc3986_3_3_DotDot", get("/a/../b"), 400, true},
    {"Rfc3986_3_3_EncodedDotDot", get("/a/%2e%2E/b"), 400, true},
    {"Rfc3986_3_3_EncodedSlash", get("/a%2fb"), 400, true},
    {"Rfc3986_3_3_ThreeDotsAreAName", get("/a/.../b"), 200, false},
    {"Rfc9112_3_TargetTooLong", get("/" + std::string(8200, 'a')), 414, true},
    {"Rfc9112_3_TargetOf8000IsTaken", get("/" + std::string(8000, 'a')), 200, false},
    {"Rfc6585_5_ManyFields", withFields([] {
       std::string fields;
       for (int i = 0; i < 101; ++i) fields += "X-" + std::to_string(i) + ": v\r\n";
       return fields;
     }()),
     431, true},
    {"Rfc6585_5_LargeField", withFields("X-A: " + std::string(33'000, 'a') + "\r\n"), 431, true},
    {"Rfc9110_10_1_1_UnknownExpectation", get("/", "Expect: 200-ok\r\n"), 417, true},
    {"Rfc9110_7_8_UpgradeIsIgnored", get("/", "Connection: Upgrade\r\nUpgrade: h2c\r\n"), 200,
     false},
    {"Rfc6455_4_4_AWebSocketHandshake",
     get("/",
         "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"),
     426, true},
    {"Rfc9110_7_8_AnUpgradeThatConnectionDoesNotName",
     get("/", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"), 200, false},
    {"Rfc9112_6_3_GetWithABody", lines("GET / HTTP/1.1", "Content-Length: 5\r\n") + "hello", 200,
     false},
};

class WellFormedness : public FrontTest, public ::testing::WithParamInterface<Row> {};

TEST_P(WellFormedness, IsAnsweredAsTheStandardWants) {
  start();
  RawClient client = this->client();
  client.send(GetParam().request);
  const auto answer = client.read(GetParam().status == 204);
  ASSERT_TRUE(answer) << "no answer";
  EXPECT_EQ(answer->status, GetParam().status) << answer->head << answer->body;
  EXPECT_TRUE(answer->head.starts_with("HTTP/1.1 "));
  EXPECT_FALSE(answer->field("date").empty());
  EXPECT_FALSE(answer->field("x-request-id").empty());
  EXPECT_EQ(answer->field("x-tail"), "passed");
  if (answer->status >= 400) {
    EXPECT_NE(answer->body.find("\"statusCode\":" + std::to_string(answer->status)),
              std::string::npos);
    EXPECT_EQ(handled(), 0);
  }
  if (GetParam().closes) {
    EXPECT_TRUE(answer->field("connection").ends_with("close"));
    EXPECT_EQ(client.readAll(), "") << "something was read as a second request";
  } else {
    client.send(get("/next"));
    EXPECT_EQ(client.read().value_or(test::Answer{}).status, 200);
  }
}

INSTANTIATE_TEST_SUITE_P(Ops519, WellFormedness, ::testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string{row.param.name}; });

using Parser = FrontTest;

TEST_F(Parser, Rfc9112_3_2_2_AbsoluteFormReplacesHost) {
  HttpRequest request;
  const auto outcome =
      parse("GET http://other:81/x HTTP/1.1\r\nHost: localhost\r\n\r\n", HeadLimits{}, request);
  ASSERT_FALSE(outcome.refusal);
  EXPECT_EQ(*request.header("host"), "other:81");
  EXPECT_EQ(request.path, "/x");
}

TEST_F(Parser, FieldsAreLowerCasedTrimmedAndKeptApart) {
  HttpRequest request;
  const auto outcome = parse(
      "GET /a%20b?x=1&y=a+b%21&x=2 HTTP/1.1\r\nHOST: h\r\nX-A: \t one \t\r\nx-a: "
      "two\r\nX-E:\r\n\r\n",
      HeadLimits{}, request);
  ASSERT_FALSE(outcome.refusal) << outcome.refusal->message();
  const Fields headers{{"host", "h"}, {"x-a", "one"}, {"x-a", "two"}, {"x-e", ""}};
  EXPECT_EQ(request.headers, headers);
  const Fields query{{"x", "1"}, {"y", "a b!"}, {"x", "2"}};
  EXPECT_EQ(request.query, query);
  EXPECT_EQ(request.path, "/a b");
  EXPECT_EQ(request.target, "/a%20b?x=1&y=a+b%21&x=2");
}

TEST_F(Parser, Rfc9112_9_3_Persistence) {
  const auto keepAlive = [](std::string_view head) {
    HttpRequest request;
    return parse(head, HeadLimits{}, request).framing.keep_alive;
  };
  EXPECT_TRUE(keepAlive("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(keepAlive("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n"));
  EXPECT_FALSE(keepAlive("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keepAlive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

}  // namespace
}  // namespace bulkhead::host
