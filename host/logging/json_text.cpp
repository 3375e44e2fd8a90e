#include "logging/json_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace bulkhead::host {
namespace {

constexpr std::array<bool, 256> makePlain() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = makePlain();
constexpr std::ptrdiff_t kLongestEscape = 6;
constexpr std::ptrdiff_t kWord = sizeof(std::uint64_t);

/// True when all eight bytes are plain: one look at each in turn, in one register.
bool isPlainWord(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = kOnes * 0x80;
  const auto holds = [](std::uint64_t bytes, std::uint64_t c) {
    const std::uint64_t same = bytes ^ (kOnes * c);
    return (same - kOnes) & ~same;
  };
  const std::uint64_t control = (word - kOnes * 0x20) & ~word;
  return ((word | control | holds(word, '"') | holds(word, '\\') | holds(word, 0x7f)) & kHigh) == 0;
}

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

char* put(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

char* putCodeUnit(char* at, unsigned unit) {
  static constexpr char kHex[] = "0123456789abcdef";
  at = put(at, "\\u");
  for (int shift = 12; shift >= 0; shift -= 4) *at++ = kHex[(unit >> shift) & 0xFU];
  return at;
}

char* putAscii(char* at, char c) {
  switch (c) {
    case '"':
      return put(at, "\\\"");
    case '\\':
      return put(at, "\\\\");
    case '\n':
      return put(at, "\\n");
    case '\r':
      return put(at, "\\r");
    case '\t':
      return put(at, "\\t");
    default:
      return putCodeUnit(at, static_cast<unsigned char>(c));
  }
}

/// Writes the first character of `rest`, which is not plain ASCII, and takes it away.
char* putSpecial(char* at, std::string_view& rest) {
  const auto lead = static_cast<unsigned char>(rest[0]);
  const std::size_t length = lead < 0x80 ? 1 : sequenceLength(rest);
  const std::string_view character = rest.substr(0, std::max<std::size_t>(length, 1));
  rest.remove_prefix(character.size());
  if (lead < 0x80) return putAscii(at, character[0]);
  if (length == 0) return put(at, "\xEF\xBF\xBD");
  const auto second = static_cast<unsigned char>(character[1]);
  const bool is_control = lead == 0xC2 && second < 0xA0;
  return is_control ? putCodeUnit(at, second) : put(at, character);
}

}  // namespace

JsonTextEnd writeJsonText(char* at, char* limit, std::string_view text) {
  while (!text.empty()) {
    std::ptrdiff_t room = limit - at;
    if (room < kLongestEscape) return {at, false};
    while (room >= kWord && text.size() >= kWord) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), kWord);
      if (!isPlainWord(word)) break;
      std::memcpy(at, &word, kWord);
      at += kWord;
      room -= kWord;
      text.remove_prefix(kWord);
    }
    while (room > 0 && !text.empty() && kPlain[static_cast<unsigned char>(text[0])]) {
      *at++ = text[0];
      --room;
      text.remove_prefix(1);
    }
    if (!text.empty() && room >= kLongestEscape) at = putSpecial(at, text);
  }
  return {at, true};
}

bool appendJsonText(std::string& out, std::string_view text, std::size_t size_max) {
  const std::size_t before = out.size();
  const std::size_t room = size_max - std::min(before, size_max);
  out.resize(before + std::min(room, text.size() * kLongestEscape + kLongestEscape));
  char* const start = out.data() + before;
  const auto [end, whole] = writeJsonText(start, out.data() + out.size(), text);
  out.resize(before + static_cast<std::size_t>(end - start));
  return whole;
}

}  // namespace bulkhead::host
