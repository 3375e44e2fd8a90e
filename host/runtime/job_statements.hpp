#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include <bulkhead/transaction.hpp>

#include "data/store.hpp"

/// Statements on the tables of jobs, as both engines understand them.
namespace bulkhead::host::jobs {

/// Hands each row over, until `receive` says false.
template <class... Arguments, class Receive>
void each(data::Transaction& transaction, std::string_view sql, const Receive& receive,
          const Arguments&... arguments) {
  const auto row = bulkhead::values(arguments...);
  transaction.read(sql, row.data(), row.size(),
                   [&](const bulkhead_value* columns, std::size_t count) {
                     return receive(bulkhead::Row{columns, count}) ? 0 : 1;
                   });
}

/// Hands the first row over; false when there is none.
template <class... Arguments, class Receive>
bool first(data::Transaction& transaction, std::string_view sql, const Receive& receive,
           const Arguments&... arguments) {
  bool found = false;
  each(
      transaction, sql,
      [&](const bulkhead::Row& row) {
        found = true;
        receive(row);
        return false;
      },
      arguments...);
  return found;
}

/// The number of rows that changed.
template <class... Arguments>
std::int64_t send(data::Transaction& transaction, std::string_view sql,
                  const Arguments&... arguments) {
  const auto row = bulkhead::values(arguments...);
  return transaction.send(sql, row.data(), row.size());
}

}  // namespace bulkhead::host::jobs
