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

/// Requests that the data file shortens or whose bytes it could not hold, as their ids mean them.
std::string restored(const std::string& id, std::string request) {
  constexpr std::size_t kLong = 100'000;
  const std::string host = "Host: localhost:8080\r\n";
  const std::string start = "GET / HTTP/1.1\r\n" + host;
  if (id == "MAL-LONG-URL") return test::get("/" + std::string(kLong, 'A'));
  if (id == "MAL-LONG-HEADER-VALUE")
    return start + "X-Big: " + std::string(kLong, 'B') + "\r\n\r\n";
  if (id == "MAL-LONG-HEADER-NAME") return start + std::string(kLong, 'A') + ": v\r\n\r\n";
  if (id == "MAL-LONG-METHOD") return std::string(kLong, 'A') + " / HTTP/1.1\r\n" + host + "\r\n";
  if (id == "MAL-NON-ASCII-URL") return test::get("/caf\xc3\xa9");
  if (id == "MAL-URL-OVERLONG-UTF8") return test::get("/\xc0\xaf");
  if (id == "MAL-CHUNK-EXT-64K")
    return "POST / HTTP/1.1\r\n" + host +
           "Transfer-Encoding: chunked\r\n\r\n5;ext=" + std::string(65536, 'a') +
           "\r\nhello\r\n0\r\n\r\n";
  if (id != "MAL-MANY-HEADERS") return request;
  request = start;
  for (int i = 0; i < 10'000; ++i) request += "X-H-" + std::to_string(i) + ": value\r\n";
  return request + "\r\n";
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
    if (scored == "true")
      cases.push_back({id, expected, restored(id, nlohmann::json::parse(request))});
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
