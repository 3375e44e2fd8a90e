#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/request.hpp>

/// Bodies as JSON, which their routes' schemas have accepted.
namespace accounting {

/// An empty object when there is none.
inline nlohmann::json bodyOf(const bulkhead::Request& request) {
  if (request.body().empty()) return nlohmann::json::object();
  return nlohmann::json::parse(request.body());
}

/// Puts the member `name` into `out` when the body has it.
template <class Value>
void take(const nlohmann::json& body, const char* name, Value& out) {
  if (const auto found = body.find(name); found != body.end()) out = found->get<Value>();
}
/// The same for what may be missing: null clears it.
inline void take(const nlohmann::json& body, const char* name, std::optional<std::string>& out) {
  const auto found = body.find(name);
  if (found == body.end()) return;
  out.reset();
  if (!found->is_null()) out = found->get<std::string>();
}

}  // namespace accounting
