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
/// A constraint or a trigger refused the statement. A trigger's RAISE text, written by the schema's
/// author, is details.raised. 500 unless the owner of the schema turns it into an answer.
Error constraintViolated(std::string_view raised);
/// A write closure ran longer than its budget and was rolled back.
Error budgetExceeded();
/// The caller's deadline passed while its statements ran; 504.
Error deadlineExceeded();
/// A verb of a store was called inside a closure that must not wait for it.
Error calledInTransaction();

}  // namespace bulkhead::host::data
