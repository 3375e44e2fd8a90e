#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace plaid {

/// Members of Plaid's objects, read defensively: what is absent, null or of another kind is empty.
inline std::string textIn(const nlohmann::json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// The object of that name; nullptr where there is none.
inline const nlohmann::json* objectIn(const nlohmann::json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

/// The elements of the array of that name; none where there is no array.
inline const nlohmann::json& arrayIn(const nlohmann::json& object, const char* name) {
  static const nlohmann::json kNone = nlohmann::json::array();
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_array() ? *found : kNone;
}

}  // namespace plaid
