// The scored cases of Http11Probe (reference data), over a real socket.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/http/front_fixture.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;
using test::FrontTest;
using test::RawClient;

struct ProbeCase {
  std::string id;
  std::string expected;
  std::string request;
};

std::filesystem::path probeFile() {
  const char* set = std::getenv("BULKHEAD_REFERENCE_DIR");
  const std::filesystem::path root =
      set != nullptr ? std::filesystem::path{set}
                     : std::filesystem::path{BULKHEAD_SOURCE_DIR}.parent_path() / "shared";
  return root / "data" / "http" / "http11probe.tsv";
}

std::vector<ProbeCase> scoredCases(const std::filesystem::path& file) {
  std::vector<ProbeCase> cases;
  std::ifstream in{file};
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream columns{line};
    std::string id, scored, rfc, expected, request;
    std::getline(columns, id, '\t');
    std::getline(columns, scored, '\t');
    std::getline(columns, rfc, '\t');
    std::getline(columns, expected, '\t');
    std::getline(columns, request);
    if (scored == "true") cases.push_back({id, expected, nlohmann::json::parse(request)});
  }
  return cases;
}

/// What the server did: the status of its answer, 0 for none, and whether it closed.
struct Outcome {
  int status = 0;
  bool closed = false;
};

Outcome run(std::uint16_t port, const ProbeCase& probe) {
  RawClient client{port};
  client.send(probe.request);
  const std::string answer = client.readAll(150ms);
  Outcome outcome;
  if (answer.size() > 12) outcome.status = std::atoi(answer.c_str() + 9);
  outcome.closed = client.closedWithin(20ms);
  return outcome;
}

/// "400/501 or close", "2xx + close", "!101" and so on. "close" and "timeout" are met only without
/// an answer, or by a refusal that also closes.
bool meets(const std::string& expected, const Outcome& outcome) {
  const bool success = outcome.status >= 200 && outcome.status < 300;
  if (expected == "!101") return outcome.status != 101;
  if (expected == "2xx + close") return success && outcome.closed;
  if (success) return expected.find("2xx") != std::string::npos;
  if (outcome.status == 0)
    return expected.find(outcome.closed ? "close" : "timeout") != std::string::npos;
  if (expected.find(std::to_string(outcome.status)) != std::string::npos) return true;
  return expected.find("close") != std::string::npos && outcome.status >= 400 && outcome.closed;
}

TEST_F(FrontTest, Http11ProbeScoredCases) {
  const std::filesystem::path file = probeFile();
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "reference data: " << file << " is not there";
  start();
  const std::vector<ProbeCase> cases = scoredCases(file);
  ASSERT_GT(cases.size(), 100U);
  std::size_t passed = 0;
  for (const ProbeCase& probe : cases) {
    const Outcome outcome = run(front().port(), probe);
    const bool ok = meets(probe.expected, outcome);
    passed += ok ? 1 : 0;
    EXPECT_TRUE(ok) << probe.id << ": expected " << probe.expected << ", got " << outcome.status
                    << (outcome.closed ? " and close" : "");
  }
  RecordProperty("passed", static_cast<int>(passed));
  std::cout << "Http11Probe: " << passed << " of " << cases.size() << " scored cases\n";
}

}  // namespace
}  // namespace bulkhead::host
