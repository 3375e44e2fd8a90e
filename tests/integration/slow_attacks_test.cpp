// slowhttptest (Debian's) against the host: a thousand connections in each of its four modes.
#include <atomic>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kProgram = "/usr/bin/slowhttptest";

struct Attack {
  const char* name;
  std::vector<std::string> words;
  const char* path;
  bool sees_the_end = true;  ///< not where what the sockets hold is read for a long time yet
};

std::string plain(const std::string& colored) {
  return std::regex_replace(colored, std::regex{"\x1b\\[[0-9;]*m"}, "");
}

class SlowAttack : public testing::TestWithParam<Attack> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kProgram))
      GTEST_SKIP() << "attacks: slowhttptest is not installed";
  }
};

// Goal: who is slow costs the others nothing. Method: the attack for 15 s, longer than any deadline
// of a head, beside a client that asks all the time; the tool's own probe has to be answered, too.
TEST_P(SlowAttack, Ops519_TheOthersAreServedAndTheSlowOnesClosed) {
  const HostFolder folder;
  folder.install("booking");  // its part of /openapi.json is more than a socket holds
  HostProcess host{folder, {{"LIMITS_BODY_GRACE", "3s"}, {"LIMITS_WRITE_TIMEOUT", "5s"}}};
  ASSERT_TRUE(host.awaitReady());
  std::atomic<bool> ended{false};
  int answered = 0;
  int failed = 0;
  std::thread client{[&] {
    while (!ended) ++(host.client().get("/health/quick").status == 200 ? answered : failed);
  }};
  std::vector<std::string> words{
      "-c", "1000", "-r", "1000",
      "-l", "15",   "-i", "1",
      "-p", "3",    "-u", fmt::format("http://127.0.0.1:{}{}", host.port(), GetParam().path)};
  words.insert(words.begin(), GetParam().words.begin(), GetParam().words.end());
  const std::string report =
      plain(folder.runProgram(kProgram, words, std::chrono::seconds{40}).output);
  ended = true;
  client.join();
  EXPECT_THAT(report, HasSubstr("service available:   YES"));
  EXPECT_THAT(report, Not(HasSubstr("service available:   NO")));
  EXPECT_TRUE(!GetParam().sees_the_end ||
              report.find("No open connections left") != std::string::npos)
      << report;
  EXPECT_EQ(failed, 0) << "of " << answered;
  EXPECT_GT(answered, 100);
  EXPECT_EQ(host.stop(), 0);
}

// The control: where the host gives heads a minute, the same attack still holds its connections.
TEST(SlowAttackControl, Ops519_NegativeControl_WithoutTheDeadlineTheyStayOpen) {
  if (!std::filesystem::exists(kProgram)) GTEST_SKIP() << "attacks: slowhttptest is not installed";
  const HostFolder folder;
  HostProcess host{folder, {{"LIMITS_HEAD_TIMEOUT", "60s"}}};
  ASSERT_TRUE(host.awaitReady());
  const std::string report =
      plain(folder
                .runProgram(kProgram,
                            {"-H", "-c", "200", "-r", "200", "-l", "13", "-i", "1", "-p", "3", "-u",
                             fmt::format("http://127.0.0.1:{}/health/quick", host.port())},
                            std::chrono::seconds{40})
                .output);
  EXPECT_THAT(report, HasSubstr("service available:   YES"));
  EXPECT_THAT(report, Not(HasSubstr("No open connections left")));
  EXPECT_EQ(host.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(Slowhttptest, SlowAttack,
                         testing::Values(Attack{"Headers", {"-H"}, "/health/quick"},
                                         Attack{"Body", {"-B"}, "/health/quick"},
                                         Attack{"Range", {"-R"}, "/openapi.json"},
                                         Attack{"Read",
                                                {"-X", "-k", "3", "-w", "1", "-y", "64", "-n", "2",
                                                 "-z", "8"},
                                                "/openapi.json",
                                                false}),
                         [](const auto& attack) { return attack.param.name; });

}  // namespace
}  // namespace bulkhead::integration
