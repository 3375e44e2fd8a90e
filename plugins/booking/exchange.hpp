#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>
#include <bulkhead/host.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/response.hpp>

#include "appointment_desk.hpp"

namespace booking {

/// Who calls, and when. Borrows from the request.
Caller callerOf(const bulkhead::Request& request, const bulkhead::Host& host);

/// "v3", with its quotes: the entity tag of a version.
std::string entityTag(std::int64_t version);

/// Whether If-Match names `version`. Without the header it names none.
bool ifMatchNames(const bulkhead::Request& request, std::int64_t version);

/// Throws 412 VERSION_CONFLICT with `write(JsonWriter&)` as `current` unless If-Match names
/// `version`.
template <class Write>
void requireMatch(const bulkhead::Request& request, std::int64_t version, const Write& write) {
  if (ifMatchNames(request, version)) return;
  throw bulkhead::Error::conflict(
      "VERSION_CONFLICT", "If-Match does not name the current version " + entityTag(version) +
                              "; start from error.details.current.")
      .withDetails(
          bulkhead::toJson([&](bulkhead::JsonWriter& out) { out.object("current", write); }));
}

/// `limit` of a list: 1..200, 50 without one. The route's schema has checked the bounds.
std::size_t pageLimit(const bulkhead::Request& request);

/// The query parameter as an instant. Throws VALIDATION_ERROR.
std::optional<std::int64_t> queryInstant(const bulkhead::Request& request, std::string_view name);

/// An id made by the client: 1..64 letters, digits, "-", "_" or ".". Throws VALIDATION_ERROR.
std::string clientMadeId(std::string_view id);

/// 200 or 201 with the value that `write` writes, and the version as ETag.
template <class Write>
bulkhead::Response versioned(int status, std::int64_t version, const Write& write) {
  return bulkhead::Response::json(status, write).withHeader("ETag", entityTag(version));
}

/// {"items":[...],"next_cursor":...}: `items` holds up to one more than `limit`, which tells that
/// there is a next page; `cursor(item)` is where that page begins.
template <class Items, class Write, class Cursor>
bulkhead::Response page(Items items, std::size_t limit, const Write& write, const Cursor& cursor) {
  std::optional<std::string> next;
  if (items.size() > limit) {
    items.resize(limit);
    next = cursor(items.back());
  }
  return bulkhead::Response::json([&](bulkhead::JsonWriter& out) {
    out.beginObject();
    out.key("items");
    out.array(items, write);
    out.member("next_cursor", next);
    out.endObject();
  });
}

/// JSON Schema of a body with `properties` (members as text), of which the quoted names in
/// `required` must be there; others are refused.
std::string bodySchema(std::string_view properties, std::string_view required = {});
/// JSON Schema of a record with its id, `properties`, version and times.
std::string recordSchema(std::string_view properties);
/// JSON Schema of a list's page of `item`s.
std::string pageSchema(std::string_view item);

}  // namespace booking
