#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace bulkhead {

/// The error classes of requirement S58, in its order. The numbers cross the waist
/// (`bulkhead_status`) and never change.
enum class ErrorKind : std::int32_t {
  App = 1,              ///< our own fault; 500 INTERNAL_ERROR
  Validation = 2,       ///< 400
  Authentication = 3,   ///< 401
  Authorization = 4,    ///< 403
  NotFound = 5,         ///< 404
  Conflict = 6,         ///< 409
  RateLimit = 7,        ///< 429
  ExternalService = 8,  ///< 502
  Database = 9,         ///< 500
  BusinessLogic = 10,   ///< 422
  Configuration = 11,   ///< 500
};

/// A refusal: the one exception type of plugins and host. `message` is shown to the client, so it
/// holds no secret, host name or driver text. `code` is a stable upper-case string; a few codes
/// refine the HTTP status of their kind (VERSION_CONFLICT is 412, DATABASE_UNAVAILABLE is 503; see
/// error_response.hpp).
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string_view code, std::string_view message)
      : kind_{kind}, code_{code}, message_{message} {}

  static Error app(std::string_view code, std::string_view message) {
    return {ErrorKind::App, code, message};
  }
  static Error validation(std::string_view code, std::string_view message) {
    return {ErrorKind::Validation, code, message};
  }
  static Error authentication(std::string_view code, std::string_view message) {
    return {ErrorKind::Authentication, code, message};
  }
  static Error authorization(std::string_view code, std::string_view message) {
    return {ErrorKind::Authorization, code, message};
  }
  static Error notFound(std::string_view code, std::string_view message) {
    return {ErrorKind::NotFound, code, message};
  }
  static Error conflict(std::string_view code, std::string_view message) {
    return {ErrorKind::Conflict, code, message};
  }
  static Error rateLimit(std::string_view code, std::string_view message) {
    return {ErrorKind::RateLimit, code, message};
  }
  static Error externalService(std::string_view code, std::string_view message) {
    return {ErrorKind::ExternalService, code, message};
  }
  static Error database(std::string_view code, std::string_view message) {
    return {ErrorKind::Database, code, message};
  }
  static Error businessLogic(std::string_view code, std::string_view message) {
    return {ErrorKind::BusinessLogic, code, message};
  }
  static Error configuration(std::string_view code, std::string_view message) {
    return {ErrorKind::Configuration, code, message};
  }

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

  /// JSON text of an object that is shown as `error.details`; empty for none.
  const std::string& details() const noexcept { return details_; }
  Error&& withDetails(std::string json) && {
    details_ = std::move(json);
    return std::move(*this);
  }

  /// Seconds for the Retry-After header; 0 for none.
  int retryAfterSeconds() const noexcept { return retry_after_s_; }
  Error&& withRetryAfter(int seconds) && {
    retry_after_s_ = seconds;
    return std::move(*this);
  }

 private:
  ErrorKind kind_;
  std::string code_;
  std::string message_;
  std::string details_;
  int retry_after_s_ = 0;
};

}  // namespace bulkhead
