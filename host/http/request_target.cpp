#include "http/request_target.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "http/characters.hpp"

namespace bulkhead::host {
namespace {

constexpr const char* kBadEncoding = "The request target holds an invalid percent-encoding.";
constexpr const char* kBadCharacter = "The request target holds a character that is not allowed.";
constexpr const char* kDotSegment = "The path holds a \".\" or \"..\" segment.";
constexpr const char* kNotUtf8 = "The request target is not UTF-8.";

bool isControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// The byte that "%XY" at `at` stands for, or -1.
int encodedByte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = hexDigit(text[at + 1]);
  const int low = hexDigit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

const char* decodePath(std::string_view text, std::string& path) {
  std::size_t i = 0;
  while (i < text.size() && isPathCharacter(text[i])) ++i;
  path.assign(text, 0, i);
  while (i < text.size()) {
    if (text[i] != '%') {
      if (!isPathCharacter(text[i])) return kBadCharacter;
      path += text[i++];
      continue;
    }
    const int byte = encodedByte(text, i);
    if (byte < 0) return kBadEncoding;
    const char decoded = static_cast<char>(byte);
    if (isControl(decoded) || decoded == '/' || decoded == '\\') return kBadCharacter;
    path += decoded;
    i += 3;
  }
  return nullptr;
}

bool hasDotSegment(std::string_view path) {
  for (std::size_t at = path.find('.'); at != std::string_view::npos; at = path.find('.', at + 1)) {
    if (at == 0 || path[at - 1] != '/') continue;
    const std::string_view rest = path.substr(at + 1);
    if (rest.empty() || rest[0] == '/') return true;
    if (rest[0] == '.' && (rest.size() == 1 || rest[1] == '/')) return true;
  }
  return false;
}

const char* decodeQueryPart(std::string_view text, std::string& part) {
  part.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      part += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int byte = encodedByte(text, i);
    if (byte < 0) return kBadEncoding;
    if (byte == 0) return kBadCharacter;
    part += static_cast<char>(byte);
    i += 2;
  }
  return isUtf8(part) ? nullptr : kNotUtf8;
}

const char* decodeQuery(std::string_view text, Fields& query) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto& [name, value] = query.emplace_back();
    if (const char* why = decodeQueryPart(pair.substr(0, equals), name)) return why;
    const std::string_view raw_value = pair.substr(std::min(equals + 1, pair.size()));
    if (const char* why = decodeQueryPart(raw_value, value)) return why;
  }
  return nullptr;
}

/// Length of the well-formed sequence that starts at `at`; 0 when there is none (RFC 3629 §4).
std::size_t sequenceLength(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const std::uint32_t lead = byte(at);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(at + 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (lead == 0xe0 && byte(at + 1) < 0xa0) return 0;
    if (lead == 0xed && byte(at + 1) > 0x9f) return 0;
    return continues(at + 1) && continues(at + 2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (lead == 0xf0 && byte(at + 1) < 0x90) return 0;
    if (lead == 0xf4 && byte(at + 1) > 0x8f) return 0;
    return continues(at + 1) && continues(at + 2) && continues(at + 3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool isUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequenceLength(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

const char* decodeTarget(std::string_view target, HttpRequest& request) {
  const std::size_t question = std::min(target.find('?'), target.size());
  if (const char* why = decodePath(target.substr(0, question), request.path)) return why;
  if (hasDotSegment(request.path)) return kDotSegment;
  const bool is_ascii = request.path.size() == question;  // nothing was encoded
  if (!is_ascii && !isUtf8(request.path)) return kNotUtf8;
  if (question == target.size()) return nullptr;
  return decodeQuery(target.substr(question + 1), request.query);
}

}  // namespace bulkhead::host
