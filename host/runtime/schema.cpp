#define VALIJSON_USE_EXCEPTIONS 1  // or it ends the process over a schema that is none

#include "runtime/schema.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
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

constexpr std::size_t kProblemsMax = Schema::kProblemsMax;
/// Values of a document of which all problems are listed; of larger ones by their lists' items.
constexpr std::size_t kListedValuesMax = 1000;
/// What one value of a document may be compared with: bounds of its cost.
constexpr std::size_t kEnumValuesMax = 1000;
constexpr std::size_t kAlternativesMax = 100;  ///< of all allOf, anyOf and oneOf of a schema

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

void compile(const Json& schema, valijson::Schema& compiled) {
  const valijson::adapters::NlohmannJsonAdapter adapter{schema};
  valijson::SchemaParser parser{valijson::SchemaParser::kDraft7};
  parser.populateSchema(adapter, compiled);
}

/// What is checked beside valijson, shaped like the schema: where a document's value meets a
/// pattern or a list. valijson compares each item of a list with each other one; here they are
/// sorted.
struct Node {
  std::unique_ptr<re2::RE2> pattern;
  std::string text;  ///< of the pattern
  std::map<std::string, Node, std::less<>> properties;
  std::optional<std::size_t> items_max;
  bool unique = false;  ///< items, of which no two are the same
  std::unique_ptr<Node> items;
  std::unique_ptr<valijson::Schema> each;  ///< the schema of one item

  bool empty() const { return !pattern && properties.empty() && !items && !items_max && !unique; }
};

/// Checks the subset, and splits a schema into what valijson sees and what is checked beside it.
class Splitter {
 public:
  Node split(Json& schema, const std::string& place, bool combined) {
    if (schema.is_boolean()) return {};
    if (!schema.is_object()) refuse(place, "a schema is an object");
    for (const auto& [keyword, value] : schema.items()) {
      if (!kKeywords.contains(keyword)) {
        refuse(place,
               fmt::format("'{}' is outside the subset that means the same in draft 7 and 2020-12",
                           keyword));
      }
    }
    if (const auto values = schema.find("enum");
        values != schema.end() && values->size() > kEnumValuesMax)
      refuse(place, fmt::format("'enum' has more than {} values", kEnumValuesMax));
    checkNumbers(schema, place);
    Node node = takePattern(schema, place, combined);
    takeUnique(schema, place, combined, node);
    schema.erase("format");
    splitProperties(schema, place, combined, node);
    splitItems(schema, place, combined, node);
    splitCombined(schema, place);
    return node;
  }

 private:
  /// The library takes what looks like a number, and divides by 0.
  static void checkNumbers(const Json& schema, const std::string& place) {
    for (const char* keyword :
         {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}) {
      const auto found = schema.find(keyword);
      if (found != schema.end() && !found->is_number_unsigned())
        refuse(place, fmt::format("'{}' is a whole number from 0 on", keyword));
    }
    for (const char* keyword :
         {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}) {
      const auto found = schema.find(keyword);
      if (found != schema.end() && !found->is_number())
        refuse(place, fmt::format("'{}' is a number", keyword));
    }
    const auto factor = schema.find("multipleOf");
    if (factor != schema.end() && factor->get<double>() <= 0)
      refuse(place, "'multipleOf' is more than 0");
  }

