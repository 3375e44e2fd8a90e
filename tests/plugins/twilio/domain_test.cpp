#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include <bulkhead/signing.hpp>

#include "message.hpp"
#include "reference_data.hpp"
#include "signature.hpp"
#include "twiml.hpp"

namespace twilio {
namespace {

// The example of www.twilio.com/docs/usage/security.
constexpr std::string_view kToken = "12345";
constexpr std::string_view kUrl = "https://mycompany.com/myapp.php?foo=1&bar=2";
constexpr std::string_view kSigned = "GvWf1cFY/Q7PnoempGyD5oXAezc=";
const Fields kForm{{"To", "+18005551212"},
                   {"Digits", "1234"},
                   {"From", "+14158675310"},
                   {"CallSid", "CA1234567890ABCDE"},
                   {"Caller", "+14158675310"}};

TEST(TwilioSignature, AcceptsTwiliosExampleInAnyOrderOfFields) {
  EXPECT_TRUE(isFormSigned(kSigned, kUrl, kForm, kToken));
  EXPECT_TRUE(isFormSigned(kSigned, kUrl, Fields{kForm.rbegin(), kForm.rend()}, kToken));
}

TEST(TwilioSignature, RefusesAChangedFieldUrlOrToken) {
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    Fields changed = kForm;
    changed[i].second += "x";
    EXPECT_FALSE(isFormSigned(kSigned, kUrl, changed, kToken));
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(isFormSigned(kSigned, kUrl, changed, kToken));
  }
  EXPECT_FALSE(isFormSigned(kSigned, kUrl, kForm, "12346"));
  EXPECT_FALSE(isFormSigned("", kUrl, kForm, kToken));
  for (const char* url :
       {"http://mycompany.com/myapp.php?foo=1&bar=2", "https://mycompany.com/myapp.php?bar=2&foo=1",
        "https://mycompany.com/myapp.php/?foo=1&bar=2", "https://mycompany.com/myapp.php"})
    EXPECT_FALSE(isFormSigned(kSigned, url, kForm, kToken)) << url;
}

std::string signatureOf(std::string_view url, const Fields& form = {}) {
  return bulkhead::toBase64(bulkhead::hmacSha1(kToken, signedText(url, form)));
}

TEST(TwilioSignature, DefaultPortsAreTakenEitherWay) {
  EXPECT_TRUE(
      isFormSigned(signatureOf("https://h.example:443/cb"), "https://h.example/cb", {}, kToken));
  EXPECT_TRUE(
      isFormSigned(signatureOf("https://h.example/cb"), "https://h.example:443/cb", {}, kToken));
  EXPECT_TRUE(
      isFormSigned(signatureOf("http://h.example:80/cb"), "http://h.example/cb", {}, kToken));
  EXPECT_TRUE(isFormSigned(signatureOf("https://u:p@h.example/cb"), "https://u:p@h.example/cb", {},
                           kToken));
  EXPECT_FALSE(
      isFormSigned(signatureOf("https://h.example/cb"), "https://i.example:443/cb", {}, kToken));
}

TEST(TwilioSignature, TheQueryIsTakenInTheSpellingsOfTwiliosLibrary) {
  const std::string_view called = "https://h.example/cb?n=O'Neil&b=%C3%A9+x";
  for (const char* signed_url :
       {"https://h.example/cb?n=O'Neil&b=%C3%A9+x", "https://h.example/cb?n=O%27Neil&b=%C3%A9+x",
        "https://h.example/cb?n=O'Neil&b=%C3%A9%20x"})
    EXPECT_TRUE(isFormSigned(signatureOf(signed_url), called, {}, kToken)) << signed_url;
  EXPECT_FALSE(
      isFormSigned(signatureOf("https://h.example/cb?n=ONeil&b=%C3%A9+x"), called, {}, kToken));
}

TEST(TwilioSignature, ARepeatedFieldHasItsDistinctValuesSorted) {
  EXPECT_EQ(signedText("u", {{"M", "b"}, {"A", ""}, {"M", "a"}, {"M", "b"}}), "uAMaMb");
}

TEST(TwilioSignature, ABodyThatIsNoFormIsSignedByItsHash) {
  const std::string body = R"({"a":1})";
  const std::string url = "https://h.example/cb?x=1&bodySHA256=" + bulkhead::sha256Hex(body);
  EXPECT_TRUE(isBodySigned(signatureOf(url), url, body, kToken));
  EXPECT_FALSE(isBodySigned(signatureOf(url), url, body + " ", kToken));
  EXPECT_FALSE(isBodySigned("x" + signatureOf(url), url, body, kToken));
  EXPECT_FALSE(
      isBodySigned(signatureOf("https://h.example/cb"), "https://h.example/cb", "", kToken))
      << "without a hash nothing says what the body is";
}

Fields fieldsOf(const nlohmann::json& params) {
  Fields fields;
  for (const auto& [name, value] : params.items()) {
    if (!value.is_array()) {
      fields.emplace_back(name, value);
      continue;
    }
    for (const auto& one : value) fields.emplace_back(name, one);
  }
  return fields;
}

TEST(TwilioSignature, ReferenceVectorsOfTwiliosLibrary) {
  const auto file = bulkhead::tests::referenceFile("vectors/twilio_webhook.json");
  if (!file) GTEST_SKIP() << "reference data: vectors/twilio_webhook.json is not here";
  const auto vectors = nlohmann::json::parse(std::ifstream{*file});
  for (const auto& one : vectors.at("cases")) {
    const std::string signature = one.at("x_twilio_signature");
    const std::string url = one.at("url");
    const std::string token = one.at("auth_token");
    const bool has_body = one.contains("body_utf8");
    const bool accepted =
        has_body ? isBodySigned(signature, url, one.at("body_utf8").get<std::string>(), token)
                 : isFormSigned(signature, url, fieldsOf(one.at("params")), token);
    EXPECT_EQ(accepted, one.at("expect") == "accept") << one.at("name");
  }
  EXPECT_GE(vectors.at("cases").size(), 12U);
}

TEST(Twiml, EscapesWhatIsSaidAndSaysNothingForNothing) {
  const std::string head = R"(<?xml version="1.0" encoding="UTF-8"?>)";
  EXPECT_EQ(twimlOf({}), head + "<Response/>");
  EXPECT_EQ(
      twimlOf({"Zoë & co <b>\x01\n", "two"}),
      head +
          "<Response><Message>Zoë &amp; co &lt;b&gt;\n</Message><Message>two</Message></Response>");
  EXPECT_EQ(twimlOf({"a\xff\xEF\xBF\xBE"}), head + "<Response><Message>a</Message></Response>");
}

TEST(MessageProgress, GoesForwardAlone) {
  EXPECT_TRUE(isForward(Progress::Queued, Progress::Sent));
  EXPECT_TRUE(isForward(Progress::Queued, Progress::Delivered));
  EXPECT_FALSE(isForward(Progress::Delivered, Progress::Sent));
  EXPECT_FALSE(isForward(Progress::Delivered, Progress::Failed)) << "the end is the end";
  EXPECT_FALSE(isForward(Progress::Sent, Progress::Sent));
  EXPECT_EQ(progressOf("undelivered"), Progress::Undelivered);
  EXPECT_EQ(progressOf("canceled"), Progress::Failed);
  EXPECT_EQ(progressOf("of next year"), std::nullopt);
  for (const Progress progress : {Progress::Queued, Progress::Sent, Progress::Delivered,
                                  Progress::Undelivered, Progress::Failed})
    EXPECT_EQ(progressNamed(nameOf(progress)), progress);
}

}  // namespace
}  // namespace twilio
