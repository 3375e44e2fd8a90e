#pragma once

#include <string>
#include <string_view>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// What a response head says about its connection and request.
struct ResponseFraming {
  bool head_request = false;    ///< answers HEAD: the length is told, the body is not sent
  bool close = false;           ///< last response of its connection
  bool keep_alive_1_0 = false;  ///< an HTTP/1.0 client asked to keep the connection
  bool length_known = true;     ///< the body is all there
  bool chunked = false;         ///< its length is not known, and the client reads chunks
};

/// True when the status is a final one and no field could break the message (CR, LF, NUL, names
/// that are no token); checked for responses that did not come through addHeader, too.
bool isWellFormed(const HttpResponse& response);

/// True when the response has its body on the wire (RFC 9110 §6.4.1).
bool sendsBody(const HttpResponse& response, bool to_head);

/// The header lines that every response has; all but the request's id are complete lines.
struct CommonLines {
  std::string_view date;
  std::string_view fixed;
  std::string_view tail;        ///< made for this response
  std::string_view request_id;  ///< value of X-Request-Id
};

/// Appends status line and header section, ended by the empty line. Always HTTP/1.1. Date,
/// Content-Length, Connection and X-Request-Id are the front's: fields of the response with these
/// names, and Transfer-Encoding, are left out, except that the Content-Length of a bodiless answer
/// to HEAD and of a 304 is kept.
void appendHead(std::string& out, const HttpResponse& response, const ResponseFraming& framing,
                const CommonLines& common);

/// Appends `bytes`, which are not none, as one chunk (RFC 9112 §7.1).
void appendChunk(std::string& out, std::string_view bytes);
/// The chunk that ends a body, without trailers.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" (RFC 9110 §5.6.7), made once per second. One per
/// thread.
class DateLine {
 public:
  std::string_view now();

 private:
  std::int64_t second_ = -1;
  std::string line_;
};

}  // namespace bulkhead::host