  Node takePattern(Json& schema, const std::string& place, bool combined) {
    Node node;
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

  static void takeUnique(Json& schema, const std::string& place, bool combined, Node& node) {
    const auto found = schema.find("uniqueItems");
    if (found == schema.end()) return;
    if (!found->is_boolean()) refuse(place, "'uniqueItems' is true or false");
    node.unique = found->get<bool>();
    schema.erase(found);
    if (!node.unique) return;
    if (combined)
      refuse(place, "'uniqueItems' inside allOf, anyOf, oneOf or not is outside the subset");
    if (!schema.contains("maxItems"))
      refuse(place, "a list with 'uniqueItems' also needs 'maxItems'");
  }

  void splitProperties(Json& schema, const std::string& place, bool combined, Node& node) {
    if (const auto found = schema.find("properties"); found != schema.end()) {
      if (!found->is_object()) refuse(place, "'properties' is an object");
      for (auto& [name, child] : found->items()) {
        Node below = split(child, place + "/properties/" + name, combined);
        if (!below.empty()) node.properties.emplace(name, std::move(below));
      }
    }
    if (const auto found = schema.find("additionalProperties");
        found != schema.end() && found->is_object()) {
      split(*found, place + "/additionalProperties", true);
    }
  }

  void splitItems(Json& schema, const std::string& place, bool combined, Node& node) {
    if (const auto max = schema.find("maxItems"); max != schema.end() && max->is_number_unsigned())
      node.items_max = max->get<std::size_t>();
    const auto found = schema.find("items");
    if (found == schema.end()) return;
    if (found->is_array()) refuse(place, "'items' as a list is outside the subset");
    node.items = std::make_unique<Node>(split(*found, place + "/items", combined));
    if (combined) return;
    node.each = std::make_unique<valijson::Schema>();
    compile(*found, *node.each);
  }

  void splitCombined(Json& schema, const std::string& place) {
    for (const char* keyword : {"allOf", "anyOf", "oneOf"}) {
      const auto found = schema.find(keyword);
      if (found == schema.end()) continue;
      if (!found->is_array()) refuse(place, fmt::format("'{}' is a list", keyword));
      alternatives_ += found->size();
      if (alternatives_ > kAlternativesMax) {
        refuse(place, fmt::format("a schema has at most {} of allOf, anyOf and oneOf together",
                                  kAlternativesMax));
      }
      for (auto& child : *found) split(child, fmt::format("{}/{}", place, keyword), true);
    }
    if (const auto found = schema.find("not"); found != schema.end())
      split(*found, place + "/not", true);
  }

  std::size_t alternatives_ = 0;
};

/// Sorted, so that its cost is near to its length.
bool hasTwins(const Json& list) {
  const auto less = [](const Json* one, const Json* other) { return *one < *other; };
  std::set<const Json*, decltype(less)> seen{less};
  return std::any_of(list.begin(), list.end(),
                     [&](const Json& item) { return !seen.insert(&item).second; });
}

void checkPatterns(const Node& node, const Json& value, const std::string& pointer,
                   std::vector<SchemaProblem>& problems) {
  if (node.pattern && value.is_string() &&
      !re2::RE2::PartialMatch(value.get_ref<const std::string&>(), *node.pattern)) {
    problems.push_back(
        {"#" + pointer, fmt::format("The value does not match the pattern {}.", node.text)});
  }
  if (node.unique && value.is_array() && hasTwins(value))
    problems.push_back({"#" + pointer, "Two items of the list are the same."});
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

/// The first list that is too long: nothing in it is looked at.
bool checkSizes(const Node& node, const Json& value, const std::string& pointer,
                std::vector<SchemaProblem>& problems) {
  if (value.is_array()) {
    if (node.items_max && value.size() > *node.items_max) {
      problems.push_back({"#" + pointer, fmt::format("The list has {} items, and at most {} fit.",
                                                     value.size(), *node.items_max)});
      return false;
    }
    for (std::size_t i = 0; node.items && !node.items->empty() && i < value.size(); ++i) {
      if (!checkSizes(*node.items, value[i], fmt::format("{}/{}", pointer, i), problems))
        return false;
    }
    return true;
  }
  if (!value.is_object()) return true;
  for (const auto& [name, below] : node.properties) {
    const auto found = value.find(name);
    if (found != value.end() && !checkSizes(below, *found, pointer + "/" + name, problems))
      return false;
  }
  return true;
}

/// Whether listing all that is wrong with it could take long; counts no further than it must.
bool isLarge(const Json& value, std::size_t& left) {
  if (left == 0) return true;
  --left;
  if (!value.is_structured()) return false;
  return std::any_of(value.begin(), value.end(),
                     [&](const Json& below) { return isLarge(below, left); });
}

std::string pointerOf(const std::vector<std::string>& context) {
  std::string pointer;
  for (const auto& part : context) {
    if (part == "<root>") continue;
    const bool bracketed = part.size() > 2 && part.front() == '[' && part.back() == ']';
    pointer += "/" + (bracketed ? part.substr(1, part.size() - 2) : part);
  }
  return pointer;
}

/// Finds what is wrong with a document that does not fit, at a cost that is bounded by its size:
/// valijson lists either nothing or everything, some kilobytes for each value.
class ProblemFinder {
 public:
  explicit ProblemFinder(std::vector<SchemaProblem>& problems) : problems_{problems} {}

  /// Stops at the first problem.
  static bool fits(const valijson::Schema& schema, const Json& value) {
    valijson::Validator validator{valijson::Validator::kStrongTypes};
    return validator.validate(schema, valijson::adapters::NlohmannJsonAdapter{value}, nullptr);
  }

  void find(const Node& node, const valijson::Schema& schema, const Json& value,
            const std::string& pointer) {
    std::size_t left = kListedValuesMax;
    if (!isLarge(value, left)) {
      list(schema, value, pointer);
      return;
    }
    const std::size_t before = problems_.size();
    findBelow(node, value, pointer);
    if (problems_.size() > before) return;
    problems_.push_back(
        {"#" + pointer, "The value does not fit its schema, and is too large to say where."});
  }

 private:
  bool enough() const { return problems_.size() >= kProblemsMax; }

  void findBelow(const Node& node, const Json& value, const std::string& pointer) {
    if (value.is_object()) {
      for (const auto& [name, below] : node.properties) {
        const auto found = value.find(name);
        if (found != value.end() && !enough()) findBelow(below, *found, pointer + "/" + name);
      }
    }
    if (!value.is_array() || !node.each) return;
    for (std::size_t i = 0; i < value.size() && !enough(); ++i) {
      if (!fits(*node.each, value[i]))
        find(*node.items, *node.each, value[i], fmt::format("{}/{}", pointer, i));
    }
  }

  void list(const valijson::Schema& schema, const Json& value, const std::string& pointer) {
    valijson::Validator validator{valijson::Validator::kStrongTypes};
    valijson::ValidationResults results;
    validator.validate(schema, valijson::adapters::NlohmannJsonAdapter{value}, &results);
    valijson::ValidationResults::Error error;
    while (!enough() && results.popError(error))
      problems_.push_back({"#" + pointer + pointerOf(error.context), error.description});
  }

  std::vector<SchemaProblem>& problems_;
};

}  // namespace

class Schema::Implementation {
 public:
  explicit Implementation(Json schema) {
    try {
      root_ = Splitter{}.split(schema, "", false);
      compile(schema, schema_);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      refuse("", error.what());
    }
  }

  std::vector<SchemaProblem> validate(const Json& document) const {
    std::vector<SchemaProblem> problems;
    if (!checkSizes(root_, document, "", problems)) return problems;
    if (!ProblemFinder::fits(schema_, document))
      ProblemFinder{problems}.find(root_, schema_, document, "");
    if (problems.size() < kProblemsMax) checkPatterns(root_, document, "", problems);
    return problems;
  }

 private:
  Node root_;
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
