#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include <bulkhead/signing.hpp>
#include <bulkhead/standard_webhooks.hpp>

#include "reference_data.hpp"

namespace bulkhead {
namespace {

using std::chrono::seconds;
using Verdict = StandardWebhooks::Verdict;

// RFC 2202 and RFC 4231, test cases 1, 2 and one with a key longer than a block; FIPS 180-2.
TEST(Signing, GivesTheVectorsOfTheStandards) {
  EXPECT_EQ(toHex(hmacSha1(std::string(20, '\x0b'), "Hi There")),
            "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(toHex(hmacSha1("Jefe", "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(toHex(hmacSha1(std::string(80, '\xaa'),
                           "Test Using Larger Than Block-Size Key - Hash Key First")),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112");
  EXPECT_EQ(toHex(hmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(toHex(hmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(toHex(hmacSha256(std::string(131, '\xaa'),
                             "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Signing, TellsEqualFromUnequal) {
  EXPECT_TRUE(isEqualInConstantTime("", ""));
  EXPECT_TRUE(isEqualInConstantTime("abc", "abc"));
  EXPECT_FALSE(isEqualInConstantTime("abc", "abd"));
  EXPECT_FALSE(isEqualInConstantTime("abc", "abcd"));
}

// RFC 4648 §10.
TEST(Base64, GivesTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"},
                                                         {"\xfb\xff\xfe", "+//+"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(toBase64(bytes), text);
    EXPECT_EQ(fromBase64(text), bytes);
    const std::string padded{text};
    EXPECT_EQ(fromBase64(padded.substr(0, padded.find('='))), bytes);
  }
  EXPECT_EQ(toBase64Url("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(toBase64Url("foob"), "Zm9vYg");
}

TEST(Base64, ReadsBackEveryByteAndLength) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    ASSERT_EQ(fromBase64Url(toBase64Url(bytes)), bytes) << i;
    ASSERT_EQ(fromBase64(toBase64(bytes)), bytes) << i;
  }
}

TEST(Base64, ReadsNoSecondSpelling) {
  for (const char* text : {"Z", "Zg==", "Zh", "Zm9=", "Zm 8", "Zm8\n", "Zm+v", "Zm/v", "Zm9vY"})
    EXPECT_EQ(fromBase64Url(text), std::nullopt) << text;
  for (const char* text : {"Z", "Zh", "Z===", "====", "Zg=", "Zm 8", "Zm8\n", "Zm-v", "Zm_v"})
    EXPECT_EQ(fromBase64(text), std::nullopt) << text;
}

constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kOther = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kSigned = "v1,hw6D+jquXiPwVQiZTwb2ek9FSrOofldv7tv4JVMsFUY=";

Verdict verify(std::string_view signature, std::int64_t now_s = 1'700'000'000,
               std::string_view body = kBody, std::vector<std::string_view> secrets = {kSecret},
               std::string_view id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
               std::string_view timestamp = "1700000000") {
  return StandardWebhooks{secrets}.verify({id, timestamp, signature}, body, seconds{now_s});
}

TEST(StandardWebhooks, AcceptsWhatTheReferenceLibrarySigned) {
  EXPECT_EQ(verify(kSigned), Verdict::Accepted);
  EXPECT_EQ(verify("v1,AAAA v1a,xyz " + std::string{kSigned}), Verdict::Accepted);
}

TEST(StandardWebhooks, OneOfSeveralSecretsIsEnough) {
  EXPECT_EQ(verify(kSigned, 1'700'000'000, kBody, {kOther, kSecret}), Verdict::Accepted);
  EXPECT_EQ(verify(kSigned, 1'700'000'000, kBody, {kOther}), Verdict::Mismatch);
}

TEST(StandardWebhooks, RefusesAChangedBodyIdOrTime) {
  EXPECT_EQ(verify(kSigned, 1'700'000'000, "{}"), Verdict::Mismatch);
  EXPECT_EQ(verify(kSigned, 1'700'000'000, kBody, {kSecret}, "msg_other"), Verdict::Mismatch);
  EXPECT_EQ(verify(kSigned, 1'700'000'000, kBody, {kSecret}, "msg_p5jXN8AQM9LWM0D4loKWxJek",
                   "1700000001"),
            Verdict::Mismatch);
  EXPECT_EQ(verify(kSigned.substr(3)), Verdict::Mismatch) << "without its version";
}

TEST(StandardWebhooks, TheToleranceIsInclusiveInBothDirections) {
  EXPECT_EQ(verify(kSigned, 1'700'000'300), Verdict::Accepted);
  EXPECT_EQ(verify(kSigned, 1'700'000'301), Verdict::TooOld);
  EXPECT_EQ(verify(kSigned, 1'699'999'700), Verdict::Accepted);
  EXPECT_EQ(verify(kSigned, 1'699'999'699), Verdict::InTheFuture);
}

TEST(StandardWebhooks, RefusesHeadersThatAreNone) {
  EXPECT_EQ(verify(""), Verdict::Malformed);
  EXPECT_EQ(verify(kSigned, 0, kBody, {kSecret}, ""), Verdict::Malformed);
  for (const char* time : {"", "17x", " 1700000000", "1700000000.5", "99999999999999999999"})
    EXPECT_EQ(verify(kSigned, 0, kBody, {kSecret}, "msg_1", time), Verdict::Malformed) << time;
}

// The unit is a sender's own: Vapi does not say which one it has.
TEST(StandardWebhooks, ATimestampInMillisecondsIsATimestamp) {
  const std::string key = fromBase64(kSecret.substr(6)).value_or("");
  const auto at = [&](const std::string& time, std::int64_t now_s) {
    const std::string signature =
        "v1," + toBase64(hmacSha256(key, "msg_1." + time + "." + std::string{kBody}));
    return verify(signature, now_s, kBody, {kSecret}, "msg_1", time);
  };
  EXPECT_EQ(at("1700000000123", 1'700'000'000), Verdict::Accepted);
  EXPECT_EQ(at("1700000000999", 1'700'000'300), Verdict::Accepted);
  EXPECT_EQ(at("1700000000999", 1'700'000'301), Verdict::TooOld);
  EXPECT_EQ(at("1700000001000", 1'699'999'700), Verdict::InTheFuture);
}

TEST(StandardWebhooks, ASecretHas24BytesOrMore) {
  EXPECT_THROW(StandardWebhooks{{"whsec_QQ=="}}, Error) << "one byte";
  const std::string short_one = toBase64(std::string(23, 'k'));
  EXPECT_THROW(StandardWebhooks{{short_one}}, Error);
  const std::string long_enough = toBase64(std::string(24, 'k'));
  EXPECT_NO_THROW(StandardWebhooks{{long_enough}});
}

TEST(StandardWebhooks, ASecretThatIsNoneIsRefusedAtOnce) {
  EXPECT_THROW(StandardWebhooks{{}}, Error);
  EXPECT_THROW(StandardWebhooks{{"whsec_"}}, Error);
  EXPECT_THROW(StandardWebhooks{{"whsec_not base64!"}}, Error);
}

TEST(StandardWebhooks, ReferenceVectors) {
  const auto file = tests::referenceFile("vectors/standard_webhooks.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/standard_webhooks.json is not here";
  const auto vectors = nlohmann::json::parse(std::ifstream{*file});
  const StandardWebhooks verifier{{vectors.at("secret").get_ref<const std::string&>()}};
  for (const auto& vector : vectors.at("cases")) {
    const auto& headers = vector.at("headers");
    const auto header = [&](const char* name) { return headers.value(name, std::string{}); };
    const std::string id = header("webhook-id");
    const std::string timestamp = header("webhook-timestamp");
    const std::string signature = header("webhook-signature");
    const auto verdict = verifier.verify({id, timestamp, signature},
                                         vector.at("body_utf8").get_ref<const std::string&>(),
                                         seconds{vector.at("now").get<std::int64_t>()});
    EXPECT_EQ(verdict == Verdict::Accepted, vector.at("expect") == "accept") << vector.at("name");
  }
  EXPECT_GE(vectors.at("cases").size(), 4U);
}

}  // namespace
}  // namespace bulkhead
