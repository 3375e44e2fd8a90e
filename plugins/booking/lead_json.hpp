#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include <bulkhead/json_writer.hpp>

#include "lead.hpp"

namespace booking {

/// JSON Schema members of a lead that a client writes.
std::string_view leadProperties();

/// Puts what the body has into `lead`. Throws VALIDATION_ERROR.
void fillFrom(const nlohmann::json& body, Lead& lead);
void write(bulkhead::JsonWriter& out, const Lead& lead);

}  // namespace booking
