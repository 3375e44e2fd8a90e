#pragma once

#include <functional>
#include <libpq-fe.h>
#include <memory>
#include <string>
#include <vector>

#include <bulkhead/error.hpp>

#include "data/store.hpp"

namespace bulkhead::host::data {

struct PostgresqlClear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresqlResult = std::unique_ptr<PGresult, PostgresqlClear>;

/// What a failure means for who wants to go on.
enum class PostgresqlFailure {
  None,
  Statement,  ///< it was wrong, or a rule refused it
  Conflict,   ///< it lost against another transaction: to be run again
  Stale,      ///< the session is of no use any more, and nothing was done: on another one
  Lost,       ///< the server is away
};
struct PostgresqlError {
  PostgresqlFailure failure = PostgresqlFailure::None;
  Error error;
};

/// Its SQLSTATE; empty when there is none.
std::string_view stateOf(const PGresult* result);

/// What a failed statement of `owner` is to its caller. The driver's words go to the log.
PostgresqlError errorOf(const PGresult* result, const std::string& owner, std::string_view sql);

/// Hands over rows in order, each value valid during the call, until `receive` returns other than
/// 0.
void deliver(const PGresult* result,
             const std::function<int(const bulkhead_value* columns, std::size_t count)>& receive);

/// Rows that a statement changed.
std::int64_t rowsChanged(PGresult* result);

/// The values of a statement, as libpq wants them; borrowed from who gives them.
class PostgresqlValues {
 public:
  /// Throws Error 422 TEXT_NOT_STORABLE for a text with a NUL, which PostgreSQL cannot keep.
  PostgresqlValues(const bulkhead_value* values, std::size_t count);

  int size() const { return static_cast<int>(pointers_.size()); }
  const char* const* pointers() const { return pointers_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  std::vector<std::string> texts_;
  std::vector<const char*> pointers_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

/// Types as a statement is prepared for: numbers and bytes say what they are, texts and nulls are
/// whatever stands beside them.
Oid typeOf(const bulkhead_value& value);

}  // namespace bulkhead::host::data
