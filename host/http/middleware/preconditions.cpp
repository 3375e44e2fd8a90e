#include "http/middleware/preconditions.hpp"

#include <Poco/DateTime.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>
#include <Poco/String.h>
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

#include "http/characters.hpp"
#include "http/middleware/content_coding.hpp"
#include "runtime/error_response.hpp"

namespace bulkhead::host {
namespace {

enum class Comparison { Strong, Weak };

const std::string* fieldOf(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (equalsIgnoringCase(key, name)) return &value;
  }
  return nullptr;
}

/// All lines of a request's field as one list.
std::optional<std::string> listOf(const HttpRequest& request, std::string_view name) {
  std::optional<std::string> list;
  for (const auto& [key, value] : request.headers) {
    if (key != name) continue;
    list = list ? *list + "," + value : value;
  }
  return list;
}

bool takeWeak(std::string_view& tag) {
  const bool weak = tag.starts_with("W/");
  if (weak) tag.remove_prefix(2);
  return weak;
}

/// Walks over a list of entity tags; a list that is no list matches nothing.
bool anyMatches(std::string_view list, std::string_view tag, Comparison comparison) {
  const bool tag_is_weak = takeWeak(tag);
  while (!list.empty()) {
    const auto start = list.find_first_not_of(" \t,");
    if (start == std::string_view::npos) return false;
    list.remove_prefix(start);
    const bool weak = takeWeak(list);
    if (!list.starts_with('"')) return false;
    const auto end = list.find('"', 1);
    if (end == std::string_view::npos) return false;
    const bool equal = list.substr(0, end + 1) == tag;
    if (equal && (comparison == Comparison::Weak || (!weak && !tag_is_weak))) return true;
    list.remove_prefix(end + 1);
  }
  return false;
}

bool matches(const std::string& list, const std::string* tag, Comparison comparison) {
  if (list == "*") return true;
  return tag != nullptr && anyMatches(withoutCoding(list), withoutCoding(*tag), comparison);
}

/// An IMF-fixdate, or nothing: other dates are ignored.
std::optional<Poco::Timestamp> dateIn(const std::string& text) {
  int zone = 0;
  Poco::DateTime date;
  if (!Poco::DateTimeParser::tryParse(Poco::DateTimeFormat::HTTP_FORMAT, text, date, zone)) {
    return std::nullopt;
  }
  return date.timestamp();
}

bool isUnmodifiedSince(const HttpRequest& request, const HttpResponse& response) {
  const std::string* since_text = request.header("if-modified-since");
  const std::string* modified_text = fieldOf(response, "Last-Modified");
  if (since_text == nullptr || modified_text == nullptr) return false;
  const auto since = dateIn(*since_text);
  const auto modified = dateIn(*modified_text);
  return since && modified && *since <= Poco::Timestamp{} && *modified <= *since;
}

void becomeNotModified(HttpResponse& response) {
  constexpr std::array kKept = {"etag",          "cache-control",   "vary", "expires", "date",
                                "last-modified", "content-location"};
  std::erase_if(response.headers, [&](const auto& header) {
    const std::string name = Poco::toLower(header.first);
    return std::find(kKept.begin(), kKept.end(), name) == kKept.end();
  });
  response.status = 304;
  response.body.clear();
}

}  // namespace

void applyPreconditions(const HttpRequest& request, HttpResponse& response) {
  if (response.status != 200 || (request.method != "GET" && request.method != "HEAD")) return;
  const std::string* tag = fieldOf(response, "ETag");
  if (const auto wanted = listOf(request, "if-match");
      wanted && tag != nullptr && !matches(*wanted, tag, Comparison::Strong)) {
    response = errorResponse(
        Error::conflict("VERSION_CONFLICT", "It is not the version that If-Match names."),
        {.path = request.path, .trace_id = request.trace_id, .request_id = request.request_id});
    return;
  }
  const auto known = listOf(request, "if-none-match");
  const bool not_modified =
      known ? matches(*known, tag, Comparison::Weak) : isUnmodifiedSince(request, response);
  if (not_modified) becomeNotModified(response);
}

}  // namespace bulkhead::host
