#include "data/database_error.hpp"

#include <algorithm>
#include <string>

namespace bulkhead::host::data {
namespace {

constexpr std::string_view kConflict = "conflict ";
constexpr std::size_t kCodeBytesMin = 3;
constexpr std::size_t kCodeBytesMax = 64;

bool isCode(std::string_view text) {
  return text.size() >= kCodeBytesMin && text.size() <= kCodeBytesMax && text.front() >= 'A' &&
         text.front() <= 'Z' && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

Error ruleBroken() {
  return Error::businessLogic(kUnnamedRule, "A rule of the store does not allow this.");
}

Error raisedByTrigger(std::string_view text) {
  const bool conflict = text.starts_with(kConflict);
  if (conflict) text.remove_prefix(kConflict.size());
  const auto colon = text.find(": ");
  const std::string_view code = text.substr(0, colon);
  if (!isCode(code)) return ruleBroken();
  const std::string message =
      colon == std::string_view::npos
          ? "A rule of the store does not allow this: " + std::string{code} + '.'
          : std::string{text.substr(colon + 2)};
  return conflict ? Error::conflict(code, message) : Error::businessLogic(code, message);
}

}  // namespace

Error databaseUnavailable() {
  return Error::database("DATABASE_UNAVAILABLE", kUnavailableMessage).withRetryAfter(1);
}

Error databaseBusy(std::string_view message) {
  return Error::database("DATABASE_BUSY", message).withRetryAfter(1);
}

Error statementFailed() {
  return Error::database("DATABASE_ERROR", "The database refused a statement.");
}

Error constraintViolated(SchemaRule rule, std::string_view raised) {
  switch (rule) {
    case SchemaRule::Unique:
      return Error::conflict("DUPLICATE", "There is one already that this would be equal to.");
    case SchemaRule::Reference:
      return Error::conflict("REFERENCE_VIOLATION",
                             "It names what is not there, or others still name it.");
    case SchemaRule::Raised:
      return raisedByTrigger(raised);
    case SchemaRule::Check:
      break;
  }
  return ruleBroken();
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
