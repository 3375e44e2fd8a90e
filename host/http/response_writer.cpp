#include "http/response_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "http/characters.hpp"

namespace bulkhead::host {
namespace {

struct StatusLine {
  int status;
  std::string_view text;
};

constexpr std::array kStatusLines{
    StatusLine{200, "HTTP/1.1 200 OK\r\n"},
    StatusLine{201, "HTTP/1.1 201 Created\r\n"},
    StatusLine{202, "HTTP/1.1 202 Accepted\r\n"},
    StatusLine{204, "HTTP/1.1 204 No Content\r\n"},
    StatusLine{205, "HTTP/1.1 205 Reset Content\r\n"},
    StatusLine{206, "HTTP/1.1 206 Partial Content\r\n"},
    StatusLine{301, "HTTP/1.1 301 Moved Permanently\r\n"},
    StatusLine{302, "HTTP/1.1 302 Found\r\n"},
    StatusLine{303, "HTTP/1.1 303 See Other\r\n"},
    StatusLine{304, "HTTP/1.1 304 Not Modified\r\n"},
    StatusLine{307, "HTTP/1.1 307 Temporary Redirect\r\n"},
    StatusLine{308, "HTTP/1.1 308 Permanent Redirect\r\n"},
    StatusLine{400, "HTTP/1.1 400 Bad Request\r\n"},
    StatusLine{401, "HTTP/1.1 401 Unauthorized\r\n"},
    StatusLine{403, "HTTP/1.1 403 Forbidden\r\n"},
    StatusLine{404, "HTTP/1.1 404 Not Found\r\n"},
    StatusLine{405, "HTTP/1.1 405 Method Not Allowed\r\n"},
    StatusLine{406, "HTTP/1.1 406 Not Acceptable\r\n"},
    StatusLine{408, "HTTP/1.1 408 Request Timeout\r\n"},
    StatusLine{409, "HTTP/1.1 409 Conflict\r\n"},
    StatusLine{410, "HTTP/1.1 410 Gone\r\n"},
    StatusLine{412, "HTTP/1.1 412 Precondition Failed\r\n"},
    StatusLine{413, "HTTP/1.1 413 Content Too Large\r\n"},
    StatusLine{414, "HTTP/1.1 414 URI Too Long\r\n"},
    StatusLine{415, "HTTP/1.1 415 Unsupported Media Type\r\n"},
    StatusLine{417, "HTTP/1.1 417 Expectation Failed\r\n"},
    StatusLine{422, "HTTP/1.1 422 Unprocessable Content\r\n"},
    StatusLine{426, "HTTP/1.1 426 Upgrade Required\r\n"},
    StatusLine{428, "HTTP/1.1 428 Precondition Required\r\n"},
    StatusLine{429, "HTTP/1.1 429 Too Many Requests\r\n"},
    StatusLine{431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    StatusLine{500, "HTTP/1.1 500 Internal Server Error\r\n"},
    StatusLine{501, "HTTP/1.1 501 Not Implemented\r\n"},
    StatusLine{502, "HTTP/1.1 502 Bad Gateway\r\n"},
    StatusLine{503, "HTTP/1.1 503 Service Unavailable\r\n"},
    StatusLine{504, "HTTP/1.1 504 Gateway Timeout\r\n"},
    StatusLine{505, "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
};

/// RFC 9110 §6.4.1 and §15.3.6.
bool hasNoBody(int status) {
  return status == 204 || status == 205 || status == 304;
}

void appendNumber(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void appendStatusLine(std::string& out, int status) {
  const auto known = std::lower_bound(kStatusLines.begin(), kStatusLines.end(), status,
                                      [](const StatusLine& a, int b) { return a.status < b; });
  if (known != kStatusLines.end() && known->status == status) {
    out += known->text;
    return;
  }
  out += "HTTP/1.1 ";
  appendNumber(out, static_cast<std::uint64_t>(status));
  out += " \r\n";
}

/// Fields that describe the message or the connection, which only the front knows.
bool isOurs(std::string_view name) {
  switch (name.size()) {
    case 4:
      return equalsIgnoringCase(name, "date");
    case 10:
      return equalsIgnoringCase(name, "connection") || equalsIgnoringCase(name, "keep-alive");
    case 12:
      return equalsIgnoringCase(name, "x-request-id");
    case 14:
      return equalsIgnoringCase(name, "content-length");
    case 17:
      return equalsIgnoringCase(name, "transfer-encoding");
    default:
      return false;
  }
}

void appendLength(std::string& out, const HttpResponse& response, const ResponseFraming& framing) {
  if (response.body.empty() && (framing.head_request || response.status == 304)) {
    for (const auto& [name, value] : response.headers) {
      if (!equalsIgnoringCase(name, "content-length")) continue;
      out.append("Content-Length: ").append(value).append("\r\n");
      return;
    }
  }
  if (response.status == 204 || response.status == 304) return;
  if (framing.chunked) out += "Transfer-Encoding: chunked\r\n";
  if (!framing.length_known) return;
  out += "Content-Length: ";
  appendNumber(out, hasNoBody(response.status) ? 0 : response.body.size());
  out += "\r\n";
}

}  // namespace

bool isWellFormed(const HttpResponse& response) {
  if (response.status < 200 || response.status > 599) return false;
  return std::all_of(response.headers.begin(), response.headers.end(), [](const auto& field) {
    const auto& [name, value] = field;
    return !name.empty() && std::all_of(name.begin(), name.end(), isTokenCharacter) &&
           isFieldValue(value);
  });
}

bool sendsBody(const HttpResponse& response, bool to_head) {
  return !to_head && !hasNoBody(response.status);
}

void appendHead(std::string& out, const HttpResponse& response, const ResponseFraming& framing,
                const CommonLines& common) {
  appendStatusLine(out, response.status);
  out.append(common.date).append(common.fixed);
  out.append("X-Request-Id: ").append(common.request_id).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    if (!isOurs(name)) out.append(name).append(": ").append(value).append("\r\n");
  }
  appendLength(out, response, framing);
  if (response.status == 426) {  // RFC 9110 §15.5.22: says to what
    out.append("Upgrade: HTTP/1.1\r\nConnection: upgrade");
    out.append(framing.close ? ", close\r\n" : "\r\n");
  } else if (framing.close) {
    out += "Connection: close\r\n";
  } else if (framing.keep_alive_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

void appendChunk(std::string& out, std::string_view bytes) {
  std::array<char, 16> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), bytes.size(), 16).ptr;
  out.append(digits.data(), end).append("\r\n").append(bytes).append("\r\n");
}

std::string_view DateLine::now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  if (time.tv_sec != second_) {
    second_ = time.tv_sec;
    line_ = fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(time.tv_sec));
  }
  return line_;
}

}  // namespace bulkhead::host
