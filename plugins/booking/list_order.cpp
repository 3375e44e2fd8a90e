#include "list_order.hpp"

#include <charconv>

namespace booking {

/// A parameter that does not count is named all the same: each statement has all of them.
std::string ListOrder::condition(int first) const {
  const auto parameter = [&](int offset) { return "$" + std::to_string(first + offset); };
  if (!after) {
    return " and " + parameter(0) + " is null and " + parameter(1) + " is null and " +
           parameter(2) + " is null";
  }
  const int key = is_text ? 1 : 0;
  return " and (" + std::string{column} + ", " + std::string{id_column} + ") " +
         (descending ? "<" : ">") + " (" + parameter(key) + ", " + parameter(2) + ") and " +
         parameter(1 - key) + " is null";
}

std::string ListOrder::orderBy() const {
  const std::string direction = descending ? " desc" : "";
  return " order by " + std::string{column} + direction + ", " + std::string{id_column} + direction;
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
