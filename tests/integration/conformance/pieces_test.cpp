// Bodies that go piece by piece, in and out, as long as they like.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include "both_lives.hpp"
#include "wire.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;

constexpr std::string_view kPath = "/api/conformance/v1/streams";
constexpr std::uint64_t kMebibyte = 1U << 20U;
constexpr std::uint64_t kBoundKilobytes = 24 * 1024;

/// How much is streamed: 64 MiB, or what the long form of the suite asks for.
std::uint64_t muchBytes() {
  const char* const wanted = std::getenv("BULKHEAD_STREAM_MEBIBYTES");
  return (wanted != nullptr ? std::stoull(wanted) : 64) * kMebibyte;
}

std::string head(std::string_view method, std::string_view target, std::string_view lines = {}) {
  return fmt::format("{} {}{} HTTP/1.1\r\nHost: a\r\n{}\r\n", method, kPath, target, lines);
}

/// The most memory that a process ever held.
std::uint64_t peakKilobytes(pid_t process) {
  std::ifstream status{fmt::format("/proc/{}/status", process)};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  return 0;
}

class Pieces : public BothLives {
 protected:
  /// What the host and the plugin's own process, where it has one, ever held together.
  static std::uint64_t peakOf(Life& life) {
    return life.host().peakKilobytes() + (life.isWorker() ? peakKilobytes(life.workerId()) : 0);
  }
  /// A line that the plugin wrote for the request that was sent last.
  static bool awaitLine(Life& life, std::string_view message) {
    return life.host()
        .awaitLogLine([&](const json& line) { return line.value("message", "") == message; })
        .is_object();
  }
};

// Goal: memory does not depend on the size. Method: many megabytes, byte by byte that of its place,
// and the peaks of memory before and after.
TEST_F(Pieces, AnAnswerOfAnySizeTakesBoundedMemory) {
  inBothLives([](Life& life) {
    Wire client{life.host().port()};
    client.send(head("GET", "/much?n=1000"));
    EXPECT_EQ(client.receivePattern(), 1000U);
    const auto before = peakOf(life);
    client.send(head("GET", fmt::format("/much?n={}", muchBytes())));
    EXPECT_EQ(client.receivePattern(), muchBytes());
    EXPECT_LT(peakOf(life), before + kBoundKilobytes);
  });
}

TEST_F(Pieces, ARequestOfAnySizeTakesBoundedMemory) {
  inBothLives([](Life& life) {
    life.post("/streams/counted", "abc", {{"Content-Type", "text/plain"}});
    const auto before = peakOf(life);
    Wire client{life.host().port()};
    client.send(head("POST", "/counted",
                     fmt::format("Content-Length: {}\r\nConnection: close\r\n", muchBytes())));
    for (std::uint64_t at = 0; at < muchBytes(); at += kMebibyte)
      client.send(pattern(at, kMebibyte));
    EXPECT_THAT(client.receiveAll(),
                EndsWith(fmt::format(R"({{"bytes":{},"wrong":0,"whole_body":0}})", muchBytes())));
    EXPECT_LT(peakOf(life), before + kBoundKilobytes);
  });
}

TEST_F(Pieces, BothWaysAtOnceTheSameBytesComeBack) {
  inBothLives([](Life& life) {
    Wire client{life.host().port()};
    client.send(head("PUT", "/back", fmt::format("Content-Length: {}\r\n", 16 * kMebibyte)));
    std::thread sender{[&] {
      for (std::uint64_t at = 0; at < 16 * kMebibyte; at += kMebibyte)
        client.send(pattern(at, kMebibyte));
    }};
    EXPECT_EQ(client.receivePattern(), 16 * kMebibyte);
    sender.join();
  });
}

TEST_F(Pieces, TheOrderOfCallsIsTheSame) {
  inBothLives([](Life& life) {
    const HttpAnswer oddly = life.getPublic("/streams/oddly");
    EXPECT_EQ(oddly.status, 207) << oddly.body;
    EXPECT_EQ(oddly.header("x-mark"), "of the plugin");
    EXPECT_THAT(oddly.body, HasSubstr(R"("pause_before_begin":1)"));
    EXPECT_THAT(oddly.body, HasSubstr(R"("pause_after_begin":0)"));
    EXPECT_EQ(life.getPublic("/streams/refuses").errorCode(), "NO_STREAM");
    EXPECT_EQ(life.getPublic("/streams/whole").json().value("whole", false), true);
    EXPECT_EQ(life.getPublic("/streams/nothing").status, 500);
    EXPECT_EQ(life.getPublic("/streams/much?n=0").status, 200);
    const json none = life.probe("host", "body_read");
    EXPECT_FALSE(none.value("begin", true) || none.value("send", true) ||
                 none.value("pause", true));
    EXPECT_EQ(none["body_read"].value("code", ""), "NO_STREAM");
    EXPECT_EQ(none["body_read_without_context"].value("code", ""), "NO_STREAM");
    EXPECT_EQ(life.post("/streams/refused", "abc", {{"Content-Type", "text/plain"}}).errorCode(),
              "UNWANTED");
    EXPECT_EQ(life.post("/streams/bytewise", pattern(0, 300), {{"Content-Type", "a/b"}})
                  .json()
                  .value("bytes", 0),
              300);
  });
}

TEST_F(Pieces, ABrokenStreamIsSeenToBeBroken) {
  inBothLives([](Life& life) {
    Wire client{life.host().port()};
    client.send(head("GET", "/breaks", "Connection: close\r\n"));
    const std::string text = client.receiveAll();
    EXPECT_THAT(text, HasSubstr("half of it"));
    EXPECT_THAT(text, testing::Not(HasSubstr("\r\n0\r\n"))) << "it has no end";
    EXPECT_TRUE(awaitLine(life, "The other half is lost."));
  });
}

TEST_F(Pieces, APluginHearsThatTheClientHasGone) {
  inBothLives([](Life& life) {
    {
      Wire client{life.host().port()};
      client.send(head("GET", "/for-ever"));
      EXPECT_THAT(client.receiveUntil("data: 3"), HasSubstr("data: 2"));
    }
    EXPECT_TRUE(awaitLine(life, "stream: was told to end; send says STREAM_ENDED"));
    {
      Wire client{life.host().port()};
      client.send(head("POST", "/counted", "Content-Length: 1000\r\n"));
      client.send("the rest never comes");
    }
    EXPECT_TRUE(awaitLine(life, "stream: the body broke off"));
  });
}

}  // namespace
}  // namespace bulkhead::integration
