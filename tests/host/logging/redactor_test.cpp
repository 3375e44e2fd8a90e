#include "logging/redactor.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

std::string redact(std::string_view text) {
  static const Redactor redactor;
  std::string scratch;
  return std::string{redactor.redact(text, scratch)};
}

TEST(Redactor, S131_NamesOfSecrets) {
  for (const char* name : {"password",
                           "dbPassword",
                           "PASSWORD_HASH",
                           "client_secret",
                           "accessToken",
                           "Authorization",
                           "proxy-authorization",
                           "apiKey",
                           "api_key",
                           "X-API-Key",
                           "API-KEY",
                           "cookie",
                           "Set-Cookie",
                           "ssn",
                           "userSsn",
                           "iban",
                           "card",
                           "cardNumber",
                           "card_number",
                           "STRIPE.WEBHOOK_SECRET"}) {
    EXPECT_TRUE(Redactor::isSecretName(name)) << name;
  }
  for (const char* name : {"apiKeyId", "api_key_id", "clientKey", "cardinality", "discard",
                           "method", "url", "id", "message", "tenant", "span", "company", ""}) {
    EXPECT_FALSE(Redactor::isSecretName(name)) << name;
  }
}

TEST(Redactor, S131_ApiKeysOfOurs) {
  EXPECT_EQ(redact("key bh_live_aB3dE5fG7hJ9_0123456789abcdef_x1Y2z3 refused"),
            "key bh_live_****** refused");
  EXPECT_EQ(redact("bh_test_abc"), "bh_test_******");
}

TEST(Redactor, S131_JsonWebTokens) {
  EXPECT_EQ(redact("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123 here"), "got ****** here");
  EXPECT_EQ(redact("eyJhbGciOiJIUzI1NiJ9 alone"), "eyJhbGciOiJIUzI1NiJ9 alone");
}

TEST(Redactor, S131_UserAndPasswordOfUrls) {
  EXPECT_EQ(redact("cannot reach postgres://user:pw@db.local:5432/x"),
            "cannot reach postgres://******@db.local:5432/x");
  EXPECT_EQ(redact("redis://:p@ss@h/0"), "redis://******@h/0");
  EXPECT_EQ(redact("https://h/p?mail=a@b"), "https://h/p?mail=a@b");
}

TEST(Redactor, S131_AssignmentsHeadersAndJson) {
  EXPECT_EQ(redact("/x?api_key=canary&b=1"), "/x?api_key=******&b=1");
  EXPECT_EQ(redact("host=h password=canary user=u"), "host=h password=****** user=u");
  EXPECT_EQ(redact("password='can ary' x"), "password='******' x");
  EXPECT_EQ(redact(R"({"password": "can ary", "a": 1})"), R"({"password": "******", "a": 1})");
  EXPECT_EQ(redact(R"({\"clientSecret\":\"canary\",\"a\":1})"),
            R"({\"clientSecret\":\"******\",\"a\":1})");
  EXPECT_EQ(redact(R"({"ssn":123456789})"), R"({"ssn":******})");
  EXPECT_EQ(redact("X-API-Key: canary\nHost: h"), "X-API-Key: ******\nHost: h");
  EXPECT_EQ(redact("Cookie: a=1; b=2"), "Cookie: ******");
  EXPECT_EQ(redact("sent Bearer abcdefgh12345678"), "sent Bearer ******");
  EXPECT_EQ(redact("Authorization: Basic dXNlcjpwdw=="), "Authorization: ******");
}

TEST(Redactor, OrdinaryTextStays) {
  for (const char* text :
       {"Invalid token: expired", "the bearer of news", "a = b", "basic rules", "12:30:45",
        "0193f1a2-1234-4567-8901-234567890123", "at 1700000000000 ms", "+49 170 1234567", "",
        "order 4242424242424241"}) {
    EXPECT_EQ(redact(text), text);
  }
}

TEST(Redactor, S131_CardNumbersByLuhn) {
  EXPECT_EQ(redact("card 4242424242424242."), "card ******4242.");
  EXPECT_EQ(redact("4242 4242 4242 4242"), "******4242");
  EXPECT_EQ(redact("3782-822463-10005"), "******0005");
  EXPECT_EQ(redact("4242424242424241"), "4242424242424241");    // wrong check digit
  EXPECT_EQ(redact("x4242424242424242"), "x4242424242424242");  // part of a word
  EXPECT_EQ(redact("42424242424242424242424242"), "42424242424242424242424242");
}

TEST(Redactor, S131_RegisteredSecretsInEveryForm) {
  Redactor redactor;
  ASSERT_TRUE(redactor.addSecret("s3cr\"t/canary"));
  std::string scratch;
  EXPECT_EQ(redactor.redact("a s3cr\"t/canary b", scratch), "a ****** b");
  EXPECT_EQ(redactor.redact("a s3cr\\\"t/canary b", scratch), "a ****** b");
  EXPECT_EQ(redactor.redact("a s3cr%22t%2Fcanary b", scratch), "a ****** b");
  EXPECT_EQ(redactor.redact("s3cr\"t/canarys3cr\"t/canary", scratch), "************");
}

TEST(Redactor, TheLongerOfTwoSecretsCounts) {
  Redactor redactor;
  redactor.addSecret("secret-one");
  redactor.addSecret("secret-one-and-more");
  std::string scratch;
  EXPECT_EQ(redactor.redact("x secret-one-and-more y", scratch), "x ****** y");
}

TEST(Redactor, NegativeControl_AnUnregisteredSecretStays) {
  const Redactor redactor;
  std::string scratch;
  EXPECT_EQ(redactor.redact("a canary-canary b", scratch), "a canary-canary b");
}

/// A look at a byte's neighbours must not hide what begins there.
TEST(Redactor, S131_NoPlaceHidesASecret) {
  Redactor redactor;
  redactor.addSecret("canary-secret");
  std::string scratch;
  for (const std::string_view secret :
       {"canary-secret", "bh_live_canary", "eyJcanary.eyJ.x", "Bearer canary-canary",
        "BASIC canarycanary", "https://canary:canary@h", "4242 4242 4242 4242"}) {
    for (const std::string_view before :
         {"", " ", "b ", "e=", "x:", "\t", "12-31 ", "ey,", "Be/"}) {
      const std::string text = std::string{before}.append(secret).append(" end");
      const std::string_view shown = redactor.redact(text, scratch);
      EXPECT_NE(shown.find("******"), std::string_view::npos) << text;
      EXPECT_EQ(shown.find("canary"), std::string_view::npos) << shown;
      EXPECT_TRUE(shown.ends_with(" end")) << shown;
    }
  }
}

TEST(Redactor, RefusesWhatIsTooShort) {
  Redactor redactor;
  EXPECT_FALSE(redactor.addSecret("abcde"));
  EXPECT_TRUE(redactor.addSecret("abcdef"));
}

}  // namespace
}  // namespace bulkhead::host
