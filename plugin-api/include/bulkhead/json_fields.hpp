#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/json_nesting.hpp>

/// JSON of somebody whom no contract binds, read defensively: what is absent, null or of another
/// kind is empty, and nothing throws. Also of a value that is no object at all.
namespace bulkhead {

/// The document; a null value where the text is none, or nests deeper than kJsonLevelsMax.
inline nlohmann::json readJson(std::string_view text) {
  if (nestsDeeperThan(kJsonLevelsMax, text)) return {};
  nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  return document.is_discarded() ? nlohmann::json{} : document;
}

/// The member of that name; a null value where there is none. It is a part of `object`, as what
/// objectIn and arrayIn give is, and ends with it.
inline const nlohmann::json& memberIn(const nlohmann::json& object, std::string_view name) {
  static const nlohmann::json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}
const nlohmann::json& memberIn(const nlohmann::json&& object, std::string_view name) = delete;

inline std::string textIn(const nlohmann::json& object, std::string_view name) {
  const nlohmann::json& value = memberIn(object, name);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

/// Also empty for one that is too large.
inline std::optional<std::int64_t> integerIn(const nlohmann::json& object, std::string_view name) {
  const nlohmann::json& value = memberIn(object, name);
  if (!value.is_number_integer()) return std::nullopt;
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kMost) return std::nullopt;
  return value.get<std::int64_t>();
}

/// False where it is not true.
inline bool flagIn(const nlohmann::json& object, std::string_view name) {
  const nlohmann::json& value = memberIn(object, name);
  return value.is_boolean() && value.get<bool>();
}

/// The object of that name; nullptr where there is none.
inline const nlohmann::json* objectIn(const nlohmann::json& object, std::string_view name) {
  const nlohmann::json& value = memberIn(object, name);
  return value.is_object() ? &value : nullptr;
}
const nlohmann::json* objectIn(const nlohmann::json&& object, std::string_view name) = delete;

/// The elements of the array of that name; none where there is no array.
inline const nlohmann::json& arrayIn(const nlohmann::json& object, std::string_view name) {
  static const nlohmann::json kNone = nlohmann::json::array();
  const nlohmann::json& value = memberIn(object, name);
  return value.is_array() ? value : kNone;
}
const nlohmann::json& arrayIn(const nlohmann::json&& object, std::string_view name) = delete;

}  // namespace bulkhead
