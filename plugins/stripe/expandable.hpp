#pragma once

#include <string>
#include <string_view>

#include <bulkhead/json_fields.hpp>

namespace stripe {

/// The id of another of Stripe's objects, which stands there by its id alone or expanded.
inline std::string idIn(const nlohmann::json& object, std::string_view name) {
  if (const auto* expanded = bulkhead::objectIn(object, name))
    return bulkhead::textIn(*expanded, "id");
  return bulkhead::textIn(object, name);
}

}  // namespace stripe
