#pragma once

#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// What an error body may say about its request.
struct ErrorContext {
  std::string_view path;      ///< `instance` of RFC 9457
  std::string_view trace_id;  ///< `traceId`
  std::string_view request_id;
  bool problem_json = false;  ///< the client's Accept lists application/problem+json
  bool development = false;   ///< S60: error name and details that production never shows
};

/// What its answer says of a request; views into it.
ErrorContext contextOf(const HttpRequest& request, bool development);

/// The only mapping of errors to HTTP statuses (S58; codes that refine their kind: 412, 428, 503,
/// 504 ...).
int statusOf(const Error& error);

/// "ValidationError" and so on: the names of S58.
std::string_view nameOf(ErrorKind kind);

/// The one error body of the product: S59's `error` object and RFC 9457's members in one (C10).
HttpResponse errorResponse(const Error& error, const ErrorContext& context);

}  // namespace bulkhead::host
