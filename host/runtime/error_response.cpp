#include "runtime/error_response.hpp"

#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bulkhead/json_writer.hpp>

#include "runtime/services.hpp"
#include "runtime/timestamp.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kDetailsBytesMax = std::size_t{64} * 1024;

struct RefinedCode {
  std::string_view code;
  int status;
};

/// Codes whose status is narrower than their kind's (ops §5.9, domain.md §0, RFC 9110, RFC 6585).
constexpr std::array kRefinedCodes{
    RefinedCode{"METHOD_NOT_ALLOWED", 405},
    RefinedCode{"NOT_ACCEPTABLE", 406},
    RefinedCode{"REQUEST_TIMEOUT", 408},
    RefinedCode{"SYNC_CURSOR_EXPIRED", 410},
    RefinedCode{"VERSION_CONFLICT", 412},
    RefinedCode{"PAYLOAD_TOO_LARGE", 413},
    RefinedCode{"URI_TOO_LONG", 414},
    RefinedCode{"UNSUPPORTED_MEDIA_TYPE", 415},
    RefinedCode{"UNSUPPORTED_CONTENT_CODING", 415},
    RefinedCode{"EXPECTATION_FAILED", 417},
    RefinedCode{"IDEMPOTENCY_KEY_REUSED", 422},
    RefinedCode{"UPGRADE_REQUIRED", 426},
    RefinedCode{"PRECONDITION_REQUIRED", 428},
    RefinedCode{"HEADERS_TOO_LARGE", 431},
    RefinedCode{"NOT_IMPLEMENTED", 501},
    RefinedCode{"PLUGIN_CRASHED", 502},
    RefinedCode{"POISON_REQUEST", 502},
    RefinedCode{"DATABASE_UNAVAILABLE", 503},
    RefinedCode{"DATABASE_BUSY", 503},
    RefinedCode{"STORE_LEASE_HELD", 503},
    RefinedCode{"PLUGIN_UNAVAILABLE", 503},
    RefinedCode{"CAPABILITY_UNAVAILABLE", 503},
    RefinedCode{"CIRCUIT_OPEN", 503},
    RefinedCode{"OVERLOADED", 503},
    RefinedCode{"DRAINING", 503},
    RefinedCode{"NOT_CONFIGURED", 503},
    RefinedCode{"DEADLINE_EXCEEDED", 504},
    RefinedCode{"HTTP_VERSION_NOT_SUPPORTED", 505},
};

int statusOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Validation:
      return 400;
    case ErrorKind::Authentication:
      return 401;
    case ErrorKind::Authorization:
      return 403;
    case ErrorKind::NotFound:
      return 404;
    case ErrorKind::Conflict:
      return 409;
    case ErrorKind::RateLimit:
      return 429;
    case ErrorKind::ExternalService:
      return 502;
    case ErrorKind::BusinessLogic:
      return 422;
    case ErrorKind::App:
    case ErrorKind::Database:
    case ErrorKind::Configuration:
      return 500;
  }
  return 500;
}

std::string_view titleOf(int status) {
  switch (status) {
    case 400:
      return "The request is not valid";
    case 401:
      return "Authentication is required";
    case 403:
      return "Not allowed";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 406:
      return "No acceptable representation";
    case 408:
      return "The request took too long to arrive";
    case 409:
      return "Conflict with the current state";
    case 410:
      return "Gone";
    case 412:
      return "The precondition does not hold";
    case 413:
      return "The body is too large";
    case 414:
      return "The request target is too long";
    case 415:
      return "The body's media type or coding is not supported";
    case 417:
      return "The expectation cannot be met";
    case 422:
      return "The rules do not allow this";
    case 426:
      return "Another protocol is spoken here";
    case 428:
      return "A precondition is required";
    case 429:
      return "Too many requests";
    case 431:
      return "The header fields are too large";
    case 501:
      return "Not implemented";
    case 502:
      return "An outside service failed";
    case 503:
      return "Temporarily unavailable";
    case 504:
      return "The deadline passed";
    case 505:
      return "HTTP version not supported";
    default:
      return "Internal error";
  }
}

/// "/problems/slot-taken" for SLOT_TAKEN.
std::string problemType(std::string_view code) {
  std::string type = "/problems/";
  for (const char c : code)
    type += c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return type;
}

/// A plugin's details are text until somebody has read them: what is no JSON object would end the
/// body where it likes.
bool isJsonObject(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && text[begin] == '{' && text.size() <= kDetailsBytesMax &&
         nlohmann::json::accept(text);
}

}  // namespace

std::string_view nameOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::App:
      return "AppError";
    case ErrorKind::Validation:
      return "ValidationError";
    case ErrorKind::Authentication:
      return "AuthenticationError";
    case ErrorKind::Authorization:
      return "AuthorizationError";
    case ErrorKind::NotFound:
      return "NotFoundError";
    case ErrorKind::Conflict:
      return "ConflictError";
    case ErrorKind::RateLimit:
      return "RateLimitError";
    case ErrorKind::ExternalService:
      return "ExternalServiceError";
    case ErrorKind::Database:
      return "DatabaseError";
    case ErrorKind::BusinessLogic:
      return "BusinessLogicError";
    case ErrorKind::Configuration:
      return "ConfigurationError";
  }
  return "AppError";
}

ErrorContext contextOf(const HttpRequest& request, bool development) {
  const std::string* accept = request.header("accept");
  const bool problem_json =
      accept != nullptr && accept->find("application/problem+json") != std::string::npos;
  return {request.path, request.trace_id, request.request_id, problem_json, development};
}

int statusOf(const Error& error) {
  for (const auto& refined : kRefinedCodes) {
    if (refined.code == error.code()) return refined.status;
  }
  return statusOf(error.kind());
}

HttpResponse errorResponse(const Error& error, const ErrorContext& context) {
  const int status = statusOf(error);
  std::string body = toJson([&](JsonWriter& out) {
    out.beginObject();
    out.key("error");
    out.beginObject();
    out.member("message", error.message());
    out.member("code", error.code());
    out.member("timestamp", timestampText(SystemClock::now()));
    out.member("statusCode", status);
    if (!context.request_id.empty()) out.member("requestId", context.request_id);
    if (isJsonObject(error.details())) out.member("details", RawJson{error.details()});
    if (context.development) out.member("name", nameOf(error.kind()));
    out.endObject();
    out.member("type", problemType(error.code()));
    out.member("title", titleOf(status));
    out.member("status", status);
    out.member("detail", error.message());
    if (!context.path.empty()) out.member("instance", context.path);
    if (!context.trace_id.empty()) out.member("traceId", context.trace_id);
    out.endObject();
  });
  HttpResponse response =
      HttpResponse::text(status, std::move(body),
                         context.problem_json ? "application/problem+json" : "application/json");
  response.refusal = {error.kind(), error.code(), error.message()};
  response.addHeader("Cache-Control", "no-store");
  if (error.retryAfterSeconds() > 0)
    response.addHeader("Retry-After", std::to_string(error.retryAfterSeconds()));
  return response;
}

}  // namespace bulkhead::host
