#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "host_process.hpp"
#include "wire.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kPath = "/api/streamer/v1";
constexpr std::uint64_t kGibibyte = 1ULL << 30;

class Streams : public testing::Test {
 protected:
  Streams() {
    folder_.installHostile("streamer", "enabled = true\nlimits.streams = 8\n");
    host_ = std::make_unique<HostProcess>(folder_);
  }
  void SetUp() override { ASSERT_TRUE(host_->awaitReady()) << host_->logText(); }
  void TearDown() override { EXPECT_EQ(host_->stop(), 0) << host_->logText(); }

  std::string head(std::string_view method, std::string_view target, std::string_view lines = {}) {
    return fmt::format("{} {}{} HTTP/1.1\r\nHost: a\r\n{}\r\n", method, kPath, target, lines);
  }
  Wire wire() const { return Wire{host_->port()}; }
  json completion(std::string_view route) {
    return host_->awaitLogLine([&](const json& line) {
      return line.value("route", "") == std::string{kPath} + std::string{route} &&
             line.contains("durationMs");
    });
  }

  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

// Goal: memory does not depend on the size. Method: a gibibyte, byte by byte that of its place, and
// the host's peak of memory before and after.
TEST_F(Streams, AGibibyteIsAnsweredInBoundedMemory) {
  Wire client = wire();
  client.send(head("GET", "/pattern?bytes=1000"));
  EXPECT_EQ(client.receivePattern(), 1000U);
  const auto before = host_->peakKilobytes();
  client.send(head("GET", fmt::format("/pattern?bytes={}", kGibibyte)));
  EXPECT_EQ(client.receivePattern(), kGibibyte) << "also on a connection that was used before";
  EXPECT_LT(host_->peakKilobytes(), before + 8 * 1024);
}

TEST_F(Streams, AGibibyteIsTakenInBoundedMemory) {
  Wire client = wire();
  const auto before = host_->peakKilobytes();
  client.send(head("POST", "/measure", fmt::format("Content-Length: {}\r\n", kGibibyte)));
  const std::string piece = pattern(0, 251 * 1024);
  std::uint64_t left = kGibibyte;
  while (left > 0) {
    const std::size_t size = std::min<std::uint64_t>(left, piece.size());
    client.send(std::string_view{piece}.substr(0, size));
    left -= size;
  }
  const std::string answer = client.receiveUntil("}");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr(fmt::format(R"({{"bytes":{},"wrong":0}})", kGibibyte)));
  EXPECT_LT(host_->peakKilobytes(), before + 8 * 1024);
}

TEST_F(Streams, BothWaysAtOnce) {
  Wire client = wire();
  constexpr int kPieces = 200;
  client.send(head("POST", "/echo", "Transfer-Encoding: chunked\r\n"));
  std::thread sender{[&] {
    for (int i = 0; i < kPieces; ++i) {
      client.send(fmt::format("{:x}\r\n", 251 * 100));
      client.send(pattern(0, 251 * 100));
      client.send("\r\n");
    }
    client.send("0\r\n\r\n");
  }};
  EXPECT_EQ(client.receivePattern(), 251U * 100 * kPieces);
  sender.join();
  client.send(head("GET", "/pattern?bytes=5"));
  EXPECT_EQ(client.receivePattern(), 5U) << "the connection goes on";
}

// Goal: whoever does not read costs the host a window, and the others nothing.
TEST_F(Streams, AClientThatDoesNotReadCostsTheOthersNothing) {
  std::vector<Wire> deaf;
  for (int i = 0; i < 6; ++i) {
    deaf.push_back(wire());
    deaf.back().send(head("GET", fmt::format("/pattern?bytes={}", kGibibyte)));
  }
  const auto before = host_->peakKilobytes();
  Wire client = wire();
  client.send(head("GET", "/pattern?bytes=50000000"));
  EXPECT_EQ(client.receivePattern(), 50'000'000U);
  EXPECT_LT(host_->peakKilobytes(), before + 16 * 1024);
}

TEST_F(Streams, OneMoreThanMayIsToldSoAtOnce) {
  std::vector<Wire> open;
  for (int i = 0; i < 8; ++i) {
    open.push_back(wire());
    open.back().send(head("GET", "/ticks"));
    ASSERT_THAT(open.back().receiveUntil("data: two"), HasSubstr("200"));
  }
  EXPECT_EQ(host_->plugin("streamer").value("streams", 0), 8);
  Wire client = wire();
  client.send(head("GET", "/ticks", "Connection: close\r\n"));
  const std::string refused = client.receiveAll();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(refused, HasSubstr("streams open"));
  open.pop_back();
  EXPECT_TRUE(await([&] {
    Wire next = wire();
    next.send(head("GET", "/ticks"));
    return next.receiveUntil("\r\n").starts_with("HTTP/1.1 200");
  })) << "a client that leaves makes room";
}

