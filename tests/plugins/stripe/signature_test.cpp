#include "signature.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include <bulkhead/signing.hpp>

#include "reference_data.hpp"

namespace stripe {
namespace {

using std::chrono::seconds;

constexpr std::string_view kSecret = "whsec_5f3c2b1a09d8e7f6a5b4c3d2e1f0a9b8";
constexpr std::string_view kBody =
    R"({"id":"evt_1PgafTB7WZ01zgkWabcd","object":"event","api_version":"2026-10-28.endive","created":1699999990,)"
    R"("data":{"object":{"id":"pi_3Pgaf","object":"payment_intent","amount":2000,"currency":"usd","status":"succeeded"}},)"
    R"("livemode":false,"pending_webhooks":1,"request":{"id":"req_1","idempotency_key":"k-1"},"type":"payment_intent.succeeded"})";
constexpr std::string_view kSigned =
    "3fb86d47539a0950b099fdb1ed31e134f074695597afc022e0eacc83cd9025bb";

Verdict verify(const std::string& header, std::int64_t now_s = 1'700'000'005,
               std::string_view body = kBody) {
  return verifySignature(header, body, kSecret, seconds{now_s}, seconds{300});
}

std::string headerWith(const std::string& signature, const std::string& time = "1700000000") {
  return "t=" + time + ",v1=" + signature;
}

TEST(Signature, AcceptsWhatStripesLibrarySigned) {
  EXPECT_EQ(verify(headerWith(std::string{kSigned})), Verdict::Accepted);
  EXPECT_EQ(verify("t=1700000000,v1=00,v0=11,v1=" + std::string{kSigned}), Verdict::Accepted);
}

TEST(Signature, RefusesAChangedBodyTimeOrSecret) {
  std::string body{kBody};
  body.back() = ' ';
  EXPECT_EQ(verify(headerWith(std::string{kSigned}), 1'700'000'005, body), Verdict::Mismatch);
  EXPECT_EQ(verify(headerWith(std::string{kSigned}, "1700000001")), Verdict::Mismatch);
  EXPECT_EQ(verifySignature(headerWith(std::string{kSigned}), kBody, "whsec_other",
                            seconds{1'700'000'005}, seconds{300}),
            Verdict::Mismatch);
}

TEST(Signature, TheToleranceIsInclusiveInBothDirections) {
  const std::string header = headerWith(std::string{kSigned});
  EXPECT_EQ(verify(header, 1'700'000'300), Verdict::Accepted);
  EXPECT_EQ(verify(header, 1'700'000'301), Verdict::TooOld);
  EXPECT_EQ(verify(header, 1'699'999'700), Verdict::Accepted);
  EXPECT_EQ(verify(header, 1'699'999'699), Verdict::InTheFuture);
}

TEST(Signature, RefusesAHeaderThatIsNotOne) {
  for (const char* header :
       {"", "t=1700000000", "v1=ab", "t=,v1=ab", "t=17x,v1=ab", "garbage", "=,=,="}) {
    EXPECT_EQ(verify(header), Verdict::Malformed) << header;
  }
  EXPECT_EQ(verify("t=1700000000, v1=" + std::string{kSigned}),
            Verdict::Malformed);  // a space makes it another scheme
}

TEST(Signature, ReferenceVectorsOfStripesLibrary) {
  const auto file = bulkhead::tests::referenceFile("vectors/stripe_webhook.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/stripe_webhook.json is not here";
  const auto vectors = nlohmann::json::parse(std::ifstream{*file});
  int checked = 0;
  for (const auto& vector : vectors.at("cases")) {
    const auto verdict = verifySignature(
        vector.at("header").get<std::string>(),
        bulkhead::fromBase64(vector.at("body_b64").get<std::string>()).value(),
        vector.at("secret").get<std::string>(), seconds{vector.at("now").get<std::int64_t>()},
        seconds{vector.at("tolerance_s").get<std::int64_t>()});
    EXPECT_EQ(verdict == Verdict::Accepted, vector.at("expect") == "accept") << vector.at("name");
    ++checked;
  }
  EXPECT_GE(checked, 12);
}

}  // namespace
}  // namespace stripe
