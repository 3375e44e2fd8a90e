#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/request.hpp>
#include <bulkhead/response.hpp>

#include "cursor.hpp"
#include "exchange.hpp"
#include "signatures.hpp"

namespace booking {

/// One order that a list can be asked for, and how the column of an item is shown as a key.
template <class Item>
struct Sort {
  std::string_view name;    ///< as in ?sort=; with "-" before it, it is descending
  std::string_view column;  ///< as in the statement; an index begins with it
  bool is_text = false;
  std::string (*key)(const Item& item) = nullptr;
};

/// The page that a request asks for, in one of `sorts`; the first of them is the default.
template <class Item>
class Listing {
 public:
  Listing(const bulkhead::Request& request, bulkhead::ReadTransaction& read, Signatures& signatures,
          const std::vector<Sort<Item>>& sorts, std::string_view id_column = "id");

  /// Asks for one more than the page shows: it tells whether there is a next one.
  const ListOrder& order() const { return order_; }

  template <class Write>
  bulkhead::Response page(std::vector<Item> items, const Write& write) const {
    return bulkhead::page(std::move(items), order_.limit - 1, write, [this](const Item& last) {
      return sealCursor(key_, list_, {sort_->key(last), last.id});
    });
  }

 private:
  const KeyedHash& key_;
  const std::string list_;
  const Sort<Item>* sort_ = nullptr;
  ListOrder order_;
};

/// What a cursor is bound to: tenant, path, and each parameter but `cursor` and `limit`.
std::string listNameOf(const bulkhead::Request& request);

/// JSON Schema of the query of a list: its filters, `sort` by the names and their opposites,
/// `updated_since`, `limit`, `cursor`.
std::string listQuery(const std::vector<std::string_view>& sorts, std::string_view filters = {});

template <class Item>
std::string listQuery(const std::vector<Sort<Item>>& sorts, std::string_view filters = {}) {
  std::vector<std::string_view> names;
  names.reserve(sorts.size());
  for (const auto& sort : sorts) names.push_back(sort.name);
  return listQuery(names, filters);
}

template <class Item>
Listing<Item>::Listing(const bulkhead::Request& request, bulkhead::ReadTransaction& read,
                       Signatures& signatures, const std::vector<Sort<Item>>& sorts,
                       std::string_view id_column)
    : key_{signatures.cursorKey(read)}, list_{listNameOf(request)}, sort_{&sorts.front()} {
  std::string_view wanted = request.query("sort").value_or(sort_->name);
  order_.descending = wanted.starts_with('-');
  if (order_.descending) wanted.remove_prefix(1);
  for (const auto& sort : sorts) {
    if (sort.name == wanted) sort_ = &sort;
  }
  order_.column = sort_->column;
  order_.id_column = id_column;
  order_.is_text = sort_->is_text;
  order_.limit = pageLimit(request) + 1;
  if (const auto cursor = request.query("cursor")) order_.after = openCursor(key_, list_, *cursor);
}

}  // namespace booking
