#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bulkhead {

namespace detail {

constexpr std::array<bool, 256> makePlainInJson() noexcept {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
inline constexpr std::array<bool, 256> kPlainInJson = makePlainInJson();

inline bool isPlainWord(const char* at) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = kOnes * 0x80;
  const auto zero_in = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes; };
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  const std::uint64_t special = word | ((word - kOnes * 0x20) & ~word) |
                                zero_in(word ^ (kOnes * '"')) | zero_in(word ^ (kOnes * '\\')) |
                                zero_in(word ^ (kOnes * 0x7f));
  return (special & kHigh) == 0;
}

}  // namespace detail

/// True for what stands in a JSON string as it is, in any encoding: visible ASCII and the space,
/// without quotation mark and backslash.
constexpr bool isPlainInJson(char c) noexcept {
  return detail::kPlainInJson[static_cast<unsigned char>(c)];
}

/// How many bytes at the start of `text` are plain. Looks at eight of them at a time.
inline std::size_t plainInJson(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at + sizeof(std::uint64_t) <= text.size() && detail::isPlainWord(text.data() + at))
    at += sizeof(std::uint64_t);
  while (at < text.size() && isPlainInJson(text[at])) ++at;
  return at;
}

}  // namespace bulkhead
