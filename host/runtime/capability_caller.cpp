#include "runtime/capability_caller.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::host {

std::string whyUnanswered(const Error& error) {
  if (error.code() == "DEADLINE_EXCEEDED") return "deadline";
  if (error.code() == "OVERLOADED") return "overloaded";
  if (error.code() == "DRAINING") return "closed";
  if (error.code() != kCapabilityUnavailable) return {};
  const auto details = nlohmann::json::parse(error.details(), nullptr, false);
  const auto reason = details.is_object() ? details.find("reason") : details.end();
  const bool is_told = reason != details.end() && reason->is_string();
  return is_told ? reason->get<std::string>() : "missing";
}

}  // namespace bulkhead::host
