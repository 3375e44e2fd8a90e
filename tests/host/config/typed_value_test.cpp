#include "config/typed_value.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

SettingDeclaration of(SettingType type) {
  return {.name = "x", .type = type};
}

SettingDeclaration between(SettingType type, double min, double max) {
  return {.name = "x", .type = type, .min = min, .max = max};
}

TEST(TypedValue, IntegersAreWholeDecimalAndBounded) {
  const auto port = between(SettingType::Integer, 1, 65535);
  EXPECT_EQ(parseValue(port, "1")->integer(), 1);
  EXPECT_EQ(parseValue(port, "65535")->integer(), 65535);
  for (const char* text : {"0", "65536", "-1", "80x", " 80", "8.0", "0x50", "", "+80", "1e3",
                           "99999999999999999999"}) {
    EXPECT_FALSE(parseValue(port, text)) << text;
  }
  EXPECT_EQ(expectation(port), "an integer from 1 to 65535");
}

TEST(TypedValue, NumbersAreFinite) {
  EXPECT_DOUBLE_EQ(parseValue(of(SettingType::Number), "0.25")->number(), 0.25);
  for (const char* text : {"nan", "inf", "1e999", "1,5", ""}) {
    EXPECT_FALSE(parseValue(of(SettingType::Number), text)) << text;
  }
}

TEST(TypedValue, BooleansHaveEightSpellings) {
  for (const char* text : {"true", "YES", "on", "1"}) {
    EXPECT_TRUE(parseValue(of(SettingType::Boolean), text)->boolean()) << text;
  }
  for (const char* text : {"false", "No", "off", "0"}) {
    EXPECT_FALSE(parseValue(of(SettingType::Boolean), text)->boolean()) << text;
  }
  EXPECT_FALSE(parseValue(of(SettingType::Boolean), "maybe"));
}

TEST(TypedValue, DurationsTakeUnits) {
  auto declaration = between(SettingType::DurationMs, 0, 86'400'000);
  EXPECT_EQ(parseValue(declaration, "250ms")->integer(), 250);
  EXPECT_EQ(parseValue(declaration, "20 s")->integer(), 20'000);
  EXPECT_EQ(parseValue(declaration, "5m")->integer(), 300'000);
  EXPECT_EQ(parseValue(declaration, "1d")->integer(), 86'400'000);
  EXPECT_EQ(parseValue(declaration, "1500")->integer(), 1500);
  declaration.bare_unit_ms = 1000;
  EXPECT_EQ(parseValue(declaration, "5")->integer(), 5000);
  for (const char* text : {"2d", "-1s", "1w", "s", "", "9223372036854775807h", "1.5s"}) {
    EXPECT_FALSE(parseValue(declaration, text)) << text;
  }
  EXPECT_EQ(durationText(0), "0s");
  EXPECT_EQ(durationText(1500), "1500ms");
  EXPECT_EQ(durationText(7'200'000), "2h");
}

TEST(TypedValue, UrlsNeedSchemeAndHost) {
  for (const char* text : {"https://host", "http://u:p@host:80/x?y", "redis://[::1]:6379"}) {
    EXPECT_TRUE(parseValue(of(SettingType::Url), text)) << text;
  }
  for (const char* text : {"", "host", "://host", "http://", "http:///x", "http://:80",
                           "http://a b", "1http://host"}) {
    EXPECT_FALSE(parseValue(of(SettingType::Url), text)) << text;
  }
}

TEST(TypedValue, EnumsAreReadWithoutRegardToCase) {
  SettingDeclaration level = of(SettingType::Enum);
  level.values = {"debug", "info"};
  EXPECT_EQ(parseValue(level, "INFO")->text(), "info");
  EXPECT_FALSE(parseValue(level, "inf"));
  EXPECT_EQ(expectation(level), "one of debug, info");
}

TEST(TypedValue, TextBoundsCountCharactersNotBytes) {
  const auto name = between(SettingType::String, 2, 3);
  EXPECT_TRUE(parseValue(name, "\xC3\xA9\xC3\xA9\xC3\xA9"));
  EXPECT_FALSE(parseValue(name, "\xC3\xA9"));
}

TEST(TypedValue, SecretsAndUserInfoAreHidden) {
  EXPECT_EQ(parseValue(of(SettingType::Secret), "canary")->display(), "******");
  SettingDeclaration hidden = of(SettingType::Url);
  hidden.secret = true;
  EXPECT_EQ(parseValue(hidden, "https://canary/")->display(), "******");
  EXPECT_EQ(parseValue(of(SettingType::Url), "https://u:canary@host/")->display(),
            "https://******@host/");
  EXPECT_EQ(withoutUserInfo("postgresql://u:p@ss@host/db?x=a@b"),
            "postgresql://******@host/db?x=a@b");
  EXPECT_EQ(withoutUserInfo("https://host/a@b"), "https://host/a@b");
}

TEST(TypedValue, BecomesJson) {
  EXPECT_EQ(parseValue(of(SettingType::Secret), "a\"b")->revealedJson(), "\"a\\\"b\"");
  EXPECT_EQ(parseValue(of(SettingType::Integer), "12")->revealedJson(), "12");
  EXPECT_EQ(parseValue(of(SettingType::Boolean), "on")->revealedJson(), "true");
}

TEST(TypedValue, TypeNamesAreThoseOfTheManifest) {
  for (const char* name :
       {"string", "integer", "number", "boolean", "duration_ms", "url", "secret", "enum"}) {
    ASSERT_TRUE(findSettingType(name)) << name;
    EXPECT_EQ(settingTypeName(*findSettingType(name)), name);
  }
  EXPECT_FALSE(findSettingType("float"));
}

}  // namespace
}  // namespace bulkhead::host
