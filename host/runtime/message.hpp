#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>

#include "runtime/client_address.hpp"
#include "runtime/field_text.hpp"

namespace bulkhead::host {

class ByteStream;

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Who is asking, as established by the host; never taken from path or body.
struct Principal {
  std::string key_id;               ///< id of the API key; empty when anonymous
  std::string tenant;               ///< the tenant of this request; empty when the route needs none
  std::vector<std::string> scopes;  ///< "booking:read", "admin", "*"
  bool authenticated = false;
  bool bound_to_tenants = false;  ///< the key was issued for tenants, and not for the installation

  /// True when `scope` or a scope that contains it ("*", "booking:*") was granted. What concerns
  /// the whole installation is no part of a tenant: a key that is bound to tenants never has
  /// "admin", and its "*" does not contain "monitoring:...".
  bool has(std::string_view scope) const;
};

/// Where the bytes came from. `inside` is C16's word: loopback or allowed network, no untrusted
/// proxy header.
struct Peer {
  ClientAddress address;  ///< after trusted proxies
  bool inside = false;
  bool admin_socket = false;
  bool management = false;  ///< came by the management port: monitoring alone (C17)
  bool secure = false;      ///< by TLS, to the host itself or to a trusted proxy that says so
};

/// One complete request behind the front. Owned by its exchange; views into it are valid as long as
/// that.
struct HttpRequest {
  std::string method;  ///< as sent, upper case
  std::string target;  ///< request target as sent, for logs (query redacted there)
  std::string path;    ///< percent-decoded once, without query; no NUL, no "." or ".." segment
  Fields query;        ///< decoded, in order
  Fields headers;      ///< names in lower case, values trimmed; repeated fields stay apart
  std::string body;    ///< complete and de-chunked; empty with body_stream
  std::shared_ptr<ByteStream> body_stream;  ///< of a route that takes its body as it comes
  Peer peer;
  Principal principal;
  std::string request_id;
  std::string trace_id;          ///< 32 hex digits
  std::string parent_span_id;    ///< 16 hex digits; empty when the trace starts here
  std::string span_id;           ///< 16 hex digits: what the host does for this request
  Fields path_parameters;        ///< filled by the router
  bool own_request_id = false;   ///< made here, not sent by the client
  std::int64_t received_us = 0;  ///< monotonic microseconds of the first byte
  std::uint32_t call_depth = 0;  ///< how many calls of capabilities led here
  std::uint64_t link_call = 0;   ///< in a worker: its id on the link

  /// First value of a header (lower-case name), or nullptr.
  const std::string* header(std::string_view name) const;
  /// First value of a query parameter, or nullptr.
  const std::string* queryValue(std::string_view name) const;
};

/// What the log and the performance monitor say of a refusal; empty for any other answer.
struct Refusal {
  ErrorKind kind = ErrorKind::App;
  std::string code;
  std::string message;
};

/// Header fields that are known when the host is compiled, as they are on the wire: a literal of
/// lines "Name: value\r\n", judged by the compiler. None that is the front's own.
class HeaderLines {
 public:
  constexpr HeaderLines() = default;
  template <std::size_t kSize>
  consteval explicit HeaderLines(const char (&lines)[kSize]) : text_{lines, kSize - 1} {
    if (!areHeaderLines(text_)) throw "not made of whole header lines";
  }

  constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// An answer before the tail: the front adds Date, Content-Length, ids and security headers.
struct HttpResponse {
  int status = 200;
  HeaderLines fixed_headers;  ///< of the host's own answers; before `headers` on the wire
  Fields headers;
  std::string body;
  Refusal refusal;                     ///< never sent: the body has its own words
  std::shared_ptr<ByteStream> stream;  ///< the body as it comes, instead of `body`

  static HttpResponse json(int status, std::string body);
  static HttpResponse text(int status, std::string body, std::string_view content_type);
  /// Appends; throws std::invalid_argument when name or value could break the message (CR, LF,
  /// NUL).
  void addHeader(std::string_view name, std::string_view value);
};

}  // namespace bulkhead::host
