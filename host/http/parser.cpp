#include "http/parser.hpp"

#include <algorithm>
#include <array>
#include <http_parser.h>
#include <string>
#include <vector>

#include "http/characters.hpp"
#include "http/field_rules.hpp"
#include "http/request_target.hpp"

namespace bulkhead::host {
namespace {

constexpr std::array<std::string_view, 7> kMethods{"GET",   "HEAD",   "POST",   "PUT",
                                                   "PATCH", "DELETE", "OPTIONS"};

struct Field {
  std::string_view name;
  std::string_view value;
};

struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

/// What http_parser reports about one head; views into the head.
struct Spans {
  std::vector<Field> fields;
  std::size_t fields_max = 0;
  bool too_many = false;
};

Error malformed(std::string_view why) {
  return Error::validation("MALFORMED_REQUEST", why);
}

std::string_view extend(std::string_view span, const char* at, std::size_t length) {
  return span.empty() ? std::string_view{at, length}
                      : std::string_view{span.data(), span.size() + length};
}

int onFieldName(http_parser* parser, const char* at, std::size_t length) {
  auto& spans = *static_cast<Spans*>(parser->data);
  if (spans.fields.empty() || spans.fields.back().value.data() != nullptr) {
    spans.too_many = spans.fields.size() == spans.fields_max;
    if (spans.too_many) return 1;
    spans.fields.emplace_back();
  }
  spans.fields.back().name = extend(spans.fields.back().name, at, length);
  return 0;
}

int onFieldValue(http_parser* parser, const char* at, std::size_t length) {
  auto& field = static_cast<Spans*>(parser->data)->fields.back();
  field.value = extend(field.value, at, length);
  return 0;
}

/// http_parser is asked for the head only: bodies are ours, whatever it thinks of their framing.
int onHeadComplete(http_parser*) {
  return 1;
}

const http_parser_settings& settings() {
  static const http_parser_settings kSettings = [] {
    http_parser_settings made;
    http_parser_settings_init(&made);
    made.on_header_field = onFieldName;
    made.on_header_value = onFieldValue;
    made.on_headers_complete = onHeadComplete;
    return made;
  }();
  return kSettings;
}

/// Line ends are CRLF and no line continues another (RFC 9112 §2.2, §5.2).
const char* lineFault(std::string_view head) {
  for (std::size_t lf = head.find('\n'); lf != std::string_view::npos;
       lf = head.find('\n', lf + 1)) {
    if (lf == 0 || head[lf - 1] != '\r') return "A line ends in a bare LF.";
    if (lf + 1 < head.size() && (head[lf + 1] == ' ' || head[lf + 1] == '\t'))
      return "A header line is folded.";
  }
  return nullptr;
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
  if (!std::all_of(line.method.begin(), line.method.end(), isTokenCharacter))
    return malformed("The method is not a token.");
  if (!hasVersionShape(line.version)) return malformed("The protocol version is malformed.");
  if (line.version != "HTTP/1.1" && line.version != "HTTP/1.0")
    return Error::validation("HTTP_VERSION_NOT_SUPPORTED", "Only HTTP/1.1 and 1.0 are spoken.");
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

std::optional<Error> readRequestLine(std::string_view head, const HeadLimits& limits,
                                     HttpRequest& request, std::string& authority) {
  const std::string_view text = head.substr(0, head.find("\r\n"));
  if (text.size() > limits.request_line_bytes_max)
    return Error::validation("URI_TOO_LONG", "The request line is too long.");
  const auto line = splitRequestLine(text);
  if (!line) return malformed("The request line is not \"method target version\".");
  if (auto refusal = checkRequestLine(*line)) return refusal;
  request.method = line->method;
  request.target = line->target;
  return readTarget(request, authority);
}

std::optional<Error> runHttpParser(std::string_view head, Spans& spans) {
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &spans;
  const std::size_t used = http_parser_execute(&parser, &settings(), head.data(), head.size());
  if (spans.too_many) return Error::validation("HEADERS_TOO_LARGE", "Too many header fields.");
  if (HTTP_PARSER_ERRNO(&parser) != HPE_OK || used != head.size())
    return malformed("The header section is malformed.");
  return std::nullopt;
}

std::string_view trimmed(std::string_view value) {
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  return value;
}

/// More white space around a value than the one space that everybody writes. It means nothing (RFC
/// 9110 §5.5), and servers have disagreed about it.
bool hasOddSpace(const Field& field, std::string_view value) {
  const char* const after_colon = field.name.data() + field.name.size() + 1;
  const std::string_view before{after_colon, static_cast<std::size_t>(value.data() - after_colon)};
  return !(before.empty() || before == " ") || value.size() != field.value.size();
}

bool isFramingField(std::string_view name) {
  return name == "content-length" || name == "transfer-encoding";
}

std::optional<Error> takeFields(const Spans& spans, Fields& headers) {
  headers.reserve(spans.fields.size());
  for (const Field& field : spans.fields) {
    if (field.name.empty() || !std::all_of(field.name.begin(), field.name.end(), isTokenCharacter))
      return malformed("A header name is not a token.");
    if (!isFieldValue(field.value)) return malformed("A header value holds a control character.");
    const std::string_view text = trimmed(field.value);
    auto& [name, value] = headers.emplace_back(field.name, text);
    for (char& c : name) c = toLower(c);
    if (isFramingField(name) && hasOddSpace(field, text))
      return malformed("White space surrounds the length of the body.");
  }
  return std::nullopt;
}

std::optional<Error> readHead(std::string_view head, const HeadLimits& limits, HttpRequest& request,
                              std::string& authority) {
  if (const char* why = lineFault(head)) return malformed(why);
  if (auto refusal = readRequestLine(head, limits, request, authority)) return refusal;
  thread_local Spans spans;
  spans.fields.clear();
  spans.fields_max = limits.fields_max;
  spans.too_many = false;
  if (auto refusal = runHttpParser(head, spans)) return refusal;
  return takeFields(spans, request.headers);
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
  outcome.refusal = readHead(head, limits, request, authority);
  if (outcome.refusal) return outcome;
  const std::string_view line = head.substr(0, head.find('\r'));
  outcome.framing.http_1_0 = line.ends_with("1.0");
  outcome.refusal = readFraming(request, outcome.framing);
  if (!authority.empty()) replaceHost(request.headers, authority);
  return outcome;
}

}  // namespace bulkhead::host
