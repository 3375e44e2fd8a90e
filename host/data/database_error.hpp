#pragma once

#include <string_view>

#include <bulkhead/error.hpp>

namespace bulkhead::host::data {

/// S102, word for word.
inline constexpr std::string_view kUnavailableMessage =
    "Database unavailable. Server running in degraded mode.";

/// The store cannot be reached, opened or trusted; 503.
Error databaseUnavailable();
/// The store works, but had no room for this caller in time; 503 with Retry-After.
Error databaseBusy(std::string_view message);
/// A statement failed; 500. What the driver said belongs into the log only.
Error statementFailed();
/// The code of a rule that says none of its own: a CHECK, or a trigger whose text begins with no
/// code, which is for the log.
inline constexpr std::string_view kUnnamedRule = "CONSTRAINT_VIOLATION";
/// What kind of rule of a schema refused a statement, whatever the engine.
enum class SchemaRule {
  Unique,     ///< there is one already
  Reference,  ///< something that is named is not there, or what is still named was to go
  Check,      ///< a CHECK
  Raised,     ///< a trigger
};
/// A rule of the schema refused the statement, which is a refusal like any other: 409 DUPLICATE,
/// 409 REFERENCE_VIOLATION, 422 CONSTRAINT_VIOLATION. What a trigger raises as "CODE" is 422 with
/// that code, as "conflict CODE" it is 409; after ": " it may say a sentence for the client. All
/// other words of the driver, which name tables and columns, stay out. A value that is missing or
/// of another type is no client's fault, and statementFailed() instead.
Error constraintViolated(SchemaRule rule, std::string_view raised = {});
/// A write closure ran longer than its budget and was rolled back.
Error budgetExceeded();
/// The caller's deadline passed while its statements ran; 504.
Error deadlineExceeded();
/// A verb of a store was called inside a closure that must not wait for it.
Error calledInTransaction();

}  // namespace bulkhead::host::data
