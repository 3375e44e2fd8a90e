#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/message.hpp"
#include "runtime/schema.hpp"

namespace bulkhead::host {

enum class RouteAccess { Public, Key, Admin };
enum class RouteTransaction { None, Read, Write };
enum class RouteIdempotency { None, Optional, Required };
/// Which bodies go piece by piece, so that their size costs no memory.
enum class RouteStreams { None, Request, Response, Both };

/// What a route promises and asks: parsed from the JSON object of register_route, immutable
/// afterwards.
class RouteContract {
 public:
  /// Throws Error (configuration, CONTRACT_REFUSED) with the member that is wrong, missing or
  /// unknown.
  RouteContract(std::string_view method, std::string_view path, std::string_view contract);

  /// Checks what was sent against the contract: query parameters, media type, body, If-Match.
  /// Throws Error: 400 VALIDATION_ERROR with details.errors, 415, 428 PRECONDITION_REQUIRED.
  void check(const HttpRequest& request) const;
  /// The same for a query and a body that have changed since.
  void checkAgain(const Fields& query, std::string_view body) const;

  const std::string& method() const { return method_; }
  const std::string& path() const { return path_; }
  const std::string& scope() const { return scope_; }
  RouteAccess access() const { return access_; }
  RouteTransaction transaction() const { return transaction_; }
  RouteIdempotency idempotency() const { return idempotency_; }
  RouteStreams streams() const { return streams_; }
  bool streamsRequest() const {
    return streams_ == RouteStreams::Request || streams_ == RouteStreams::Both;
  }
  bool streamsResponse() const {
    return streams_ == RouteStreams::Response || streams_ == RouteStreams::Both;
  }
  std::size_t bodyLimitBytes() const { return body_limit_bytes_; }
  std::chrono::milliseconds deadline() const { return deadline_; }
  /// The steps of a keyed handler that calls out; empty for all others.
  const std::vector<std::string>& recoveryPoints() const { return recovery_points_; }
  bool rawBody() const { return raw_body_; }
  bool optionalBody() const { return optional_body_; }
  /// Whether the handler gets sanitized text (C22); never true of a raw body.
  bool sanitizes() const { return sanitize_ && !raw_body_; }
  /// The whole contract, for /openapi.json.
  const nlohmann::json& document() const { return document_; }

 private:
  void readMembers();
  void checkConsistent() const;
  void checkIdempotency() const;
  void checkStreams() const;
  void checkQuery(const Fields& query) const;
  void checkBody(const HttpRequest& request) const;
  void checkSchema(std::string_view body) const;

  std::string method_;
  std::string path_;
  nlohmann::json document_;
  std::string scope_;
  RouteAccess access_ = RouteAccess::Key;
  RouteTransaction transaction_ = RouteTransaction::None;
  RouteIdempotency idempotency_ = RouteIdempotency::None;
  RouteStreams streams_ = RouteStreams::None;
  std::size_t body_limit_bytes_ = 1024 * 1024;
  std::chrono::milliseconds deadline_{30'000};
  std::vector<std::string> recovery_points_;
  bool if_match_ = false;
  bool raw_body_ = false;
  bool optional_body_ = false;
  bool sanitize_ = true;
  std::optional<Schema> query_;
  std::optional<Schema> request_;
};

}  // namespace bulkhead::host
