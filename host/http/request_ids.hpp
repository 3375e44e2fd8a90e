#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// The two ids of a valid `traceparent` value.
struct TraceParent {
  std::string_view trace_id;   ///< 32 lower-case hex digits, not all zero
  std::string_view parent_id;  ///< 16 lower-case hex digits, not all zero
};

/// Parses one `traceparent` value (W3C Trace Context §3.2; white space around it is allowed).
/// Version 00 must have 55 characters; a later version may go on after a further "-". Views point
/// into `value`. Nothing when it must be ignored.
std::optional<TraceParent> parseTraceParent(std::string_view value);

/// True for 1..128 characters of [A-Za-z0-9._-]: what we accept as X-Request-Id and may log as is.
bool isRequestId(std::string_view value);

/// A new request id: a random UUID (RFC 9562 version 4) in its text form.
std::string makeRequestId();
/// A new trace id: 32 hex digits, never all zero.
std::string makeTraceId();

/// Fills request_id, trace_id and parent_span_id from the headers, making what is missing or
/// invalid, and makes a span_id. More than one traceparent counts as none.
void identify(HttpRequest& request);

}  // namespace bulkhead::host
