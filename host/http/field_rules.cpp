#include "http/field_rules.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "http/characters.hpp"

namespace bulkhead::host {
namespace {

/// 18 digits stay within 64 bits, and far beyond any body that would be taken.
constexpr std::size_t kLengthDigitsMax = 18;

/// The fields of one head that decide about framing; nullptr where absent.
struct FramingFields {
  const std::string* host = nullptr;
  const std::string* content_length = nullptr;
  std::string transfer_encoding;
  bool has_transfer_encoding = false;
  bool repeated_host = false;
  bool repeated_length = false;
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  const std::string* expect = nullptr;
  const std::string* upgrade_to = nullptr;
  bool has_websocket_version = false;
};

Error malformed(std::string_view why) {
  return Error::validation("MALFORMED_REQUEST", why);
}

bool isDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Takes the next member of a comma-separated list, without white space around it.
std::string_view takeMember(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  std::string_view member = list.substr(0, comma);
  list.remove_prefix(std::min(comma + 1, list.size()));
  while (!member.empty() && (member.front() == ' ' || member.front() == '\t'))
    member.remove_prefix(1);
  while (!member.empty() && (member.back() == ' ' || member.back() == '\t'))
    member.remove_suffix(1);
  return member;
}

void readConnection(std::string_view list, FramingFields& fields) {
  while (!list.empty()) {
    const std::string_view option = takeMember(list);
    fields.close |= equalsIgnoringCase(option, "close");
    fields.keep_alive |= equalsIgnoringCase(option, "keep-alive");
    fields.upgrade |= equalsIgnoringCase(option, "upgrade");
  }
}

void readField(std::string_view name, const std::string& value, FramingFields& fields) {
  switch (name.size()) {  // rules out nearly every field by its length alone
    case 4:
      if (name != "host") return;
      fields.repeated_host = fields.host != nullptr;
      fields.host = &value;
      return;
    case 6:
      if (name == "expect") fields.expect = &value;
      return;
    case 7:
      if (name == "upgrade") fields.upgrade_to = &value;
      return;
    case 10:
      if (name == "connection") readConnection(value, fields);
      return;
    case 14:
      if (name != "content-length") return;
      fields.repeated_length = fields.content_length != nullptr;
      fields.content_length = &value;
      return;
    case 17:
      if (name != "transfer-encoding") return;
      if (fields.has_transfer_encoding) fields.transfer_encoding += ',';
      fields.transfer_encoding += value;
      fields.has_transfer_encoding = true;
      return;
    case 21:
      fields.has_websocket_version |= name == "sec-websocket-version";
      return;
    default:
      return;
  }
}

std::optional<Error> checkHost(const FramingFields& fields, bool http_1_0) {
  if (fields.repeated_host) return malformed("There is more than one Host.");
  if (fields.host == nullptr)
    return http_1_0 ? std::nullopt : std::optional{malformed("There is no Host.")};
  if (!isHost(*fields.host)) return malformed("Host is malformed.");
  return std::nullopt;
}

std::optional<Error> readTransferEncoding(const FramingFields& fields, Framing& framing) {
  if (fields.content_length != nullptr)
    return malformed("There are both Content-Length and Transfer-Encoding.");
  if (framing.http_1_0) return malformed("HTTP/1.0 has no Transfer-Encoding.");
  std::size_t codings = 0;
  std::string_view list = fields.transfer_encoding;
  do {
    const std::string_view coding = takeMember(list);
    if (coding.empty() || !std::all_of(coding.begin(), coding.end(), isTokenCharacter))
      return malformed("Transfer-Encoding is malformed.");
    if (framing.chunked) return malformed("A transfer coding follows \"chunked\".");
    framing.chunked = equalsIgnoringCase(coding, "chunked");
    ++codings;
  } while (!list.empty() || fields.transfer_encoding.ends_with(','));
  if (!framing.chunked || codings != 1)
    return Error::validation("NOT_IMPLEMENTED", "The only transfer coding known is \"chunked\".");
  return std::nullopt;
}

std::optional<Error> readContentLength(const FramingFields& fields, Framing& framing) {
  const std::string& text = *fields.content_length;
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  if (fields.repeated_length || !isDigits(text) || has_leading_zero ||
      text.size() > kLengthDigitsMax)
    return malformed("Content-Length is malformed.");
  for (const char c : text)
    framing.content_length = framing.content_length * 10 + static_cast<std::uint64_t>(c - '0');
  return std::nullopt;
}

std::optional<Error> readExpect(const FramingFields& fields, Framing& framing) {
  if (fields.expect == nullptr || framing.http_1_0) return std::nullopt;
  framing.expect_continue = equalsIgnoringCase(*fields.expect, "100-continue");
  if (framing.expect_continue) return std::nullopt;
  return Error::validation("EXPECTATION_FAILED", "The only expectation known is 100-continue.");
}

/// A handshake that went through as an ordinary request would look like a broken WebSocket server
/// (RFC 6455 §4.4); any other Upgrade is ignored, as it may be (RFC 9110 §7.8).
std::optional<Error> refuseWebSocket(const FramingFields& fields, const Framing& framing) {
  const bool asked = fields.upgrade && fields.has_websocket_version && !framing.http_1_0 &&
                     fields.upgrade_to != nullptr &&
                     equalsIgnoringCase(*fields.upgrade_to, "websocket");
  if (!asked) return std::nullopt;
  return Error::validation("UPGRADE_REQUIRED", "There is no WebSocket here, only HTTP/1.1.");
}

bool isPort(std::string_view text) {
  return text.empty() || (isDigits(text) && text.size() <= 5);
}

}  // namespace

bool isHost(std::string_view value) {
  std::size_t end = 0;
  if (value.starts_with('[')) {
    const auto inside = [](char c) { return hexDigit(c) >= 0 || c == ':' || c == '.'; };
    const std::size_t close = std::min(value.find(']'), value.size());
    if (close < 3 || close == value.size()) return false;
    if (!std::all_of(value.begin() + 1, value.begin() + static_cast<std::ptrdiff_t>(close), inside))
      return false;
    end = close + 1;
  } else {
    end = std::min(value.find(':'), value.size());
    const auto inName = [](char c) {
      return isTokenCharacter(c) &&
             std::string_view{"!#$&'*+^`|"}.find(c) == std::string_view::npos;
    };
    if (end == 0 ||
        !std::all_of(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(end), inName))
      return false;
  }
  return end == value.size() || (value[end] == ':' && isPort(value.substr(end + 1)));
}

std::optional<Error> readFraming(const HttpRequest& request, Framing& framing) {
  FramingFields fields;
  for (const auto& [name, value] : request.headers) {
    readField(name, value, fields);
    if (fields.repeated_length || fields.repeated_host) break;
  }
  framing.keep_alive = !fields.close && (!framing.http_1_0 || fields.keep_alive);
  if (auto refusal = checkHost(fields, framing.http_1_0)) return refusal;
  if (fields.has_transfer_encoding) {
    if (auto refusal = readTransferEncoding(fields, framing)) return refusal;
  } else if (fields.content_length != nullptr) {
    if (auto refusal = readContentLength(fields, framing)) return refusal;
  }
  if (auto refusal = refuseWebSocket(fields, framing)) return refusal;
  return readExpect(fields, framing);
}

}  // namespace bulkhead::host
