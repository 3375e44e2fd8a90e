// The cases of Http11Probe (reference data), over a real socket, judged as that program judges.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>

#include "host/http/front_fixture.hpp"
#include "host/http/probe_cases.hpp"
#include "reference_data.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;
using test::FrontTest;
using test::ProbeCase;
using test::RawClient;

/// What the server did: the status of its answer, 0 for none, and whether it closed.
struct Outcome {
  int status = 0;
  bool closed = false;
};

Outcome run(std::uint16_t port, const ProbeCase& probe) {
  RawClient client{port};
  client.send(probe.request);
  const bool waits = probe.expected.find("timeout") != std::string::npos;
  const std::string answer = client.readSome(waits ? 100ms : RawClient::kPatience);
  Outcome outcome;
  if (answer.size() > 12) outcome.status = std::atoi(answer.c_str() + 9);
  const bool stays =
      outcome.status >= 200 && outcome.status < 300 && !probe.expected.ends_with("+ close");
  outcome.closed =
      !stays && client.closedWithin(waits && outcome.status == 0 ? 20ms : RawClient::kPatience);
  return outcome;
}

/// "400/501 or close", "2xx + close", "!101" and so on. "close" and "timeout" are met only without
/// an answer, or by a refusal that also closes.
bool meets(const std::string& expected, const Outcome& outcome) {
  const bool success = outcome.status >= 200 && outcome.status < 300;
  if (expected == "!101") return outcome.status != 101;
  if (expected == "2xx + close") return success && outcome.closed;
  if (success) return expected.find("2") != std::string::npos;
  if (outcome.status == 0)
    return expected.find(outcome.closed ? "close" : "timeout") != std::string::npos;
  // A method that is not known is refused as much as one that is not allowed.
  const int status = outcome.status == 501 ? 405 : outcome.status;
  if (expected.find(std::to_string(outcome.status)) != std::string::npos ||
      expected.find(std::to_string(status)) != std::string::npos)
    return true;
  return expected.find("close") != std::string::npos && outcome.status >= 400 && outcome.closed;
}

/// Where a refusal and a success are both allowed the program warns at the success, but for these
/// two, which RFC 9112 wants to be taken (§3.2.2, §7.1.1).
bool isWarned(const ProbeCase& probe, const Outcome& outcome) {
  constexpr std::array<std::string_view, 2> kToBeTaken{"COMP-ABSOLUTE-FORM",
                                                       "COMP-CHUNKED-EXTENSION"};
  const bool success = outcome.status >= 200 && outcome.status < 300;
  const bool wanted = std::find(kToBeTaken.begin(), kToBeTaken.end(), probe.id) != kToBeTaken.end();
  const bool both =
      probe.expected.starts_with('4') && probe.expected.find("2") != std::string::npos;
  if (wanted) return !success;
  return both && success;
}

class Http11Probe : public FrontTest {};

TEST_F(Http11Probe, Rfc9110_Rfc9112_EveryScoredCasePassesAndNoneIsWarned) {
  const auto file = tests::referenceFile("data/http/http11probe.tsv");
  if (!file) GTEST_SKIP() << "reference data: data/http/http11probe.tsv is not there";
  start();
  const std::vector<ProbeCase> cases = test::readProbeCases(*file);
  EXPECT_EQ(cases.size(), 143U);
  std::size_t scored = 0;
  std::size_t passed = 0;
  for (const ProbeCase& probe : cases) {
    const Outcome outcome = run(front().port(), probe);
    const bool ok = meets(probe.expected, outcome);
    const bool warned = isWarned(probe, outcome);
    EXPECT_TRUE(ok) << probe.id << ": expected " << probe.expected << ", got " << outcome.status
                    << (outcome.closed ? " and close" : "");
    if (!probe.scored) continue;
    EXPECT_FALSE(warned) << probe.id << ": expected " << probe.expected << ", got "
                         << outcome.status;
    ++scored;
    passed += ok && !warned ? 1 : 0;
  }
  RecordProperty("passed", static_cast<int>(passed));
  std::cout << "Http11Probe: " << passed << " of " << scored << " scored cases\n";
}

/// The control of the judgement: what a lenient server does is seen.
TEST(Http11ProbeVerdict, NegativeControl_LeniencyFailsOrIsWarned) {
  const auto judged = [](const std::string& id, const std::string& expected, Outcome outcome) {
    const ProbeCase probe{id, true, expected, ""};
    if (!meets(expected, outcome)) return "failed";
    return isWarned(probe, outcome) ? "warned" : "passed";
  };
  EXPECT_STREQ(judged("a", "400 or close", {200, false}), "failed");
  EXPECT_STREQ(judged("a", "400 or close", {0, false}), "failed");
  EXPECT_STREQ(judged("a", "400 or close", {404, false}), "failed");
  EXPECT_STREQ(judged("a", "400 or close", {0, true}), "passed");
  EXPECT_STREQ(judged("a", "400 or 2xx", {200, false}), "warned");
  EXPECT_STREQ(judged("a", "400 or close (pass), 2xx (warn)", {200, false}), "warned");
  EXPECT_STREQ(judged("a", "400 or 2xx", {400, true}), "passed");
  EXPECT_STREQ(judged("COMP-ABSOLUTE-FORM", "400 or 2xx", {400, true}), "warned");
  EXPECT_STREQ(judged("a", "2xx + close", {200, false}), "failed");
  EXPECT_STREQ(judged("a", "!101", {101, false}), "failed");
  EXPECT_STREQ(judged("a", "2xx", {400, true}), "failed");
}

}  // namespace
}  // namespace bulkhead::host
