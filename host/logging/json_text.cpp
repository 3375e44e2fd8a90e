#include "logging/json_text.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::host {
namespace {

constexpr std::array<bool, 256> makePlain() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = makePlain();
constexpr std::size_t kLongestEscape = 6;

/// Length of the well-formed UTF-8 sequence at the start of `text`, or 0 (RFC 3629 table 3-7).
std::size_t sequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool in_range = !(lead == 0xE0 && byte(1) < 0xA0) && !(lead == 0xED && byte(1) > 0x9F);
    return in_range && follows(1) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool in_range = !(lead == 0xF0 && byte(1) < 0x90) && !(lead == 0xF4 && byte(1) > 0x8F);
    return in_range && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void appendCodeUnit(std::string& out, unsigned unit) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 0xFU];
}

void appendAscii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      appendCodeUnit(out, static_cast<unsigned char>(c));
  }
}

/// Appends one character that is not plain ASCII; returns how many bytes of `text` it took.
std::size_t appendSpecial(std::string& out, std::string_view text) {
  if (static_cast<unsigned char>(text[0]) < 0x80) {
    appendAscii(out, text[0]);
    return 1;
  }
  const std::size_t length = sequenceLength(text);
  if (length == 0) {
    out += "\xEF\xBF\xBD";
    return 1;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if (static_cast<unsigned char>(text[0]) == 0xC2 && second < 0xA0) {
    appendCodeUnit(out, second);
  } else {
    out += text.substr(0, length);
  }
  return length;
}

}  // namespace

bool appendJsonText(std::string& out, std::string_view text, std::size_t size_max) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (out.size() + kLongestEscape > size_max) return false;
    const std::size_t last = at + std::min(text.size() - at, size_max - out.size());
    std::size_t end = at;
    while (end < last && kPlain[static_cast<unsigned char>(text[end])]) ++end;
    if (end == at) {
      at += appendSpecial(out, text.substr(at));
    } else {
      out += text.substr(at, end - at);
      at = end;
    }
  }
  return true;
}

}  // namespace bulkhead::host
