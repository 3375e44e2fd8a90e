#include "http/parser.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "http/characters.hpp"
#include "http/field_rules.hpp"
#include "http/request_target.hpp"

namespace bulkhead::host {
namespace {

constexpr std::array<std::string_view, 7> kMethods{"GET",   "HEAD",   "POST",   "PUT",
                                                   "PATCH", "DELETE", "OPTIONS"};

struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

Error malformed(std::string_view why) {
  return Error::validation("MALFORMED_REQUEST", why);
}

/// Takes the next line, which CRLF ends and nothing else (RFC 9112 §2.2), from `rest`.
std::optional<std::string_view> takeLine(std::string_view& rest) {
  const std::size_t lf = rest.find('\n');
  if (lf == std::string_view::npos || lf == 0 || rest[lf - 1] != '\r') return std::nullopt;
  const std::string_view line = rest.substr(0, lf - 1);
  rest.remove_prefix(lf + 1);
  return line;
}

std::optional<RequestLine> splitRequestLine(std::string_view line) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos || first == 0) return std::nullopt;
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos || second == first + 1) return std::nullopt;
  return RequestLine{line.substr(0, first), line.substr(first + 1, second - first - 1),
                     line.substr(second + 1)};
}

bool hasVersionShape(std::string_view version) {
  const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  return version.size() == 8 && version.starts_with("HTTP/") && isDigit(version[5]) &&
         version[6] == '.' && isDigit(version[7]);
}

std::optional<Error> checkRequestLine(const RequestLine& line) {
  if (!isToken(line.method)) return malformed("The method is not a token.");
  if (line.version != "HTTP/1.1" && line.version != "HTTP/1.0") {
    if (!hasVersionShape(line.version)) return malformed("The protocol version is malformed.");
    return Error::validation("HTTP_VERSION_NOT_SUPPORTED", "Only HTTP/1.1 and 1.0 are spoken.");
  }
  if (std::find(kMethods.begin(), kMethods.end(), line.method) == kMethods.end())
    return Error::validation("NOT_IMPLEMENTED", "The method is not known.");
  if (!std::all_of(line.target.begin(), line.target.end(), isTargetCharacter))
    return malformed("The request target holds a character that is not allowed.");
  return std::nullopt;
}

/// The authority of an absolute-form target; empty when it has none (RFC 9112 §3.2.2).
std::string_view takeAuthority(std::string_view& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equalsIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = target.substr(scheme.size());
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    target = rest.substr(end);
    return rest.substr(0, end);
  }
  return {};
}

std::optional<Error> readTarget(HttpRequest& request, std::string& authority) {
  std::string_view target = request.target;
  if (target == "*" && request.method == "OPTIONS") {
    request.path.assign(1, '*');
    return std::nullopt;
  }
  if (target.front() != '/') {
    authority = takeAuthority(target);
    if (!isHost(authority)) return malformed("The request target has no form that is known here.");
  }
  std::string rooted{"/"};
  if (target.empty() || target.front() == '?') target = rooted.append(target);
  const char* why = decodeTarget(target, request);
  return why != nullptr ? std::optional{malformed(why)} : std::nullopt;
}

std::optional<Error> readRequestLine(std::string_view text, const HeadLimits& limits,
                                     HttpRequest& request, std::string& authority) {
  if (text.size() > limits.request_line_bytes_max &&
      (text.front() == '\r' || isTokenCharacter(text.front())))
    return Error::validation("URI_TOO_LONG", "The request line is too long.");
  const auto line = splitRequestLine(text);
  if (!line) return malformed("The request line is not \"method target version\".");
  if (auto refusal = checkRequestLine(*line)) return refusal;
  request.method = line->method;
  request.target = line->target;
  return readTarget(request, authority);
}

bool isSpace(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view value) {
  while (!value.empty() && isSpace(value.back())) value.remove_suffix(1);
  while (!value.empty() && isSpace(value.front())) value.remove_prefix(1);
  return value;
}

/// More white space around a value than the one space that everybody writes. It means nothing (RFC
/// 9110 §5.5), and servers have disagreed about it.
bool hasOddSpace(std::string_view sent, std::string_view value) {
  return sent.size() != value.size() && !(sent.front() == ' ' && sent.size() == value.size() + 1);
}

bool isFramingField(std::string_view name) {
  return name == "content-length" || name == "transfer-encoding";
}

/// One line "name: value" (RFC 9112 §5); why it is refused.
const char* readField(std::string_view line, Fields& headers) {
  if (isSpace(line.front())) return "A header line is folded.";
  std::size_t colon = 0;
  while (colon < line.size() && isTokenCharacter(line[colon])) ++colon;
  if (colon == 0 || colon == line.size() || line[colon] != ':')
    return "A header name is not a token that a colon follows.";
  const std::string_view sent = line.substr(colon + 1);
  if (!isFieldValue(sent)) return "A header value holds a control character.";
  const std::string_view text = trimmed(sent);
  auto& [name, value] = headers.emplace_back(line.substr(0, colon), text);
  for (char& c : name) c = toLower(c);
  if (isFramingField(name) && hasOddSpace(sent, text))
    return "White space surrounds the length of the body.";
  return nullptr;
}

std::optional<Error> readFields(std::string_view rest, const HeadLimits& limits, Fields& headers) {
  constexpr std::size_t kFieldsAtFirst = 16;
  headers.reserve(kFieldsAtFirst);
  for (;;) {
    const auto line = takeLine(rest);
    if (!line) return malformed("A line does not end in CRLF.");
    if (line->empty()) break;
    if (headers.size() == limits.fields_max)
      return Error::validation("HEADERS_TOO_LARGE", "Too many header fields.");
    if (const char* why = readField(*line, headers)) return malformed(why);
  }
  return rest.empty() ? std::nullopt : std::optional{malformed("Bytes follow the header section.")};
}

/// The authority of an absolute target replaces what Host says (RFC 9112 §3.2.2).
void replaceHost(Fields& headers, const std::string& authority) {
  for (auto& [name, value] : headers) {
    if (name == "host") value = authority;
  }
}

}  // namespace

ParseOutcome parse(std::string_view head, const HeadLimits& limits, HttpRequest& request) {
  ParseOutcome outcome;
  std::string authority;
  const auto line = takeLine(head);
  if (line) {
    outcome.refusal = readRequestLine(*line, limits, request, authority);
    if (!outcome.refusal) outcome.refusal = readFields(head, limits, request.headers);
  } else {
    outcome.refusal = malformed("The request line does not end in CRLF.");
  }
  if (outcome.refusal) return outcome;
  outcome.framing.http_1_0 = line->ends_with("1.0");
  outcome.refusal = readFraming(request, outcome.framing);
  if (!authority.empty()) replaceHost(request.headers, authority);
  return outcome;
}

}  // namespace bulkhead::host
