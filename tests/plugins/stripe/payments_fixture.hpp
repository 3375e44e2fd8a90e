#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include "fake_stripe.hpp"

namespace stripe {

inline constexpr const char* kLinks = "/api/stripe/v1/payment-links";
inline constexpr const char* kOrder =
    R"({"amount":4900,"currency":"EUR","reference":"INV-42","description":"Invoice 42",)"
    R"("customer":{"email":"ann@example.com"},"return_url":"https://shop.example/done",)"
    R"("metadata":{"note":"a&b"}})";
inline constexpr const char* kCreate =
    R"({"amount":4900,"currency":"EUR","reference":"INV-42","idempotency_key":"k1"})";

class PaymentsOfStripe : public testing::Test {
 protected:
  bulkhead::testing::TestResponse order(const std::string& key, const char* body = kOrder) {
    return host_.post(kLinks, body, {{"Idempotency-Key", key}});
  }
  bulkhead::testing::TestResponse call(const char* name, const std::string& request) {
    return host_.call("payments/1", name, request);
  }
  /// A payment that its payer has begun, of which Stripe says what `intent` says.
  std::string begun(const std::string& intent) {
    const std::string id = nlohmann::json::parse(call("create_payment", kCreate).body).at("id");
    stripe_.answer(
        "GET /v1/checkout/sessions/cs_1", 200,
        R"({"id":"cs_1","status":"complete","payment_status":"unpaid","payment_intent":)" + intent +
            "}");
    return id;
  }
  bulkhead::OutboundRequest last() const { return host_.wire().sent().back(); }

  mutable bulkhead::testing::TestHost host_{
      "stripe", {{"secret_key", kApiKey}, {"webhook_secret", "whsec_1234567890"}}};
  FakeStripe stripe_{host_};
};

}  // namespace stripe
