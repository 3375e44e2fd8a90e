#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace stripe {

/// Members of Stripe's objects, read defensively: what is absent, null or of another kind is empty,
/// since the version that is pinned is not the only one that a webhook may speak.
inline std::string textIn(const nlohmann::json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

inline std::optional<std::int64_t> integerIn(const nlohmann::json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

/// The object of that name; nullptr where there is none, or its id alone.
inline const nlohmann::json* objectIn(const nlohmann::json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

/// The id of what stands there, expanded or not.
inline std::string idIn(const nlohmann::json& object, const char* name) {
  if (const auto* expanded = objectIn(object, name)) return textIn(*expanded, "id");
  return textIn(object, name);
}

}  // namespace stripe
