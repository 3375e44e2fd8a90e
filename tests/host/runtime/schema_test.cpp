#include "runtime/schema.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
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

const char* const kRules = R"({"type":"object","additionalProperties":false,"properties":{
    "rules":{"type":"array","maxItems":100000,"items":{"type":"object","required":["day","from"],
             "additionalProperties":false,
             "properties":{"day":{"type":"integer"},"from":{"type":"string"}}}},
    "days":{"type":"array","maxItems":100,"items":{"type":"integer"}}}})";

std::chrono::steady_clock::duration timeOf(const std::function<void()>& work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - begun;
}

// Goal: a document costs what its size costs, however much of it is wrong. Method: the time of one
// in which everything is wrong beside that of one in which nothing is.
TEST(Schema, WhatIsWrongEverywhereCostsNoMoreThanWhatIsRight) {
  const Schema schema{Json::parse(kRules)};
  Json right;
  Json wrong;
  for (int i = 0; i < 20'000; ++i) {
    right["rules"].push_back({{"day", 1}, {"from", "09:00"}});
    wrong["rules"].push_back({{"day", "x"}, {"till", 5}});
  }
  std::vector<SchemaProblem> problems;
  const auto of_right = timeOf([&] { EXPECT_TRUE(schema.validate(right).empty()); });
  const auto of_wrong = timeOf([&] { problems = schema.validate(wrong); });
  EXPECT_LT(of_wrong, of_right * 2);
  ASSERT_EQ(problems.size(), Schema::kProblemsMax);
  EXPECT_EQ(problems[0].pointer.substr(0, 9), "#/rules/0");
}

TEST(Schema, TheOneItemThatIsWrongIsFoundInALongList) {
  const Schema schema{Json::parse(kRules)};
  Json document;
  for (int i = 0; i < 5'000; ++i) document["rules"].push_back({{"day", 1}, {"from", "09:00"}});
  document["rules"][4321]["from"] = 9;
  const auto problems = schema.validate(document);
  ASSERT_FALSE(problems.empty());
  EXPECT_TRUE(std::any_of(problems.begin(), problems.end(), [](const auto& problem) {
    return problem.pointer == "#/rules/4321/from";
  }));
  for (const auto& problem : problems)
    EXPECT_EQ(problem.pointer.substr(0, 12), "#/rules/4321") << problem.pointer;
}

TEST(Schema, AListThatIsTooLongIsTheOnlyProblem) {
  const Schema schema{Json::parse(kRules)};
  const auto problems = schema.validate({{"days", Json(101, "x")}});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].pointer, "#/days");
  EXPECT_TRUE(schema.validate({{"days", Json(100, 1)}}).empty());
}

TEST(Schema, WhatIsLargeAndWrongOutsideItsListsIsStillRefused) {
  const Schema schema{Json::parse(kRules)};
  Json document = Json::object();
  for (int i = 0; i < 5'000; ++i) document[std::to_string(i)] = i;
  const auto problems = schema.validate(document);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].pointer, "#");
}

TEST(Schema, TwoItemsThatAreTheSameAreFound) {
  const Schema schema{Json::parse(R"({"type":"array","maxItems":100000,"uniqueItems":true})")};
  EXPECT_TRUE(schema.validate(Json::parse(R"([1,2,"1",{"a":1},{"a":2},[1],null])")).empty());
  for (const char* twins : {"[1,2,1]", "[1,1.0]", R"([{"a":1,"b":2},{"b":2,"a":1}])"}) {
    const auto problems = schema.validate(Json::parse(twins));
    ASSERT_EQ(problems.size(), 1U) << twins;
    EXPECT_EQ(problems[0].detail, "Two items of the list are the same.");
  }
}

// Goal: a list whose items have to differ costs what its length says. Method: one of twice the
// length; compared each with each it would cost four times as much, and minutes.
TEST(Schema, ItemsThatDifferAreNotComparedEachWithEach) {
  const Schema schema{Json::parse(R"({"type":"array","maxItems":200000,"uniqueItems":true})")};
  const auto timeOf = [&](int items) {
    Json list = Json::array();
    for (int i = 0; i < items; ++i) list.push_back(i);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(schema.validate(list).empty());
    return std::chrono::steady_clock::now() - begin;
  };
  timeOf(50'000);
  EXPECT_LT(timeOf(100'000), std::chrono::seconds{5});
}

TEST(Schema, WhatOneValueIsComparedWithIsBounded) {
  const auto isTaken = [](const Json& schema) {
    try {
      Schema{schema};
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "SCHEMA_REFUSED");
      return false;
    }
  };
  Json values = Json::array();
  for (int i = 0; i < 1'000; ++i) values.push_back(i);
  EXPECT_TRUE(isTaken({{"enum", values}}));
  values.push_back("one more");
  EXPECT_FALSE(isTaken({{"enum", values}}));
  Json some = Json::array();
  for (int i = 0; i < 50; ++i) some.push_back({{"const", i}});
  EXPECT_TRUE(isTaken({{"anyOf", some}, {"items", {{"oneOf", some}}}}));
  EXPECT_FALSE(
      isTaken({{"anyOf", some}, {"items", {{"oneOf", some}, {"not", {{"allOf", some}}}}}}));
}

// Left to the library, each of these ends the process, or is taken for something else.
TEST(Schema, WhatIsNoSchemaIsRefused) {
  for (const char* text :
       {R"({"type":"obj[ct"})", R"({"type":5})", R"({"type":["string","?"]})",
        R"({"required":"name"})", R"({"required":[1]})", R"({"minLength":"2"})",
        R"({"properties":[]})", R"({"items":7})", R"({"enum":{}})", R"({"allOf":{}})",
        R"({"multipleOf":0})", R"({"multipleOf":-2})", R"({"minimum":"1"})", R"({"maxItems":-1})",
        R"({"maxLength":2.5})", R"({"pattern":5,"maxLength":5})"}) {
    try {
      Schema{Json::parse(text)};
      ADD_FAILURE() << text << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "SCHEMA_REFUSED") << text;
    }
  }
}

TEST(Schema, WhatMeansSomethingElseElsewhereIsRefusedByName) {
  const char* const refused[] = {R"({"$ref":"#/x"})",
                                 R"({"prefixItems":[]})",
                                 R"({"unevaluatedProperties":false})",
                                 R"({"items":[{}]})",
                                 R"({"type":"string","pattern":"a"})",
                                 R"({"type":"string","maxLength":4,"pattern":"("})",
                                 R"({"anyOf":[{"type":"string","maxLength":4,"pattern":"a"}]})",
                                 R"({"type":"array","uniqueItems":true})",
                                 R"({"not":{"maxItems":4,"uniqueItems":true}})"};
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
