#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bulkhead::host {
namespace detail {

constexpr std::array<bool, 256> makeTokenCharacters() {
  std::array<bool, 256> token{};
  for (unsigned c = 0x21; c < 0x7f; ++c) token[c] = true;
  for (const char c : std::string_view{"\"(),/:;<=>?@[\\]{}"})
    token[static_cast<unsigned char>(c)] = false;
  return token;
}
inline constexpr std::array<bool, 256> kTokenCharacters = makeTokenCharacters();

/// Whether one of eight bytes is a control character, the tab among them.
inline bool hasControl(const char* at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = kOnes * 0x80;
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  const std::uint64_t deleted = word ^ (kOnes * 0x7f);
  const std::uint64_t control = ((word - kOnes * 0x20) & ~word) | ((deleted - kOnes) & ~deleted);
  return (control & kHigh) != 0;
}

}  // namespace detail

/// RFC 9110 §5.6.2 tchar: visible ASCII without delimiters.
constexpr bool isTokenCharacter(char c) {
  return detail::kTokenCharacters[static_cast<unsigned char>(c)];
}

/// RFC 9110 §5.6.2: at least one character.
constexpr bool isToken(std::string_view text) {
  for (const char c : text) {
    if (!isTokenCharacter(c)) return false;
  }
  return !text.empty();
}

/// RFC 9110 §5.5: visible characters, SP, HTAB and obs-text; no other control character. May be
/// empty.
constexpr bool isFieldCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

/// True when every character may stand in a field value. Looks at eight of them at a time while
/// they hold no control character at all.
inline bool isFieldValue(std::string_view text) {
  while (text.size() >= sizeof(std::uint64_t) && !detail::hasControl(text.data()))
    text.remove_prefix(sizeof(std::uint64_t));
  for (const char c : text) {
    if (!isFieldCharacter(c)) return false;
  }
  return true;
}

/// True for whole lines "name: value", each ended by CRLF. May be none.
constexpr bool areHeaderLines(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t colon = lines.find(": ");
    const std::size_t end = lines.find("\r\n");
    if (end == std::string_view::npos || colon > end || !isToken(lines.substr(0, colon)))
      return false;
    for (const char c : lines.substr(colon, end - colon)) {
      if (!isFieldCharacter(c)) return false;
    }
    lines.remove_prefix(end + 2);
  }
  return true;
}

}  // namespace bulkhead::host