TEST_F(Streams, HtmlServerSentEvents_GoOutAsTheyHappen) {
  Wire client = wire();
  client.send(head("GET", "/ticks"));
  const std::string text = client.receiveUntil("id: 3\n");
  EXPECT_THAT(text, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(text, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(text, HasSubstr("event: tick\nid: 1\ndata: one\ndata: two\n\n"));
}

// Goal: streams without an end do not hold a stop up.
TEST_F(Streams, Ops511_EndlessStreamsEndWhenTheHostStops) {
  Wire client = wire();
  client.send(head("GET", "/ticks"));
  client.receiveUntil("id: 2\n");
  const auto begin = std::chrono::steady_clock::now();
  host_->signal(SIGTERM);
  EXPECT_THAT(client.receiveAll(), EndsWith("event: end\ndata: ended\n\n\r\n0\r\n\r\n"));
  EXPECT_EQ(host_->awaitEnd(std::chrono::seconds{9}), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
}

// RFC 9112 §8: a chunked body without its last chunk is incomplete, and the client can tell.
TEST_F(Streams, Rfc9112_8_OneThatBreaksDoesNotLookWhole) {
  Wire client = wire();
  client.send(head("GET", "/breaks"));
  const std::string text = client.receiveAll();
  EXPECT_THAT(text, HasSubstr("half of it"));
  EXPECT_THAT(text, testing::Not(EndsWith("0\r\n\r\n")));
  EXPECT_EQ(completion("/breaks").value("message", ""), "Answer broken off");
  const json fault = host_->awaitLogLine(
      [](const json& line) { return line.value("message", "") == "the other half is lost"; });
  EXPECT_EQ(fault.value("level", ""), "ERROR");

  Wire old = wire();
  old.send(fmt::format("GET {}/breaks HTTP/1.0\r\n\r\n", kPath));
  old.receiveAll();
  EXPECT_TRUE(old.wasReset()) << "without chunks an end in order would look like the whole";
}

TEST_F(Streams, Rfc9112_6_3_AnHttp10ClientReadsUntilTheEnd) {
  Wire client = wire();
  client.send(fmt::format("GET {}/pattern?bytes=300000 HTTP/1.0\r\n\r\n", kPath));
  const std::string text = client.receiveAll();
  EXPECT_FALSE(client.wasReset());
  EXPECT_THAT(text, testing::Not(HasSubstr("Transfer-Encoding")));
  EXPECT_EQ(text.substr(text.find("\r\n\r\n") + 4), pattern(0, 300'000));
}

TEST_F(Streams, HeadAndConditionalRequestsHaveNoBody) {
  Wire client = wire();
  client.send(head("HEAD", "/pattern?bytes=1000"));
  client.send(head("GET", "/pattern?bytes=1000", "If-None-Match: \"pattern\"\r\n"));
  client.send(head("GET", "/pattern?bytes=10", "Connection: close\r\n"));
  const std::string text = client.receiveAll();
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(text, HasSubstr("HTTP/1.1 304"));
  EXPECT_THAT(text, EndsWith("\r\na\r\n" + pattern(0, 10) + "\r\n0\r\n\r\n"));
}

TEST_F(Streams, ARefusalBeforeTheBeginningIsARefusal) {
  const HttpAnswer refused = host_->client().get(std::string{kPath} + "/refuses");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.errorCode(), "NO_SUCH_FILE");
  const HttpAnswer late = host_->client().get(std::string{kPath} + "/late");
  EXPECT_EQ(late.status, 504);
}

TEST_F(Streams, WhoIsNotWantedIsToldBeforeTheBodyIsSent) {
  Wire client = wire();
  client.send(head("POST", "/picky", "Content-Length: 1000000\r\nExpect: 100-continue\r\n"));
  std::string text = client.receiveAll();
  text.erase(0, text.starts_with("HTTP/1.1 100") ? text.find("\r\n\r\n") + 4 : 0);
  EXPECT_THAT(text, StartsWith("HTTP/1.1 409"));
  EXPECT_THAT(text, HasSubstr("Connection: close"));
}

// Goal: a handler never takes half a body for the whole. Method: each way in which a body ends
// before its time.
TEST_F(Streams, ABodyThatIsCutIsNoWholeBody) {
  for (const bool closes : {true, false}) {
    Wire client = wire();
    client.send(head("POST", "/measure", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n");
    if (closes) {
      client.close();
    } else {
      client.send("zz\r\n");
      EXPECT_THAT(client.receiveAll(), StartsWith("HTTP/1.1 400"));
    }
  }
  const auto refused = [&] {
    const auto lines = host_->logLines();
    return std::count_if(lines.begin(), lines.end(), [](const json& line) {
      return line.value("route", "") == std::string{kPath} + "/measure" &&
             line.value("status", 0) == 400;
    });
  };
  EXPECT_TRUE(await([&] { return refused() == 2; })) << host_->logText();
}

// The handler is slower than the client: the time is its own, not the client's.
TEST_F(Streams, AHandlerThatLetsTheClientWaitGetsAllOfIt) {
  Wire client = wire();
  constexpr std::size_t kSize = 4 * 1024 * 1024;
  client.send(head("POST", "/slowly", fmt::format("Content-Length: {}\r\n", kSize)));
  client.send(pattern(0, kSize));
  EXPECT_THAT(client.receiveUntil("}"), HasSubstr(fmt::format("\"bytes\":{},\"wrong\":0", kSize)));
}

}  // namespace
}  // namespace bulkhead::integration
