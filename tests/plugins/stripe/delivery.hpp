#pragma once

#include <cstdint>
#include <openssl/hmac.h>
#include <string>
#include <string_view>

#include <bulkhead/testing/test_host.hpp>

namespace stripe {

inline constexpr const char* kSecret = "whsec_test_secret";
inline constexpr std::int64_t kNow = 1'767'600'000;  // the test host's clock

inline std::string signatureOf(const std::string& body, std::int64_t time_s = kNow) {
  const std::string message = std::to_string(time_s) + "." + body;
  unsigned char digest[32];
  unsigned int size = 0;
  HMAC(EVP_sha256(), kSecret, static_cast<int>(std::string_view{kSecret}.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &size);
  std::string hex;
  for (const unsigned char byte : digest) {
    constexpr char kHex[] = "0123456789abcdef";
    hex += kHex[byte >> 4];
    hex += kHex[byte & 15];
  }
  return "t=" + std::to_string(time_s) + ",v1=" + hex;
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
