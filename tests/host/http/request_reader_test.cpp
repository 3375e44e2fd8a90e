#include "http/request_reader.hpp"

#include <random>

#include "host/http/front_fixture.hpp"

namespace bulkhead::host {
namespace {

using test::FrontTest;
using test::RawClient;

/// What a byte stream means, as text: one line per request, and how it ended.
std::string meaningOf(std::string_view bytes, std::size_t step) {
  static const HeadLimits kLimits;
  RequestReader reader{kLimits};
  HttpRequest request;
  std::string meaning;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string_view piece = bytes.substr(at, step);
    for (bool more = true; more;) {
      const auto [status, used] = reader.read(piece, request);
      piece.remove_prefix(used);
      if (status == RequestReader::Status::Refused ||
          (status == RequestReader::Status::HeadComplete && !reader.startBody(100)))
        return meaning + "refused " + reader.refusal().code();
      if (status == RequestReader::Status::Complete) {
        meaning += request.method + " " + request.target + " " + request.body + "\n";
        request = {};
      }
      more = !piece.empty() || status == RequestReader::Status::HeadComplete;
    }
  }
  return meaning + (reader.inHead() || reader.inBody() ? "incomplete" : "");
}

const std::vector<std::string> kStreams{
    test::get("/a") + test::post("/b", "12345") + test::get("/c"),
    "\r\nPOST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
        test::get("/y"),
    test::post("/big", std::string(101, 'x')),
    "GET / HTTP/1.1\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel",
    "GET / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n"};

TEST(RequestReader, AnySplitMeansTheSame) {
  for (const std::string& stream : kStreams) {
    const std::string whole = meaningOf(stream, stream.size());
    for (std::size_t step = 1; step < stream.size(); ++step)
      EXPECT_EQ(meaningOf(stream, step), whole) << step << " of " << stream;
  }
  EXPECT_EQ(meaningOf(kStreams[1], 1), "POST /x abc\nGET /y \n");
  EXPECT_EQ(meaningOf(kStreams[2], 1), "refused PAYLOAD_TOO_LARGE");
}

TEST(RequestReader, KnowsWhenItIsInsideARequest) {
  const HeadLimits limits;
  RequestReader reader{limits};
  HttpRequest request;
  reader.read("\r\n", request);
  EXPECT_FALSE(reader.inHead()) << "an empty line begins nothing";
  reader.read("G", request);
  EXPECT_TRUE(reader.inHead());
}

TEST(RequestReader, Rfc9112_2_2_OneEmptyLineIsIgnoredAndNotASecond) {
  EXPECT_EQ(meaningOf("\r\n", 2), meaningOf("", 2)) << "it begins nothing";
  EXPECT_EQ(meaningOf("\r\n\r\n", 2), "refused MALFORMED_REQUEST");
  EXPECT_EQ(meaningOf("\r\n\r\n", 4), "refused MALFORMED_REQUEST");
}

TEST(RequestReader, WhatIsNotHttpIsRefusedAtItsFirstByte) {
  EXPECT_EQ(meaningOf("\x16\x03\x01", 1), "refused MALFORMED_REQUEST");
}

/// One to four random edits: bytes changed, removed, doubled or replaced by what parsers trip on.
std::string mutate(std::string text, std::mt19937& random) {
  static const std::vector<std::string> kPieces{"\r\n",
                                                "\n",
                                                "\r",
                                                std::string(1, '\0'),
                                                ":",
                                                " ",
                                                "0",
                                                "-1",
                                                "\t",
                                                "\r\n\r\n",
                                                "Content-Length: 3\r\n",
                                                "Transfer-Encoding: chunked\r\n",
                                                "HTTP/1.1",
                                                "%00",
                                                std::string(300, 'a'),
                                                "\xff"};
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
  };
  for (std::size_t edits = below(4) + 1; edits > 0 && !text.empty(); --edits) {
    const std::size_t at = below(text.size());
    switch (below(4)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, below(8) + 1);
        break;
      case 2:
        text.insert(at, kPieces[below(kPieces.size())]);
        break;
      default:
        text.insert(at, text.substr(at, below(40) + 1));
    }
  }
  return text;
}

TEST(RequestReader, MutatedStreamsMeanTheSameInAnySplit) {
  std::mt19937 random{20240817};
  for (int round = 0; round < 4000; ++round) {
    const std::string stream =
        mutate(kStreams[static_cast<std::size_t>(round) % kStreams.size()], random);
    if (stream.empty()) continue;
    const std::string whole = meaningOf(stream, stream.size());
    for (const std::size_t step : {1U, 2U, 7U, 64U}) {
      ASSERT_EQ(meaningOf(stream, step), whole) << testing::PrintToString(stream);
    }
  }
}

/// The edge as a whole: after any input that ends, there is an answer or a close, and it serves on.
TEST_F(FrontTest, MutatedRequestsEndInAnAnswerOrAClose) {
  start();
  std::mt19937 random{7};
  for (int round = 0; round < 1000; ++round) {
    const std::string stream = mutate(kStreams[static_cast<std::size_t>(round) % 2], random);
    RawClient client = this->client();
    client.send(stream);
    client.finishSending();
    ASSERT_TRUE(client.closedWithin()) << testing::PrintToString(stream);
  }
  EXPECT_EQ(statusOf(test::get("/alive")), 200);
  EXPECT_TRUE(test::eventually([this] { return front().counters().active_requests == 0; }));
}

}  // namespace
}  // namespace bulkhead::host
