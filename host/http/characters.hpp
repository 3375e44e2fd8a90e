#pragma once

#include <array>
#include <string_view>

#include "runtime/field_text.hpp"

namespace bulkhead::host {
namespace detail {

/// What each byte may be used for in a request target.
struct TargetCharacters {
  static constexpr unsigned char kTarget = 1, kPath = 2;
  std::array<unsigned char, 256> classes{};

  constexpr TargetCharacters() {
    constexpr std::string_view kNotInPath = "%\"<>\\^`{}";
    for (unsigned c = 0x21; c < 0x7f; ++c) {
      const char symbol = static_cast<char>(c);
      if (symbol == '#') continue;
      classes[c] = kTarget;
      if (kNotInPath.find(symbol) == std::string_view::npos) classes[c] |= kPath;
    }
  }
};
inline constexpr TargetCharacters kTargetCharacters{};

}  // namespace detail

/// Visible ASCII without "#": what a request target may hold before decoding.
constexpr bool isTargetCharacter(char c) {
  return (detail::kTargetCharacters.classes[static_cast<unsigned char>(c)] &
          detail::TargetCharacters::kTarget) != 0;
}
/// Of those, what stands for itself in a path.
constexpr bool isPathCharacter(char c) {
  return (detail::kTargetCharacters.classes[static_cast<unsigned char>(c)] &
          detail::TargetCharacters::kPath) != 0;
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
