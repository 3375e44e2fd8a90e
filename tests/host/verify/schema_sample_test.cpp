#include "verify/schema_sample.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "capabilities/built_in_contracts.hpp"
#include "runtime/schema.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

/// Nothing when the schema accepts its own sample.
std::string problemOf(const json& schema) {
  const json sample = sampleOf(schema);
  const auto problems = Schema{schema}.validate(sample);
  return problems.empty()
             ? std::string{}
             : problems.front().pointer + " " + problems.front().detail + " in " + sample.dump();
}

TEST(SchemaSample, IsWhatItsSchemaAccepts) {
  for (const char* text : {
           R"({"type":"string","minLength":30})",
           R"({"type":"string","maxLength":2})",
           R"({"type":"string","maxLength":3,"pattern":"^[A-Z]{3}$"})",
           R"({"type":"string","maxLength":40,"pattern":"^\\+[1-9][0-9]{6,14}$"})",
           R"({"type":"string","maxLength":20,"pattern":"^[0-9]{20}$"})",
           R"({"type":"integer","minimum":7})",
           R"({"type":"integer","exclusiveMinimum":7,"multipleOf":5})",
           R"({"type":"integer","maximum":-7})",
           R"({"type":"number","exclusiveMaximum":0})",
           R"({"type":["string","null"],"maxLength":9})",
           R"({"enum":["one","two"]})",
           R"({"const":3})",
           R"({"type":"array","minItems":2,"items":{"type":"boolean"}})",
           R"({"type":"object","minProperties":1,"properties":{"a":{"type":"integer"}}})",
           R"({"type":"object","required":["a","b"],"additionalProperties":false,
               "properties":{"a":{"type":"string","format":"date"},"b":{"type":"null"}}})",
           R"({"oneOf":[{"type":"string","maxLength":5},{"type":"integer"}]})",
           R"({"allOf":[{"type":"object","required":["a"]},
                        {"required":["b"],"properties":{"b":{"type":"integer"}}}]})",
       })
    EXPECT_EQ(problemOf(json::parse(text)), "") << text;
}

TEST(SchemaSample, OfEveryCallOfTheHostsContracts) {
  for (const auto& [name, text] : builtInContractTexts()) {
    const json contract = json::parse(text);
    for (const auto& [call, sides] : contract["calls"].items()) {
      for (const char* side : {"request", "response"})
        EXPECT_EQ(problemOf(sides[side]), "") << name << ' ' << call << ' ' << side;
    }
  }
}

TEST(SchemaSample, NegativeControl_AnotherDocumentIsNotAccepted) {
  const Schema schema{json::parse(R"({"type":"string","maxLength":3,"pattern":"^[A-Z]{3}$"})")};
  EXPECT_FALSE(schema.validate("a sample").empty());
}

}  // namespace
}  // namespace bulkhead::host
