#include "runtime/schema.hpp"

#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <re2/re2.h>
#include <set>
#include <string_view>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kProblemsMax = 20;

/// Keywords that mean the same in draft 7 and 2020-12, and annotations.
const std::set<std::string, std::less<>> kKeywords{"type",
                                                   "enum",
                                                   "const",
                                                   "properties",
                                                   "required",
                                                   "additionalProperties",
                                                   "items",
                                                   "minItems",
                                                   "maxItems",
                                                   "uniqueItems",
                                                   "minLength",
                                                   "maxLength",
                                                   "pattern",
                                                   "minimum",
                                                   "maximum",
                                                   "multipleOf",
                                                   "exclusiveMinimum",
                                                   "exclusiveMaximum",
                                                   "allOf",
                                                   "anyOf",
                                                   "oneOf",
                                                   "not",
                                                   "minProperties",
                                                   "maxProperties",
                                                   "title",
                                                   "description",
                                                   "default",
                                                   "examples",
                                                   "format",
                                                   "readOnly",
                                                   "writeOnly",
                                                   "deprecated",
                                                   "$comment"};

[[noreturn]] void refuse(const std::string& place, const std::string& reason) {
  throw Error::configuration(
      "SCHEMA_REFUSED", fmt::format("schema at {}: {}", place.empty() ? "#" : "#" + place, reason));
}

/// The patterns of a schema, shaped like it: where a document's value meets one.
struct PatternNode {
  std::unique_ptr<re2::RE2> pattern;
  std::string text;
  std::map<std::string, PatternNode, std::less<>> properties;
  std::unique_ptr<PatternNode> items;

  bool empty() const { return !pattern && properties.empty() && !items; }
};

/// Checks the subset, and splits a schema into what valijson sees and the patterns that RE2 checks.
class Splitter {
 public:
  PatternNode split(Json& schema, const std::string& place, bool combined) {
    if (schema.is_boolean()) return {};
    if (!schema.is_object()) refuse(place, "a schema is an object");
    for (const auto& [keyword, value] : schema.items()) {
      if (!kKeywords.contains(keyword)) {
        refuse(place,
               fmt::format("'{}' is outside the subset that means the same in draft 7 and 2020-12",
                           keyword));
      }
    }
    PatternNode node = takePattern(schema, place, combined);
    schema.erase("format");
    splitProperties(schema, place, combined, node);
    splitItems(schema, place, combined, node);
    splitCombined(schema, place);
    return node;
  }

 private:
  PatternNode takePattern(Json& schema, const std::string& place, bool combined) {
    PatternNode node;
    const auto found = schema.find("pattern");
    if (found == schema.end()) return node;
    if (combined)
      refuse(place, "'pattern' inside allOf, anyOf, oneOf or not is outside the subset");
    if (!schema.contains("maxLength"))
      refuse(place, "a string with 'pattern' also needs 'maxLength'");
    node.text = found->get<std::string>();
    node.pattern = std::make_unique<re2::RE2>(node.text, re2::RE2::Quiet);
    if (!node.pattern->ok())
      refuse(place,
             fmt::format("'pattern' is not a regular expression: {}", node.pattern->error()));
    schema.erase("pattern");
    return node;
  }

  void splitProperties(Json& schema, const std::string& place, bool combined, PatternNode& node) {
    if (const auto found = schema.find("properties"); found != schema.end()) {
      if (!found->is_object()) refuse(place, "'properties' is an object");
      for (auto& [name, child] : found->items()) {
        PatternNode below = split(child, place + "/properties/" + name, combined);
        if (!below.empty()) node.properties.emplace(name, std::move(below));
      }
    }
    if (const auto found = schema.find("additionalProperties");
        found != schema.end() && found->is_object()) {
      split(*found, place + "/additionalProperties", true);
    }
  }

  void splitItems(Json& schema, const std::string& place, bool combined, PatternNode& node) {
    const auto found = schema.find("items");
    if (found == schema.end()) return;
    if (found->is_array()) refuse(place, "'items' as a list is outside the subset");
    PatternNode below = split(*found, place + "/items", combined);
    if (!below.empty()) node.items = std::make_unique<PatternNode>(std::move(below));
  }

  void splitCombined(Json& schema, const std::string& place) {
    for (const char* keyword : {"allOf", "anyOf", "oneOf"}) {
      const auto found = schema.find(keyword);
      if (found == schema.end()) continue;
      if (!found->is_array()) refuse(place, fmt::format("'{}' is a list", keyword));
      for (auto& child : *found) split(child, fmt::format("{}/{}", place, keyword), true);
    }
    if (const auto found = schema.find("not"); found != schema.end())
      split(*found, place + "/not", true);
  }
};

void checkPatterns(const PatternNode& node, const Json& value, const std::string& pointer,
                   std::vector<SchemaProblem>& problems) {
  if (node.pattern && value.is_string() &&
      !re2::RE2::PartialMatch(value.get_ref<const std::string&>(), *node.pattern)) {
    problems.push_back(
        {"#" + pointer, fmt::format("The value does not match the pattern {}.", node.text)});
  }
  if (value.is_object()) {
    for (const auto& [name, below] : node.properties) {
      if (const auto found = value.find(name); found != value.end()) {
        checkPatterns(below, *found, pointer + "/" + name, problems);
      }
    }
  }
  if (node.items && value.is_array()) {
    for (std::size_t i = 0; i < value.size() && problems.size() < kProblemsMax; ++i) {
      checkPatterns(*node.items, value[i], fmt::format("{}/{}", pointer, i), problems);
    }
  }
}

std::string pointerOf(const std::vector<std::string>& context) {
  std::string pointer = "#";
  for (const auto& part : context) {
    if (part == "<root>") continue;
    const bool bracketed = part.size() > 2 && part.front() == '[' && part.back() == ']';
    pointer += "/" + (bracketed ? part.substr(1, part.size() - 2) : part);
  }
  return pointer;
}

}  // namespace

class Schema::Implementation {
 public:
  explicit Implementation(Json schema) : patterns_{Splitter{}.split(schema, "", false)} {
    try {
      const valijson::adapters::NlohmannJsonAdapter adapter{schema};
      valijson::SchemaParser parser{valijson::SchemaParser::kDraft7};
      parser.populateSchema(adapter, schema_);
    } catch (const std::exception& error) {
      refuse("", error.what());
    }
  }

  std::vector<SchemaProblem> validate(const Json& document) const {
    std::vector<SchemaProblem> problems;
    valijson::Validator validator{valijson::Validator::kStrongTypes};
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter adapter{document};
    if (!validator.validate(schema_, adapter, &results)) {
      valijson::ValidationResults::Error error;
      while (problems.size() < kProblemsMax && results.popError(error)) {
        problems.push_back({pointerOf(error.context), error.description});
      }
    }
    if (problems.size() < kProblemsMax) checkPatterns(patterns_, document, "", problems);
    return problems;
  }

 private:
  PatternNode patterns_;
  valijson::Schema schema_;
};

Schema::Schema(const Json& schema) : implementation_{std::make_unique<Implementation>(schema)} {}
Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

std::vector<SchemaProblem> Schema::validate(const Json& document) const {
  return implementation_->validate(document);
}

}  // namespace bulkhead::host
