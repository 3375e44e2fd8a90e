#include "http/response_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
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

/// Writes forward into memory that is large enough.
class Writer {
 public:
  explicit Writer(char* at) : at_{at} {}
  char* at() const noexcept { return at_; }

  void put(std::string_view text) {
    if (text.empty()) return;  // it may be of nothing, which memcpy must not be given
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(std::uint64_t number) { at_ = std::to_chars(at_, at_ + kDigitsMax, number).ptr; }
  void putLine(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }

  static constexpr std::size_t kDigitsMax = 20;

 private:
  char* at_;
};

void putStatusLine(Writer& out, int status) {
  if (status == 200) return out.put(kStatusLines.front().text);  // nearly every one
  const auto known = std::lower_bound(kStatusLines.begin(), kStatusLines.end(), status,
                                      [](const StatusLine& a, int b) { return a.status < b; });
  if (known != kStatusLines.end() && known->status == status) {
    out.put(known->text);
    return;
  }
  out.put("HTTP/1.1 ");
  out.put(static_cast<std::uint64_t>(status));
  out.put(" \r\n");
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

void putLength(Writer& out, const HttpResponse& response, const ResponseFraming& framing) {
  if (response.body.empty() && (framing.head_request || response.status == 304)) {
    for (const auto& [name, value] : response.headers) {
      if (equalsIgnoringCase(name, "content-length")) return out.putLine("Content-Length", value);
    }
  }
  if (response.status == 204 || response.status == 304) return;
  if (framing.chunked) out.put("Transfer-Encoding: chunked\r\n");
  if (!framing.length_known) return;
  out.put("Content-Length: ");
  out.put(hasNoBody(response.status) ? 0 : std::uint64_t{response.body.size()});
  out.put("\r\n");
}

void putConnection(Writer& out, const HttpResponse& response, const ResponseFraming& framing) {
  if (response.status == 426) {  // RFC 9110 §15.5.22: says to what
    out.put("Upgrade: HTTP/1.1\r\nConnection: upgrade");
    out.put(framing.close ? ", close\r\n" : "\r\n");
  } else if (framing.close) {
    out.put("Connection: close\r\n");
  } else if (framing.keep_alive_1_0) {
    out.put("Connection: keep-alive\r\n");
  }
}

/// No head of this answer is longer.
std::size_t headBytesMax(const HttpResponse& response, const CommonLines& common) {
  constexpr std::size_t kOurLinesBytesMax = 256;
  std::size_t bytes = kOurLinesBytesMax + common.date.size() + common.fixed.size() +
                      common.tail.size() + common.request_id.size() +
                      response.fixed_headers.text().size();
  for (const auto& [name, value] : response.headers) bytes += name.size() + value.size() + 4;
  return bytes;
}

}  // namespace

bool isWellFormed(const HttpResponse& response) {
  if (response.status < 200 || response.status > 599) return false;
  return std::all_of(response.headers.begin(), response.headers.end(), [](const auto& field) {
    return isToken(field.first) && isFieldValue(field.second);
  });
}

bool sendsBody(const HttpResponse& response, bool to_head) {
  return !to_head && !hasNoBody(response.status);
}

void appendHead(std::string& out, const HttpResponse& response, const ResponseFraming& framing,
                const CommonLines& common) {
  const std::size_t before = out.size();
  out.resize(before + headBytesMax(response, common));
  Writer writer{out.data() + before};
  putStatusLine(writer, response.status);
  writer.put(common.date);
  writer.put(common.fixed);
  writer.put(common.tail);
  writer.putLine("X-Request-Id", common.request_id);
  writer.put(response.fixed_headers.text());
  for (const auto& [name, value] : response.headers) {
    if (!isOurs(name)) writer.putLine(name, value);
  }
  putLength(writer, response, framing);
  putConnection(writer, response, framing);
  writer.put("\r\n");
  out.resize(static_cast<std::size_t>(writer.at() - out.data()));
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
