#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/json_writer.hpp>

namespace bulkhead {

/// Who may call a route. Default deny: a route says it is public, or names its scope.
enum class Access { Public, Key, Admin };  ///< Admin: the operator, whose keys have no tenant

/// What the host does with the Idempotency-Key header of a POST whose handler is a write
/// transaction, or has recovery points.
enum class Idempotency { None, Optional, Required };

/// A route's contract. The host validates requests by it, serves /openapi.json from it, and refuses
/// a route whose contract does not hold (no summary, no schema for a JSON answer, a scope missing,
/// a schema outside the subset that means the same in JSON Schema draft 7 and 2020-12).
struct Route {
  std::string_view method;  ///< GET, POST, PUT, PATCH or DELETE
  std::string_view
      path;  ///< relative to /api/<plugin>/v1: "/hello/{name}"; or whole, from /api/ on
  std::string_view scope = {};  ///< "greeter:read"; required unless public
  std::string_view summary;     ///< one line for the API's readers
  Access access = Access::Key;
  std::string_view query =
      {};  ///< JSON Schema of an object: one property per query parameter; others are refused
  std::string_view request = {};  ///< JSON Schema of the body; without it a body is refused
  bool optional_body = false;     ///< the body may be left out: then body() is empty
  std::string_view response =
      {};             ///< JSON Schema of the successful answer; may be empty for 204 only
  int success = 200;  ///< status of the successful answer
  std::vector<std::string_view> errors =
      {};                         ///< codes that this route may refuse with, beside the host's own
  std::string_view example = {};  ///< JSON text of one request body that the schema accepts
  Idempotency idempotency = Idempotency::None;
  std::vector<std::string_view> recovery_points =
      {};                 ///< names of the steps of a keyed handler that calls out; see Recovery
  bool if_match = false;  ///< If-Match is required: missing is 428 before the handler runs
  bool raw_body =
      false;  ///< the body is handed over byte for byte, whatever its type (signed webhooks)
  bool sanitize = true;  ///< false: text that would act in a page is handed over as it was typed,
                         ///< and whoever shows it encodes it
  std::string_view media_type =
      {};  ///< of a streamed response, which has no schema: "text/event-stream"
  std::size_t body_limit_bytes = 1024 * 1024;
  std::chrono::milliseconds deadline = std::chrono::seconds{30};
};

namespace detail {

enum class TransactionKind { None, Read, Write };
enum class Streams { None, Request, Response, Both };

/// The contract as the JSON object that register_route takes.
inline std::string contractOf(const Route& route, TransactionKind transaction,
                              Streams streams = Streams::None) {
  constexpr std::string_view kStreams[] = {"none", "request", "response", "both"};
  constexpr std::string_view kAccess[] = {"public", "key", "admin"};
  constexpr std::string_view kIdempotency[] = {"none", "optional", "required"};
  constexpr std::string_view kTransaction[] = {"none", "read", "write"};
  return toJson([&](JsonWriter& out) {
    const auto schema = [&](std::string_view name, std::string_view text) {
      if (!text.empty()) out.member(name, RawJson{text});
    };
    out.beginObject();
    out.member("summary", route.summary);
    out.member("access", kAccess[static_cast<std::size_t>(route.access)]);
    out.member("scope", route.scope);
    schema("query", route.query);
    schema("request", route.request);
    if (route.optional_body) out.member("optional_body", true);
    schema("response", route.response);
    schema("example", route.example);
    out.member("success", route.success);
    out.key("errors");
    out.array(route.errors, [](JsonWriter& errors, std::string_view code) { errors.value(code); });
    out.member("idempotency", kIdempotency[static_cast<std::size_t>(route.idempotency)]);
    if (!route.recovery_points.empty()) {
      out.key("recovery_points");
      out.array(route.recovery_points,
                [](JsonWriter& points, std::string_view point) { points.value(point); });
    }
    out.member("transaction", kTransaction[static_cast<std::size_t>(transaction)]);
    if (streams != Streams::None)
      out.member("streams", kStreams[static_cast<std::size_t>(streams)]);
    if (!route.media_type.empty()) out.member("media_type", route.media_type);
    out.member("if_match", route.if_match);
    out.member("raw_body", route.raw_body);
    if (!route.sanitize) out.member("sanitize", false);
    out.member("body_limit_bytes", route.body_limit_bytes);
    out.member("deadline_ms", route.deadline.count());
    out.endObject();
  });
}

}  // namespace detail
}  // namespace bulkhead
