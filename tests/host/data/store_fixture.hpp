#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>

#include "data/sqlite_store.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host::data {

inline bulkhead_value value(std::int64_t integer) {
  bulkhead_value result{};
  result.type = BULKHEAD_INTEGER;
  result.integer = integer;
  return result;
}

inline bulkhead_value value(std::string_view text) {
  bulkhead_value result{};
  result.type = BULKHEAD_TEXT;
  result.bytes = {text.data(), text.size()};
  return result;
}

using Values = std::vector<bulkhead_value>;

inline std::chrono::steady_clock::time_point within(
    std::chrono::milliseconds time = std::chrono::seconds{20}) {
  return std::chrono::steady_clock::now() + time;
}

inline std::int64_t send(Transaction& transaction, std::string_view sql,
                         const Values& values = {}) {
  return transaction.send(sql, values.data(), values.size());
}

/// The integer of the first column of the only row.
inline std::int64_t number(Transaction& transaction, std::string_view sql,
                           const Values& values = {}) {
  std::int64_t result = -1;
  transaction.read(sql, values.data(), values.size(),
                   [&](const bulkhead_value* columns, std::size_t) {
                     result = columns[0].integer;
                     return 0;
                   });
  return result;
}

inline std::int64_t number(Store& store, std::string_view sql, const Values& values = {}) {
  std::int64_t result = -1;
  store.read([&](Transaction& transaction) { result = number(transaction, sql, values); },
             within());
  return result;
}

inline void run(Store& store, std::string_view sql, const Values& values = {}) {
  store.write([&](Transaction& transaction) { send(transaction, sql, values); }, within());
}

/// The code of the Error that `work` throws; "none" when it throws nothing.
inline std::string codeOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return "none";
}

}  // namespace bulkhead::host::data
