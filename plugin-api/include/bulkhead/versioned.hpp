#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/response.hpp>

/// Records with a version, which readers get as ETag and writers send back as If-Match (RFC 9110
/// §13.1.1): nobody overwrites what they have not seen.
namespace bulkhead {

/// "v3", with its quotes: the entity tag of a version.
inline std::string entityTag(std::int64_t version) {
  return "\"v" + std::to_string(version) + '"';
}

/// Whether If-Match names `version`. Without the header it names none.
inline bool ifMatchNames(const Request& request, std::int64_t version) {
  const std::string tag = entityTag(version);
  std::string_view rest = request.header("if-match").value_or(std::string_view{});
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == tag || one == "*") return true;
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return false;
}

/// Throws 412 VERSION_CONFLICT with `write(JsonWriter&)` as `current` unless If-Match names
/// `version`.
template <class Write>
void requireMatch(const Request& request, std::int64_t version, const Write& write) {
  if (ifMatchNames(request, version)) return;
  throw Error::conflict("VERSION_CONFLICT", "If-Match does not name the current version " +
                                                entityTag(version) +
                                                "; start from error.details.current.")
      .withDetails(toJson([&](JsonWriter& out) { out.object("current", write); }));
}

/// An answer with the value that `write` writes, and the version as ETag.
template <class Write>
Response versioned(int status, std::int64_t version, const Write& write) {
  return Response::json(status, write).withHeader("ETag", entityTag(version));
}

}  // namespace bulkhead
