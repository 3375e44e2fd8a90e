#include <gtest/gtest.h>
#include <limits>
#include <string>

#include <bulkhead/json_fields.hpp>

namespace bulkhead {
namespace {

TEST(JsonFields, ReadsWhatIsThere) {
  const auto object =
      readJson(R"({"text":"a","number":-7,"flag":true,"object":{"id":"x"},"list":[1,2]})");
  EXPECT_EQ(textIn(object, "text"), "a");
  EXPECT_EQ(integerIn(object, "number"), -7);
  EXPECT_TRUE(flagIn(object, "flag"));
  ASSERT_NE(objectIn(object, "object"), nullptr);
  EXPECT_EQ(textIn(*objectIn(object, "object"), "id"), "x");
  EXPECT_EQ(arrayIn(object, "list").size(), 2U);
  EXPECT_EQ(memberIn(object, "text"), "a");
}

// Goal: nothing throws, whatever stands there. Method: each reader on a member of each kind, and on
// values that are no objects.
TEST(JsonFields, WhatIsAbsentNullOrOfAnotherKindIsEmpty) {
  const auto object = readJson(
      R"({"null":null,"text":"a","number":1,"real":1.5,"flag":false,"object":{},"list":[]})");
  for (const char* name : {"absent", "null", "number", "real", "flag", "object", "list"})
    EXPECT_EQ(textIn(object, name), "") << name;
  for (const char* name : {"absent", "null", "text", "real", "flag", "object", "list"})
    EXPECT_EQ(integerIn(object, name), std::nullopt) << name;
  for (const char* name : {"absent", "null", "text", "number", "flag", "object", "list"})
    EXPECT_FALSE(flagIn(object, name)) << name;
  for (const char* name : {"absent", "null", "text", "number", "flag", "list"})
    EXPECT_EQ(objectIn(object, name), nullptr) << name;
  for (const char* name : {"absent", "null", "text", "number", "flag", "object"})
    EXPECT_TRUE(arrayIn(object, name).empty()) << name;
  for (const char* text : {"null", "[]", "5", "\"text\""}) {
    const auto none = readJson(text);
    EXPECT_TRUE(memberIn(none, "text").is_null()) << text;
    EXPECT_EQ(textIn(readJson(text), "text"), "") << text;
  }
}

TEST(JsonFields, ANumberThatIsTooLargeIsEmpty) {
  const auto object = readJson(
      R"({"most":9223372036854775807,"least":-9223372036854775808,"over":9223372036854775808,
          "all":18446744073709551615})");
  EXPECT_EQ(integerIn(object, "most"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(integerIn(object, "least"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(integerIn(object, "over"), std::nullopt);
  EXPECT_EQ(integerIn(object, "all"), std::nullopt);
}

TEST(JsonFields, ATextThatIsNoneIsNull) {
  for (const char* text : {"", "{", "<html>", "{\"a\":1}x", "\xff"})
    EXPECT_TRUE(readJson(text).is_null()) << text;
  const std::string deep =
      std::string(kJsonLevelsMax + 1, '[') + std::string(kJsonLevelsMax + 1, ']');
  EXPECT_TRUE(readJson(deep).is_null());
  EXPECT_TRUE(readJson(deep.substr(1, 2 * kJsonLevelsMax)).is_array());
}

}  // namespace
}  // namespace bulkhead
