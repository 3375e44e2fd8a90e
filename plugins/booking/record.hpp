#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

#include "instant.hpp"

namespace booking {

/// What every stored thing has beside its content.
struct Record {
  std::string id;
  std::int64_t version = 1;
  bool active = true;
  Instant created_at{};
  Instant updated_at{};
  friend bool operator==(const Record&, const Record&) = default;
};

/// 404, also for what belongs to another tenant.
inline bulkhead::Error notFound(std::string_view noun, std::string_view id) {
  return bulkhead::Error::notFound(
      "NOT_FOUND", "There is no " + std::string{noun} + " \"" + std::string{id} + "\".");
}

/// 412: someone else changed the record since it was read.
inline bulkhead::Error versionConflict() {
  return bulkhead::Error::conflict(
      "VERSION_CONFLICT", "The record has changed since that version; read it again and repeat.");
}

/// 400 with the field, its value and what is accepted in its place.
inline bulkhead::Error invalidField(std::string_view field, std::string_view value,
                                    std::string_view accepted) {
  return bulkhead::Error::validation(
      "VALIDATION_ERROR", std::string{field} + " is \"" + std::string{value} + "\"; it has to be " +
                              std::string{accepted} + ".");
}

}  // namespace booking
