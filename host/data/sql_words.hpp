#pragma once

#include <cstddef>
#include <string_view>

namespace bulkhead::host::data {

/// True for a statement that would let a closure out of its transaction or change its session:
/// BEGIN, COMMIT, SAVEPOINT, SET, COPY and the like. Looks behind comments at the beginning.
bool controlsTransaction(std::string_view sql);

/// True when the first that `sql` does with parameter $`number` is to ask whether it is null, which
/// tells PostgreSQL no type.
bool asksForNullFirst(std::string_view sql, std::size_t number);

}  // namespace bulkhead::host::data
