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

template <class Word>
Word wordAt(const char* at) noexcept {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Eight bytes at once. A difference has its high bit where the byte was below what is taken away;
/// a borrow from the byte beside it says no more than that one does. Space and "!" change places
/// with the quotation mark and "#", so that all of them that are special stand below 0x21.
inline bool isPlainWord(std::uint64_t word) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const std::uint64_t control_or_quote = (word ^ kOnes * 0x02) - kOnes * 0x21;
  const std::uint64_t backslash = (word ^ kOnes * '\\') - kOnes;
  const std::uint64_t deleted_or_not_ascii = word | (word + kOnes);
  return ((control_or_quote | backslash | deleted_or_not_ascii) & kOnes * 0x80) == 0;
}

/// The last eight bytes of `text`, which has four at least; of a shorter one some of them twice.
inline std::uint64_t lastWord(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  if (text.size() >= sizeof(std::uint64_t)) return wordAt<std::uint64_t>(end - 8);
  return std::uint64_t{wordAt<std::uint32_t>(text.data())} << 32 | wordAt<std::uint32_t>(end - 4);
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
  while (at + 8 <= text.size() &&
         detail::isPlainWord(detail::wordAt<std::uint64_t>(text.data() + at)))
    at += 8;
  const bool ends_here = at + 8 > text.size() && text.size() >= 4;
  if (ends_here && detail::isPlainWord(detail::lastWord(text))) return text.size();
  while (at < text.size() && isPlainInJson(text[at])) ++at;
  return at;
}

}  // namespace bulkhead
