#include "data/database_error.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::host::data {

Error databaseUnavailable() {
  return Error::database("DATABASE_UNAVAILABLE", kUnavailableMessage).withRetryAfter(1);
}

Error databaseBusy(std::string_view message) {
  return Error::database("DATABASE_BUSY", message).withRetryAfter(1);
}

Error statementFailed() {
  return Error::database("DATABASE_ERROR", "The database refused a statement.");
}

Error constraintViolated(std::string_view raised) {
  Error error = Error::database("CONSTRAINT_VIOLATION", "A rule of the database was violated.");
  if (raised.empty()) return error;
  return std::move(error).withDetails(nlohmann::json{{"raised", raised}}.dump());
}

Error budgetExceeded() {
  return Error::database("TRANSACTION_BUDGET_EXCEEDED",
                         "The transaction ran longer than its budget and was rolled back.");
}

Error deadlineExceeded() {
  return Error::database("DEADLINE_EXCEEDED", "The deadline passed while the database was read.");
}

Error calledInTransaction() {
  return Error::app("CALL_IN_TRANSACTION", "A transaction must not wait for another one.");
}

}  // namespace bulkhead::host::data
