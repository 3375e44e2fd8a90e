#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/host.hpp>
#include <bulkhead/page.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/versioned.hpp>

#include "appointment_desk.hpp"

namespace booking {

using bulkhead::pageSchema;
using bulkhead::versioned;

/// Who calls, and when. Borrows from the request.
Caller callerOf(const bulkhead::Request& request, const bulkhead::Host& host);

/// The query parameter as an instant. Throws VALIDATION_ERROR.
std::optional<std::int64_t> queryInstant(const bulkhead::Request& request, std::string_view name);

/// An id made by the client: 1..64 letters, digits, "-", "_" or ".". Throws VALIDATION_ERROR.
std::string clientMadeId(std::string_view id);

/// JSON Schema of a body with `properties` (members as text), of which the quoted names in
/// `required` must be there; others are refused.
std::string bodySchema(std::string_view properties, std::string_view required = {});
/// JSON Schema of a record with its id, `properties`, version and times.
std::string recordSchema(std::string_view properties);

}  // namespace booking
