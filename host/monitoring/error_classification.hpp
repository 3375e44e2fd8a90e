#pragma once

#include <string_view>

#include <bulkhead/error.hpp>

namespace bulkhead::host::monitoring {

/// How bad an error is for the operator (S51).
enum class Severity { Low, Medium, High, Critical };

/// S54: "validation", "authentication", ..., "internal".
struct ErrorClass {
  std::string_view category;
  Severity severity = Severity::Low;
};

/// Of a typed error; a code that refines its kind (DATABASE_UNAVAILABLE, OVERLOADED) counts as what
/// the code says.
ErrorClass classify(ErrorKind kind, std::string_view code);
/// Of an answer whose error is not known any more.
ErrorClass classify(int status);

/// "low", "medium", "high", "critical".
std::string_view nameOf(Severity severity);

}  // namespace bulkhead::host::monitoring
