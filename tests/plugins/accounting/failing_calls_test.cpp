#include <gmock/gmock.h>
#include <stdexcept>

#include <bulkhead/testing/fail_each_call.hpp>

#include "plugins/accounting/books.hpp"

namespace accounting {
namespace {

using bulkhead::testing::expectStatus;
using bulkhead::testing::FailureReport;
using bulkhead::testing::Scenario;

json posted(TestHost& host, const std::string& target, const json& body, const std::string& key,
            int status, const json& seen = {}) {
  Headers headers{{"Idempotency-Key", key}};
  if (!seen.is_null()) headers.push_back(ifMatch(seen).front());
  return json::parse(
      expectStatus(host.post(path(target), body.is_null() ? "" : body.dump(), headers), status)
          .body);
}

Scenario books() {
  Scenario scenario;
  scenario.plugin = "accounting";
  scenario.prepare = [](TestHost& host) {
    posted(host, "/company/setup", {{"country", "US"}, {"template", "services"}}, "setup", 201);
  };
  return scenario;
}

void expectSurvives(const Scenario& scenario) {
  const FailureReport report = failEachCall(scenario);
  EXPECT_THAT(report.problems, testing::IsEmpty());
  EXPECT_GE(report.runs, 9U);
}

// Goal: nothing is lost and nothing is there twice, whatever fails between the books and the host.
TEST(FailingCalls, A6_PostingAndReversing) {
  Scenario scenario = books();
  scenario.run = [](TestHost& host) {
    const json draft =
        posted(host, "/journal-entries", entryBody("2026-01-05", {{"6100", 100}, {"1010", -100}}),
               "draft", 201);
    const std::string one = "/journal-entries/" + draft.at("id").get<std::string>();
    const json entry = posted(host, one + "/post", {}, "post", 200, draft);
    const json reversal = posted(host, one + "/reverse", {{"reason", "x"}}, "reverse", 201, entry);
    if (reversal.at("posting").at("number") != 2) throw std::runtime_error{reversal.dump()};
    posted(host, "/journal-entries?post=true",
           entryBody("2026-01-05", {{"6100", 100}, {"1010", -99}}), "unbalanced", 422);
  };
  expectSurvives(scenario);
}

// Goal: a payment that is told is one entry in the end. Method: its messages are run until they are
// done.
TEST(FailingCalls, A6_PostingAPayment) {
  Scenario scenario = books();
  scenario.run = [](TestHost& host) {
    host.deliver("payments/1", "payment_succeeded",
                 R"({"id":"pi_1","amount":5000,"currency":"USD",)"
                 R"("occurred_at":"2026-01-04T12:00:00Z"})",
                 {.tenant = "t1", .subject = "pi_1", .id = "evt_1"});
    for (int i = 0; i < 2; ++i) {
      host.runMessages();
      host.advance(std::chrono::hours{1});
    }
    const auto report = expectStatus(host.get(path("/reports/trial-balance")), 200);
    if (json::parse(report.body).at("debit") != 5000) throw std::runtime_error{report.body};
  };
  expectSurvives(scenario);
}

// Goal: a payment that waited is one entry in the end, whatever fails while it waits and is tried.
TEST(FailingCalls, A6_PostingAPaymentThatWaited) {
  Scenario scenario;
  scenario.plugin = "accounting";
  scenario.run = [](TestHost& host) {
    host.deliver("payments/1", "payment_succeeded",
                 R"({"id":"pi_1","amount":5000,"currency":"USD",)"
                 R"("occurred_at":"2026-01-04T12:00:00Z"})",
                 {.tenant = "t1", .subject = "pi_1", .id = "evt_1"});
    const auto work = [&] {
      for (int i = 0; i < 2; ++i) {
        host.runMessages();
        host.advance(std::chrono::hours{1});
      }
    };
    work();
    posted(host, "/company/setup", {{"country", "US"}, {"template", "services"}}, "setup", 201);
    work();
    const auto report = expectStatus(host.get(path("/reports/trial-balance")), 200);
    if (json::parse(report.body).at("debit") != 5000) throw std::runtime_error{report.body};
    const auto waiting = expectStatus(host.get(path("/waiting-payments")), 200);
    if (!json::parse(waiting.body).at("items").empty()) throw std::runtime_error{waiting.body};
  };
  expectSurvives(scenario);
}

}  // namespace
}  // namespace accounting
