#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "instant.hpp"
#include "money.hpp"

/// How a record's members become columns and come back.
namespace booking {

/// What already is JSON text, and is kept and shown as it is.
struct JsonText {
  std::string text;
  friend bool operator==(const JsonText&, const JsonText&) = default;
};

template <class Value>
const Value& toColumn(const Value& value) {
  return value;
}
inline std::string_view toColumn(const JsonText& value) {
  return value.text;
}
inline std::string toColumn(const cctz::civil_day& value) {
  return formatDate(value);
}
inline std::optional<std::string> toColumn(const std::optional<cctz::civil_day>& value) {
  if (!value) return std::nullopt;
  return formatDate(*value);
}
inline std::optional<std::string> toColumn(const std::optional<Money>& value) {
  if (!value) return std::nullopt;
  return packed(*value);
}
/// "30,45,60".
inline std::string toColumn(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

inline void fromColumn(const bulkhead::Row& row, std::size_t column, std::string& value) {
  value = row.text(column);
}
inline void fromColumn(const bulkhead::Row& row, std::size_t column, bool& value) {
  value = row.boolean(column);
}
inline void fromColumn(const bulkhead::Row& row, std::size_t column, int& value) {
  value = static_cast<int>(row.integer(column));
}
inline void fromColumn(const bulkhead::Row& row, std::size_t column, JsonText& value) {
  value.text = row.text(column);
}
inline void fromColumn(const bulkhead::Row& row, std::size_t column, cctz::civil_day& value) {
  value = parseDate(row.text(column)).value();
}
inline void fromColumn(const bulkhead::Row& row, std::size_t column, Money& value) {
  value = unpackedMoney(row.text(column));
}
template <class Value>
void fromColumn(const bulkhead::Row& row, std::size_t column, std::optional<Value>& value) {
  value.reset();
  if (!row.isNull(column)) fromColumn(row, column, value.emplace());
}
inline void fromColumn(const bulkhead::Row& row, std::size_t column, std::vector<int>& numbers) {
  const std::string_view text = row.text(column);
  const char* const end = text.data() + text.size();
  numbers.clear();
  for (const char* at = text.data(); at < end; ++at) {
    at = std::from_chars(at, end, numbers.emplace_back()).ptr;
  }
}

}  // namespace booking
