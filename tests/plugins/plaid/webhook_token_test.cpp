#include "webhook_token.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bulkhead/signing.hpp>

#include "reference_data.hpp"
#include "signed_webhook.hpp"

namespace plaid {
namespace {

using std::chrono::seconds;

const std::string kBody = R"({"webhook_type":"ITEM","webhook_code":"ERROR","item_id":"i"})";
constexpr std::int64_t kNow = 1'700'000'000;

Verdict judge(const std::string& header, const VerificationKey& key, std::string_view body = kBody,
              std::int64_t now = kNow) {
  const auto token = WebhookToken::parse(header);
  if (!token) return Verdict::Malformed;
  if (!isSignedBy(*token, key)) return Verdict::Mismatch;
  return judgeClaims(*token, body, seconds{now}, seconds{300});
}

// What the library that Plaid's documentation names (jose) signed, written down.
TEST(WebhookToken, AcceptsWhatPlaidsLibrarySigned) {
  const std::string header =
      "eyJhbGciOiJFUzI1NiIsImtpZCI6ImJmYmQ1MTExLThlMzMtNDY0My04Y2VkLWIyZTY0MmE3MmYzYyIsInR5cCI6IkpX"
      "VCJ9."
      "eyJpYXQiOjE2OTk5OTk5OTAsInJlcXVlc3RfYm9keV9zaGEyNTYiOiJjNzY5YjQxYjdmYTc1M2RlNzg3OWYxOGVjYmU3"
      "ODBhMWQ"
      "yOTIwNjE2ZDc0MzRmNTg1ZmEyNzg3NTU5MzQyMmQ1In0."
      "gHoT8_M5APXU1wFR38CdvyA7uIaZ7o2cNkFJdT3lWLXfrYF1b4I0grw7f7cRspfvLdGUqI9stvR8E2Tfry9MuA";
  const std::string body =
      "{\n  \"webhook_type\": \"TRANSACTIONS\",\n  \"webhook_code\": \"SYNC_UPDATES_AVAILABLE\",\n"
      "  \"item_id\": \"wz666MBjYWTp2PDzzggYhM6oWWmBb\",\n  \"initial_update_complete\": true,\n"
      "  \"historical_update_complete\": false,\n  \"environment\": \"sandbox\"\n}";
  const VerificationKey key{
      bulkhead::fromBase64Url("vveenzKI6tncEaxzXzdKYv09Ccn-FEHQ2yj0fjLaFa8").value(),
      bulkhead::fromBase64Url("nj5XPY4VN2dZ2IqhP516mkAbRYgTCr_2kNUyoSVReag").value()};
  EXPECT_EQ(judge(header, key, body), Verdict::Accepted);
  EXPECT_EQ(judge(header, key, body + " "), Verdict::OtherBody);
  EXPECT_EQ(judge(header, Signer{}.key(), body), Verdict::Mismatch);
}

TEST(WebhookToken, AnotherTimeBodyKeyOrAlgorithmIsRefused) {
  const Signer signer;
  const auto key = signer.key();
  EXPECT_EQ(judge(signer.header(kBody, kNow), key), Verdict::Accepted);
  EXPECT_EQ(judge(signer.header(kBody, kNow - 300), key), Verdict::Accepted);
  EXPECT_EQ(judge(signer.header(kBody, kNow - 301), key), Verdict::TooOld);
  EXPECT_EQ(judge(signer.header(kBody, kNow + 10), key), Verdict::Accepted);
  EXPECT_EQ(judge(signer.header(kBody, kNow + 11), key), Verdict::InTheFuture);
  EXPECT_EQ(judge(signer.header("{}", kNow), key), Verdict::OtherBody);
  EXPECT_EQ(judge(signer.header(kBody, kNow), Signer{}.key()), Verdict::Mismatch);
  for (const char* algorithm : {"none", "HS256", "RS256", "es256", "ES384", ""})
    EXPECT_EQ(judge(signer.header(kBody, kNow, algorithm), key), Verdict::Malformed) << algorithm;
}

TEST(WebhookToken, EveryFlippedBitIsNoticed) {
  const Signer signer;
  const std::string header = signer.header(kBody, kNow);
  for (std::size_t i = 0; i < header.size(); ++i) {
    std::string forged = header;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(judge(forged, signer.key()), Verdict::Accepted) << i;
  }
}

TEST(WebhookToken, WhatIsNoTokenOrNoKeyIsRefused) {
  const Signer signer;
  const std::string header = signer.header(kBody, kNow);
  for (const std::string& text :
       {std::string{}, std::string{"."}, std::string{".."}, std::string{"a.b.c"}, header + ".x",
        header + "=", header.substr(0, header.size() - 4), std::string(5000, 'a') + "." + header,
        header.substr(0, header.rfind('.') + 1)})
    EXPECT_NE(judge(text, signer.key()), Verdict::Accepted) << text;
  VerificationKey off_curve = signer.key();
  off_curve.y[5] = static_cast<char>(off_curve.y[5] ^ 1);
  EXPECT_EQ(judge(header, off_curve), Verdict::Mismatch);
  EXPECT_EQ(judge(header, {"x", "y"}), Verdict::Mismatch);
}

TEST(WebhookToken, ReferenceVectors) {
  const auto file = bulkhead::tests::referenceFile("vectors/plaid_webhook.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/plaid_webhook.json is not here";
  const auto vectors = nlohmann::json::parse(std::ifstream{*file});
  const auto& jwk = vectors.at("webhook_verification_key_get_response").at("key");
  const VerificationKey key{bulkhead::fromBase64Url(jwk.at("x").get<std::string>()).value(),
                            bulkhead::fromBase64Url(jwk.at("y").get<std::string>()).value()};
  int checked = 0;
  for (const auto& vector : vectors.at("cases")) {
    const std::string header = vector.at("plaid_verification");
    const std::string body = bulkhead::fromBase64(vector.at("body_b64").get<std::string>()).value();
    const auto token = WebhookToken::parse(header);
    const bool is_known = token && token->key_id == jwk.at("kid");
    const Verdict verdict =
        is_known ? judge(header, key, body, vector.at("now")) : Verdict::UnknownKey;
    EXPECT_EQ(verdict == Verdict::Accepted, vector.at("expect") == "accept") << vector.at("name");
    ++checked;
  }
  EXPECT_GE(checked, 8);
}

}  // namespace
}  // namespace plaid
