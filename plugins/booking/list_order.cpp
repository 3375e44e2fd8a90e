#include "list_order.hpp"

#include <charconv>

namespace booking {

/// A parameter that does not count is named all the same: each statement has all of them.
std::string ListOrder::condition(int first) const {
  const auto parameter = [&](int offset) { return "$" + std::to_string(first + offset); };
  const auto unused = [&](int offset) { return " and " + parameter(offset) + " is null"; };
  if (!after) return unused(0) + unused(1) + unused(2);
  const std::string sign = descending ? " < " : " > ";
  const std::string key = parameter(is_text ? 1 : 0);
  const std::string other = unused(is_text ? 0 : 1);
  if (column == id_column) {
    return " and " + std::string{column} + sign + key + other + " and " + parameter(2) + " = " +
           key;
  }
  return " and (" + std::string{column} + ", " + std::string{id_column} + ")" + sign + "(" + key +
         ", " + parameter(2) + ")" + other;
}

std::string ListOrder::orderBy() const {
  const std::string direction = descending ? " desc" : "";
  const std::string by_column = " order by " + std::string{column} + direction;
  return column == id_column ? by_column : by_column + ", " + std::string{id_column} + direction;
}

std::string ListOrder::narrowed(std::string_view name) const {
  return name == column ? std::string{name} : "+" + std::string{name};
}

std::optional<std::int64_t> ListOrder::number() const {
  if (!after || is_text) return std::nullopt;
  std::int64_t value = 0;
  std::from_chars(after->key.data(), after->key.data() + after->key.size(), value);
  return value;
}

std::optional<std::string_view> ListOrder::text() const {
  if (!after || !is_text) return std::nullopt;
  return after->key;
}

std::optional<std::string_view> ListOrder::id() const {
  if (!after) return std::nullopt;
  return after->id;
}

}  // namespace booking
