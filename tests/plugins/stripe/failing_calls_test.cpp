#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>

#include <bulkhead/testing/fail_each_call.hpp>

#include "delivery.hpp"

namespace stripe {
namespace {

using bulkhead::testing::expectStatus;
using bulkhead::testing::FailureReport;
using bulkhead::testing::Scenario;
using bulkhead::testing::TestHost;

// Goal: Stripe delivers again what was not acknowledged, and nothing is lost or stored twice.
// Method: each call to the host fails once, in each way; the delivery comes again.
TEST(FailingCalls, ADeliveryIsStoredOnceWhateverFails) {
  Scenario scenario;
  scenario.plugin = "stripe";
  scenario.settings = {{"webhook_secret", kSecret}};
  scenario.run = [](TestHost& host) {
    expectStatus(deliver(host, event("evt_1")), 200);
    const auto again = expectStatus(deliver(host, event("evt_1")), 200);
    if (again.body.find("\"duplicate\":true") == std::string::npos)
      throw std::runtime_error{"the redelivery is not known as one"};
    expectStatus(deliver(host, event("evt_2")), 200);
    expectStatus(host.get("/api/stripe/v1/events"), 200);
  };
  const FailureReport report = failEachCall(scenario);
  EXPECT_THAT(report.problems, testing::IsEmpty());
  EXPECT_GE(report.calls, 6U);
}

}  // namespace
}  // namespace stripe
