#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include <bulkhead/testing/fail_each_call.hpp>

namespace booking {
namespace {

using bulkhead::testing::expectStatus;
using bulkhead::testing::FailureReport;
using bulkhead::testing::Headers;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestHost;
using nlohmann::json;

const std::string kPath = "/api/booking/v1";
constexpr std::string_view kTuesday = "2026-01-06T14:00:00Z";
constexpr std::string_view kLater = "2026-01-06T15:00:00Z";

/// One chair, "cut" of 30 minutes, open day and night.
void openBusiness(TestHost& host) {
  expectStatus(host.put(kPath + "/services/cut", R"({"name":"Haircut","duration_min":30})"), 201);
  expectStatus(host.put(kPath + "/schedules/week",
                        R"({"name":"Week","time_zone":"UTC","rules":[{"weekdays":["MO","TU","WE",)"
                        R"("TH","FR","SA","SU"],"start":"00:00","end":"24:00"}]})"),
               201);
  expectStatus(host.put(kPath + "/resources/anna",
                        R"({"name":"Anna","schedule":"week","services":["cut"]})"),
               201);
}

/// A keyed request; an action on what was `seen` names its version.
json posted(TestHost& host, const std::string& target, const std::string& body,
            const std::string& key, int status, const json& seen = {}) {
  Headers headers{{"Idempotency-Key", key}};
  if (!seen.is_null())
    headers.emplace_back("If-Match", fmt::format("\"v{}\"", seen.at("version").get<int>()));
  return json::parse(expectStatus(host.post(kPath + target, body, headers), status).body);
}

std::string bookingBody(std::string_view start) {
  return fmt::format(R"({{"service":"cut","start":"{}","lead":{{"phone":"+12025550123"}}}})",
                     start);
}

json booked(TestHost& host, std::string_view start, const std::string& key) {
  return posted(host, "/appointments", bookingBody(start), key, 201);
}

std::string action(const json& visit, std::string_view name) {
  return fmt::format("/appointments/{}/{}", visit.at("id").get<std::string>(), name);
}

/// Every call of the scenario fails in every way, and nothing is lost or there twice.
void expectSurvives(std::function<void(TestHost&)> run) {
  Scenario scenario;
  scenario.plugin = "booking";
  scenario.prepare = openBusiness;
  scenario.run = std::move(run);
  const FailureReport report = failEachCall(scenario);
  EXPECT_THAT(report.problems, testing::IsEmpty());
  EXPECT_GE(report.runs, 9U);
  fmt::print("{} calls, {} runs\n", report.calls, report.runs);
}

TEST(FailingCalls, B3_Booking) {
  expectSurvives([](TestHost& host) {
    booked(host, kTuesday, "book");
    posted(host, "/appointments", bookingBody(kTuesday), "second", 409);
  });
}

TEST(FailingCalls, B3_HoldingAndConfirming) {
  expectSurvives([](TestHost& host) {
    const json hold = posted(
        host, "/holds", fmt::format(R"({{"service":"cut","start":"{}"}})", kTuesday), "hold", 201);
    posted(host, "/appointments",
           fmt::format(R"({{"hold_id":"{}","lead":{{"phone":"+12025550123"}}}})",
                       hold.at("id").get<std::string>()),
           "confirm", 201);
  });
}

TEST(FailingCalls, B3_MovingAndCancelling) {
  expectSurvives([](TestHost& host) {
    const json visit = booked(host, kTuesday, "book");
    const json moved = posted(host, action(visit, "reschedule"),
                              fmt::format(R"({{"start":"{}"}})", kLater), "move", 200, visit);
    posted(host, action(moved, "cancel"), "{}", "cancel", 200, moved);
  });
}

TEST(FailingCalls, B3_BookingManyAtOnce) {
  expectSurvives([](TestHost& host) {
    const json answer = posted(host, "/appointments/bulk",
                               fmt::format(R"({{"items":[{},{},{}]}})", bookingBody(kTuesday),
                                           bookingBody(kLater), bookingBody(kTuesday)),
                               "bulk", 200);
    if (answer.at("created") != 2) throw std::runtime_error{answer.dump()};
  });
}

TEST(FailingCalls, B3_ImportingLeads) {
  expectSurvives([](TestHost& host) {
    const auto response = host.send("POST", kPath + "/leads/import",
                                    {{"Content-Type", "text/csv"}, {"Idempotency-Key", "import"}},
                                    "Name,Phone\r\nAnn,+12025550123\r\nBob,+12025550124\r\n");
    if (json::parse(expectStatus(response, 200).body).at("created") != 2)
      throw std::runtime_error{response.body};
  });
}

// Goal: the customer is told of each booking, under one reference whatever the number of attempts.
TEST(FailingCalls, B3_TellingTheCustomer) {
  expectSurvives([](TestHost& host) {
    host.capabilities().answer("messaging/1", "send_message", [](std::string_view) {
      return std::string{R"({"id":"SM1","status":"queued"})"};
    });
    booked(host, kTuesday, "book");
    for (int i = 0; i < 3; ++i) {
      host.runMessages();
      host.advance(std::chrono::hours{1});
    }
    std::set<std::string> references;
    for (const auto& one : host.capabilities().requests("messaging/1", "send_message")) {
      references.insert(json::parse(one).at("reference").get<std::string>());
    }
    if (references.size() != 1) throw std::runtime_error{"not told, or told as another"};
  });
}

}  // namespace
}  // namespace booking
