#pragma once

#include <cstdint>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "delivery.hpp"
#include "fake_stripe.hpp"

namespace stripe {

inline nlohmann::json object(const nlohmann::json& members) {
  nlohmann::json whole = nlohmann::json::parse(
      R"({"id":"pi_1","object":"payment_intent","amount":4900,"currency":"eur","status":"succeeded",
          "metadata":{"payment":"pay_1","tenant":"t1","reference":"INV-42"}})");
  whole["metadata"]["seal"] = sealOf("pay_1", "t1", "INV-42", "4900", "EUR");
  whole.update(members);
  return whole;
}

inline std::string eventOf(const std::string& id, const std::string& type,
                           const nlohmann::json& what, std::int64_t created_s = kNow - 60) {
  return nlohmann::json{{"id", id},          {"object", "event"},
                        {"type", type},      {"created", created_s},
                        {"livemode", false}, {"data", {{"object", what}}}}
      .dump();
}

inline std::string session(const std::string& id, const std::string& type) {
  return eventOf(id, type,
                 object({{"id", "cs_1"},
                         {"object", "checkout.session"},
                         {"payment_intent", "pi_1"},
                         {"payment_status", "paid"},
                         {"amount_total", 4900}}));
}
inline std::string succeeded(const std::string& id, std::int64_t created_s = kNow - 60) {
  return eventOf(id, "payment_intent.succeeded", object({{"amount_received", 4900}}), created_s);
}
inline std::string failed(const std::string& id, std::int64_t created_s,
                          const std::string& charge) {
  return eventOf(id, "payment_intent.payment_failed",
                 object({{"status", "requires_payment_method"},
                         {"last_payment_error",
                          {{"code", "card_declined"},
                           {"decline_code", "insufficient_funds"},
                           {"charge", charge}}}}),
                 created_s);
}
inline std::string refunded(const std::string& id, std::int64_t amount,
                            std::int64_t created_s = kNow) {
  return eventOf(id, "charge.refunded",
                 object({{"id", "ch_1"},
                         {"object", "charge"},
                         {"payment_intent", "pi_1"},
                         {"amount_refunded", amount}}),
                 created_s);
}

class PaymentEvents : public testing::Test {
 protected:
  /// Delivers them in that order, and lets the inbox work.
  void take(const std::vector<std::string>& events) {
    for (const std::string& event : events) ASSERT_EQ(deliver(host_, event).status, 200);
    const auto runs = host_.runMessages();
    EXPECT_EQ(runs.failed + runs.dead, 0U) << host_.log().back();
  }
  std::vector<bulkhead::testing::PublishedEvent> published() {
    return host_.published("payments/1");
  }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const auto& event : published()) names.push_back(event.event);
    return names;
  }

  bulkhead::testing::TestHost host_{
      "stripe", {{"webhook_secret", kSecret}, {"secret_key", kApiKey}, {"seal_key", kSealKey}}};
};

}  // namespace stripe
