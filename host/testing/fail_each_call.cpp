#include <fmt/format.h>
#include <map>
#include <stdexcept>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/testing/fail_each_call.hpp>

#include "testing/test_host_implementation.hpp"

namespace bulkhead::testing {
namespace {

std::string_view wordsOf(CallFailure way) {
  switch (way) {
    case CallFailure::Unavailable:
      return "being unavailable";
    case CallFailure::DeadlineExceeded:
      return "exceeding its deadline";
    case CallFailure::Death:
      return "dying after its effect";
  }
  return "failing";
}

/// What there is when a run has ended.
struct Outcome {
  std::vector<TestHost::Implementation::Exchange> exchanges;
  std::map<std::string, std::int64_t> rows;
};

std::string differenceOf(const Outcome& expected, const Outcome& found) {
  for (std::size_t i = 0; i < expected.exchanges.size(); ++i) {
    const auto& [request, status] = expected.exchanges[i];
    if (i >= found.exchanges.size()) return fmt::format("{} was not sent", request);
    if (found.exchanges[i].status != status) {
      return fmt::format("{} was answered {}, and {} without the failure", request,
                         found.exchanges[i].status, status);
    }
  }
  for (const auto& [table, rows] : expected.rows) {
    const auto there = found.rows.find(table);
    const std::int64_t count = there == found.rows.end() ? 0 : there->second;
    if (count == rows) continue;
    return fmt::format("table {} has {} rows, and {} without the failure: {}", table, count, rows,
                       count > rows ? "something is there twice" : "something is lost");
  }
  return {};
}

}  // namespace

/// One run of a scenario on a host of its own.
class ScenarioRun {
 public:
  ScenarioRun(const Scenario& scenario, std::shared_ptr<const LoadedPlugin> plugin)
      : scenario_{scenario}, host_{make(scenario, std::move(plugin))} {
    if (scenario.prepare) scenario.prepare(host_);
    inside().takeExchanges();
  }

  /// Runs with that call failing; 0 for none. Throws what the scenario throws.
  Outcome run(std::size_t call, CallFailure way) {
    CallFaults& faults = inside().faults();
    faults.arm(call, way);
    try {
      scenario_.run(host_);
    } catch (...) {
      faults.disarm();
      throw;
    }
    faults.disarm();
    if (scenario_.verify) scenario_.verify(host_);
    return {inside().takeExchanges(), inside().rowCounts()};
  }
  std::size_t calls() { return inside().faults().calls(); }
  /// The name of the call that failed; empty when the run had no such call.
  std::string failed() { return inside().faults().failed(); }

 private:
  static TestHost make(const Scenario& scenario, std::shared_ptr<const LoadedPlugin> plugin) {
    TestHost::Implementation::SettingTexts texts;
    for (const auto& [name, value] : scenario.settings) texts.emplace_back(name, value.text);
    return TestHost{std::make_unique<TestHost::Implementation>(std::move(plugin), texts,
                                                               /*rehearse_writes=*/false)};
  }
  TestHost::Implementation& inside() { return *host_.implementation_; }

  const Scenario& scenario_;
  TestHost host_;
};

FailureReport failEachCall(const Scenario& scenario) {
  const auto plugin = std::make_shared<const LoadedPlugin>(scenario.plugin);
  FailureReport report;
  Outcome expected;
  {
    ScenarioRun run{scenario, plugin};
    expected = run.run(0, CallFailure::Unavailable);
    report.calls = run.calls();
  }
  bool had_the_call = true;
  for (std::size_t call = 1; had_the_call; ++call) {
    had_the_call = false;
    for (const auto way :
         {CallFailure::Unavailable, CallFailure::DeadlineExceeded, CallFailure::Death}) {
      ScenarioRun run{scenario, plugin};
      std::string problem;
      try {
        problem = differenceOf(expected, run.run(call, way));
      } catch (const std::exception& thrown) {
        problem = thrown.what();
      }
      if (run.failed().empty()) continue;
      had_the_call = true;
      ++report.runs;
      if (problem.empty()) continue;
      report.problems.push_back(
          fmt::format("call {} ({}), {}: {}", call, run.failed(), wordsOf(way), problem));
    }
  }
  return report;
}

TestResponse expectStatus(TestResponse response, int status) {
  if (response.status == status) return response;
  throw std::runtime_error{
      fmt::format("answered {} where {} is expected: {}", response.status, status, response.body)};
}

}  // namespace bulkhead::testing
