#pragma once

#include <array>
#include <string_view>

namespace bulkhead::host {
namespace detail {

/// What each byte may be used for in HTTP.
struct CharacterTable {
  static constexpr unsigned char kToken = 1, kField = 2, kTarget = 4;
  std::array<unsigned char, 256> classes{};

  constexpr CharacterTable() {
    constexpr std::string_view kTokenSymbols = "!#$%&'*+-.^_`|~";
    for (unsigned c = 0; c < 256; ++c) {
      const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (alnum || (c < 128 && kTokenSymbols.find(static_cast<char>(c)) != std::string_view::npos))
        classes[c] |= kToken;
      if ((c >= 0x20 && c != 0x7f) || c == '\t') classes[c] |= kField;
      if (c > 0x20 && c < 0x7f && c != '#') classes[c] |= kTarget;
    }
  }
};
inline constexpr CharacterTable kCharacters{};

}  // namespace detail

/// RFC 9110 §5.6.2 tchar.
constexpr bool isTokenCharacter(char c) {
  return (detail::kCharacters.classes[static_cast<unsigned char>(c)] &
          detail::CharacterTable::kToken) != 0;
}
/// RFC 9110 §5.5: visible characters, SP, HTAB and obs-text; no other control character.
constexpr bool isFieldCharacter(char c) {
  return (detail::kCharacters.classes[static_cast<unsigned char>(c)] &
          detail::CharacterTable::kField) != 0;
}
/// Visible ASCII without "#": what a request target may hold before decoding.
constexpr bool isTargetCharacter(char c) {
  return (detail::kCharacters.classes[static_cast<unsigned char>(c)] &
          detail::CharacterTable::kTarget) != 0;
}
/// True when every character may stand in a field value; without branches, so that the compiler can
/// look at many at a time.
constexpr bool isFieldValue(std::string_view text) {
  unsigned bad = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    bad |= static_cast<unsigned>(byte < 0x20) & static_cast<unsigned>(byte != '\t');
    bad |= static_cast<unsigned>(byte == 0x7f);
  }
  return bad == 0;
}
/// Value of a hex digit, or -1.
constexpr int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
/// ASCII lower case, independent of the locale.
constexpr char toLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

constexpr bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (toLower(a[i]) != toLower(b[i])) return false;
  }
  return true;
}

}  // namespace bulkhead::host
