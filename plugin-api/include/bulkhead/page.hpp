#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/json_writer.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/response.hpp>

/// Lists in pages that are found by what was seen last, never by counting.
namespace bulkhead {

/// `limit` of a list: 1..200, 50 without one. The route's schema has checked the bounds.
inline std::size_t pageLimit(const Request& request) {
  const std::string_view text = request.query("limit").value_or(std::string_view{});
  std::size_t limit = 50;
  std::from_chars(text.data(), text.data() + text.size(), limit);
  return limit;
}

/// {"items":[...],"next_cursor":...}: `items` holds up to one more than `limit`, which tells that
/// there is a next page; `cursor(item)` is where that page begins.
template <class Items, class Write, class Cursor>
Response page(Items items, std::size_t limit, const Write& write, const Cursor& cursor) {
  std::optional<std::string> next;
  if (items.size() > limit) {
    items.resize(limit);
    next = cursor(items.back());
  }
  return Response::json([&](JsonWriter& out) {
    out.beginObject();
    out.key("items");
    out.array(items, write);
    out.member("next_cursor", next);
    out.endObject();
  });
}

/// JSON Schema of a list's page of `item`s.
inline std::string pageSchema(std::string_view item) {
  return R"({"type":"object","properties":{"items":{"type":"array","items":)" + std::string{item} +
         R"(},"next_cursor":{"type":["string","null"]}}})";
}

}  // namespace bulkhead
