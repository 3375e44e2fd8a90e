#include "verify/schema_sample.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <re2/re2.h>
#include <string>
#include <string_view>

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kTexts[] = {"a",
                                       "one",
                                       "1",
                                       "12",
                                       "100",
                                       "1000",
                                       "10.00",
                                       "A",
                                       "EUR",
                                       "USD",
                                       "usd",
                                       "DE",
                                       "en",
                                       "en-US",
                                       "09:00",
                                       "2026-01-05",
                                       "2026-01-05T09:00:00Z",
                                       "2026-01-05T09:00:00+00:00",
                                       "2026-01-05T09:00",
                                       "2026-01",
                                       "2026",
                                       "Europe/Berlin",
                                       "+15555550100",
                                       "person@example.test",
                                       "https://service.test/",
                                       "0b6f4c2e-8a51-4c39-9d0e-6a2f1f3f5b7c",
                                       "0123456789abcdef0123456789abcdef",
                                       "#336699",
                                       "a-1",
                                       "a_1",
                                       "pi_1",
                                       "evt_1"};

std::string_view textOfFormat(std::string_view format) {
  if (format == "date") return "2026-01-05";
  if (format == "date-time") return "2026-01-05T09:00:00Z";
  if (format == "time") return "09:00:00Z";
  if (format == "uuid") return "0b6f4c2e-8a51-4c39-9d0e-6a2f1f3f5b7c";
  if (format == "email") return "person@example.test";
  if (format == "uri") return "https://service.test/";
  if (format == "ipv4") return "192.0.2.1";
  return "a sample";
}

std::string stringOf(const Json& schema) {
  const auto least = schema.value("minLength", std::size_t{0});
  const auto most = schema.value("maxLength", std::size_t{1} << 20U);
  const auto fits = [&](std::string_view text) {
    return text.size() >= least && text.size() <= most;
  };
  if (schema.contains("pattern")) {
    const RE2 pattern{schema["pattern"].get<std::string>(), RE2::Quiet};
    for (const auto text : kTexts) {
      if (fits(text) && RE2::PartialMatch(re2::StringPiece{text.data(), text.size()}, pattern))
        return std::string{text};
    }
    for (std::size_t size = std::max<std::size_t>(least, 1);
         size <= std::min<std::size_t>(most, 64); ++size) {
      for (const char c : {'1', 'a', 'A'}) {
        std::string text(size, c);
        if (RE2::PartialMatch(text, pattern)) return text;
      }
    }
  }
  std::string text{textOfFormat(schema.value("format", ""))};
  if (text.size() < least) text.resize(least, 'x');
  if (text.size() > most) text.resize(most);
  return text;
}

double numberOf(const Json& schema, double step) {
  double number = 1;
  const bool has_least = schema.contains("minimum") || schema.contains("exclusiveMinimum");
  if (schema.contains("minimum")) number = schema["minimum"].get<double>();
  if (schema.contains("exclusiveMinimum"))
    number = std::floor(schema["exclusiveMinimum"].get<double>() / step) * step + step;
  if (!has_least && schema.contains("maximum"))
    number = std::min(number, schema["maximum"].get<double>());
  if (!has_least && schema.contains("exclusiveMaximum"))
    number = std::min(number, schema["exclusiveMaximum"].get<double>() - step);
  if (schema.contains("multipleOf")) {
    const double part = schema["multipleOf"].get<double>();
    number = std::ceil(number / part) * part;
  }
  return number;
}

Json objectOf(const Json& schema) {
  Json object = Json::object();
  const Json properties = schema.value("properties", Json::object());
  for (const auto& name : schema.value("required", Json::array())) {
    const auto found = properties.find(name.get<std::string>());
    object[name.get<std::string>()] =
        found == properties.end() ? Json("a sample") : sampleOf(*found);
  }
  for (const auto& [name, property] : properties.items()) {
    if (object.size() >= schema.value("minProperties", std::size_t{0})) break;
    if (!object.contains(name)) object[name] = sampleOf(property);
  }
  return object;
}

Json arrayOf(const Json& schema) {
  Json array = Json::array();
  const auto least = schema.value("minItems", std::size_t{0});
  for (std::size_t i = 0; i < least; ++i)
    array.push_back(sampleOf(schema.value("items", Json::object())));
  return array;
}

/// What `allOf` and its siblings say together.
Json joined(const Json& schema) {
  Json all = schema;
  all.erase("allOf");
  for (const auto& part : schema["allOf"]) {
    for (const auto& [name, value] : part.items()) {
      if (name == "properties" && all.contains(name))
        all[name].update(value);
      else if (name == "required" && all.contains(name))
        all[name].insert(all[name].end(), value.begin(), value.end());
      else
        all[name] = value;
    }
  }
  return all;
}

Json ofType(const std::string& type, const Json& schema) {
  if (type == "object") return objectOf(schema);
  if (type == "array") return arrayOf(schema);
  if (type == "string") return stringOf(schema);
  if (type == "integer") return static_cast<std::int64_t>(std::ceil(numberOf(schema, 1)));
  if (type == "number") return numberOf(schema, 0.5);
  if (type == "boolean") return true;
  return nullptr;
}

}  // namespace

Json sampleOf(const Json& schema) {
  if (!schema.is_object()) return Json::object();
  if (schema.contains("const")) return schema["const"];
  if (schema.contains("enum") && !schema["enum"].empty()) return schema["enum"].front();
  if (schema.contains("default")) return schema["default"];
  if (schema.contains("allOf")) return sampleOf(joined(schema));
  for (const char* choice : {"oneOf", "anyOf"}) {
    if (!schema.contains(choice) || schema[choice].empty()) continue;
    Json chosen = schema;
    chosen.erase(choice);
    chosen["allOf"] = Json::array({schema[choice].front()});
    return sampleOf(chosen);
  }
  if (!schema.contains("type")) {
    if (schema.contains("properties") || schema.contains("required")) return objectOf(schema);
    if (schema.contains("items")) return arrayOf(schema);
    return stringOf(schema);
  }
  const Json& type = schema["type"];
  return ofType(type.is_array() ? type.front().get<std::string>() : type.get<std::string>(),
                schema);
}

}  // namespace bulkhead::host
