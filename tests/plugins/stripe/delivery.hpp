#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <bulkhead/signing.hpp>
#include <bulkhead/testing/test_host.hpp>

namespace stripe {

inline constexpr const char* kSecret = "whsec_test_secret";
inline constexpr std::int64_t kNow = 1'767'600'000;  // the test host's clock

inline std::string signatureOf(const std::string& body, std::int64_t time_s = kNow) {
  const std::string message = std::to_string(time_s) + "." + body;
  return "t=" + std::to_string(time_s) +
         ",v1=" + bulkhead::toHex(bulkhead::hmacSha256(kSecret, message));
}

inline constexpr const char* kSealKey = "seal-key-of-the-tests-0123456789";

/// Written down once more: HMAC-SHA256 over each part behind its length.
inline std::string sealOf(const std::string& payment, const std::string& tenant,
                          const std::string& reference, const std::string& amount,
                          const std::string& currency, std::string_view key = kSealKey) {
  std::string text = "stripe.metadata.1";
  for (const std::string& part : {payment, tenant, reference, amount, currency})
    text += "\n" + std::to_string(part.size()) + ":" + part;
  return bulkhead::toHex(bulkhead::hmacSha256(key, text));
}

inline std::string event(const std::string& id, bool livemode = false) {
  return R"({"id":")" + id +
         R"(","object":"event","type":"payment_intent.succeeded","created":1767599999,"livemode":)" +
         (livemode ? "true" : "false") + R"(,"data":{"object":{"id":"pi_1"}}})";
}

inline bulkhead::testing::TestResponse deliver(bulkhead::testing::TestHost& host,
                                               const std::string& body) {
  return host.send("POST", "/api/stripe/v1/webhooks", {{"Stripe-Signature", signatureOf(body)}},
                   body);
}

}  // namespace stripe
