#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace booking {

/// Where a page of a list ended: the sorted column's value, and the id that decides between equals.
struct ListPosition {
  std::string key;  ///< a number in decimal, or text
  std::string id;
  friend bool operator==(const ListPosition&, const ListPosition&) = default;
};

/// The order and the beginning of one page, as SQL. Pages are found by the index of the column, by
/// (column, id), and never by counting: what is added or taken away meanwhile moves nothing.
struct ListOrder {
  std::string_view column = "id";
  std::string_view id_column = "id";
  bool is_text = true;
  bool descending = false;
  std::optional<ListPosition> after = {};
  std::size_t limit = 50;

  /// " and (column, id) > (...)" with the parameters $first, $first+1, $first+2: number(), text()
  /// and id().
  std::string condition(int first) const;
  /// " order by column, id".
  std::string orderBy() const;

  /// `name` for a comparison that narrows the list: only the order's own column is looked up by its
  /// index, others would have the page sorted.
  std::string narrowed(std::string_view name) const;

  std::optional<std::int64_t> number() const;
  std::optional<std::string_view> text() const;
  std::optional<std::string_view> id() const;
};

}  // namespace booking
