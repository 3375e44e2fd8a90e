#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>

namespace booking {

/// One member of a record: what it is called in the store and in JSON, where it is kept, and what
/// it accepts. A record's `fields()` lists them once; the store, the JSON and the API's schema are
/// made from that list.
template <class Noun, class Value>
struct Field {
  std::string_view name;  ///< of the JSON member
  Value Noun::*member;
  std::string_view schema;  ///< JSON Schema of the member; empty: stored, but not shown
  std::string_view column;
};

/// Without `column` it is called as in JSON.
template <class Noun, class Value>
constexpr Field<Noun, Value> field(std::string_view name, Value Noun::*member,
                                   std::string_view schema = {}, std::string_view column = {}) {
  return {name, member, schema, column.empty() ? name : column};
}

/// Calls `act(field)` for each of the record's fields, in order.
template <class Noun, class Act>
void eachField(const Act& act) {
  std::apply([&](const auto&... one) { (act(one), ...); }, Noun::fields());
}

/// A query parameter of a record's list, and what it asks of a row; "?" stands for its value.
struct ListFilter {
  std::string_view name;
  std::string_view condition;
};

/// Another table's column that holds a record's id.
struct Reference {
  std::string_view table;
  std::string_view column;
};

/// JSON Schemas that several records share.
namespace schema {
inline constexpr std::string_view kName = R"({"type":"string","minLength":1,"maxLength":200})";
inline constexpr std::string_view kId = R"({"type":"string","minLength":1,"maxLength":64})";
inline constexpr std::string_view kOptionalId = R"({"type":["string","null"],"maxLength":64})";
inline constexpr std::string_view kOptionalReference =
    R"({"type":["string","null"],"minLength":1,"maxLength":255})";
inline constexpr std::string_view kOptionalText = R"({"type":["string","null"],"maxLength":2000})";
inline constexpr std::string_view kOptionalNoticeText =
    R"({"type":["string","null"],"maxLength":500})";
inline constexpr std::string_view kOptionalLabel = R"({"type":["string","null"],"maxLength":100})";
inline constexpr std::string_view kBoolean = R"({"type":"boolean"})";
inline constexpr std::string_view kVisitMinutes =
    R"({"type":"integer","minimum":1,"maximum":1440})";
inline constexpr std::string_view kBufferMinutes =
    R"({"type":"integer","minimum":0,"maximum":1439})";
inline constexpr std::string_view kOptionalNotice =
    R"({"type":["integer","null"],"minimum":0,"maximum":525600})";
inline constexpr std::string_view kOptionalHorizon =
    R"({"type":["integer","null"],"minimum":1,"maximum":1100})";
inline constexpr std::string_view kOptionalCount =
    R"({"type":["integer","null"],"minimum":1,"maximum":10000})";
inline constexpr std::string_view kOptionalMoney =
    R"({"type":["object","null"],"additionalProperties":false,"required":["amount","currency"],)"
    R"("properties":{"amount":{"type":["integer","string"],"minimum":0,"maximum":9007199254740991,)"
    R"("maxLength":19,"pattern":"^[0-9]+$"},)"
    R"("currency":{"type":"string","maxLength":3,"pattern":"^[A-Z]{3}$"}}})";
inline constexpr std::string_view kQuestions =
    R"({"type":"array","maxItems":50,"items":{"type":"object","additionalProperties":false,)"
    R"("required":["id","label","type"],"properties":{)"
    R"("id":{"type":"string","minLength":1,"maxLength":40,"pattern":"^[a-z][a-z0-9_]*$"},)"
    R"("label":{"type":"string","minLength":1,"maxLength":300},)"
    R"("type":{"enum":["text","number","boolean","choice"]},"required":{"type":"boolean"},)"
    R"("options":{"type":"array","maxItems":50,"items":{"type":"string","minLength":1,"maxLength":200}}}}})";
}  // namespace schema

}  // namespace booking
