#include "runtime/schema.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

TEST(Schema, NamesThePlaceOfEachProblem) {
  const Schema schema{
      Json::parse(R"({"type":"object","required":["name"],"additionalProperties":false,
      "properties":{"name":{"type":"string","maxLength":3},"lines":{"type":"array","items":{"type":"integer"}}}})")};
  EXPECT_TRUE(schema.validate(Json::parse(R"({"name":"Ann","lines":[1,2]})")).empty());
  const auto problems = schema.validate(Json::parse(R"({"name":"Anna","lines":[1,"x"]})"));
  std::string pointers;
  for (const auto& problem : problems) pointers += problem.pointer + " ";
  EXPECT_NE(pointers.find("#/name"), std::string::npos) << pointers;
  EXPECT_NE(pointers.find("#/lines/1"), std::string::npos) << pointers;
}

TEST(Schema, TypesAreStrict) {
  const Schema schema{Json::parse(R"({"type":"integer"})")};
  EXPECT_TRUE(schema.validate(5).empty());
  EXPECT_FALSE(schema.validate("5").empty());
  EXPECT_FALSE(schema.validate(true).empty());
}

TEST(Schema, PatternsAreCheckedByPlace) {
  const Schema schema{Json::parse(R"({"type":"object","properties":{"phones":{"type":"array",
      "items":{"type":"string","maxLength":16,"pattern":"^\\+[1-9][0-9]{1,14}$"}}}})")};
  EXPECT_TRUE(schema.validate(Json::parse(R"({"phones":["+15551234567"]})")).empty());
  const auto problems = schema.validate(Json::parse(R"({"phones":["+15551234567","555"]})"));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].pointer, "#/phones/1");
}

// Goal: a pattern costs linear time whatever the text. Method: the text that makes std::regex
// recurse until it crashes (30 kB) and the pattern that makes a backtracking engine exponential.
TEST(Schema, AHostileTextCannotMakeAPatternSlow) {
  const Schema schema{Json::parse(R"({"type":"string","maxLength":40000,"pattern":"^(a+)+$"})")};
  EXPECT_TRUE(schema.validate(std::string(30'000, 'a')).empty());
  EXPECT_EQ(schema.validate(std::string(30'000, 'a') + "b").size(), 1U);
}

TEST(Schema, WhatMeansSomethingElseElsewhereIsRefusedByName) {
  const char* const refused[] = {R"({"$ref":"#/x"})",
                                 R"({"prefixItems":[]})",
                                 R"({"unevaluatedProperties":false})",
                                 R"({"items":[{}]})",
                                 R"({"type":"string","pattern":"a"})",
                                 R"({"type":"string","maxLength":4,"pattern":"("})",
                                 R"({"anyOf":[{"type":"string","maxLength":4,"pattern":"a"}]})"};
  for (const char* text : refused) {
    try {
      Schema{Json::parse(text)};
      ADD_FAILURE() << text << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "SCHEMA_REFUSED") << text;
    }
  }
}

}  // namespace
}  // namespace bulkhead::host
