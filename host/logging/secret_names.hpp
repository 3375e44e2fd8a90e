#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bulkhead::host {
namespace detail {

/// One bit for each letter, whatever its case.
constexpr std::uint32_t letterBit(char c) {
  const auto index = static_cast<unsigned>(static_cast<unsigned char>(c) | 0x20U) - 'a';
  return index < 26 ? 1U << index : 0;
}

constexpr std::uint32_t lettersOf(std::string_view word) {
  std::uint32_t letters = 0;
  for (const char c : word) letters |= letterBit(c);
  return letters;
}

/// Part of a secret's name. The set of its letters rules out most names at once.
struct SecretWord {
  std::string_view text;
  bool whole;  ///< compared as a whole word: "discard" and "cardinality" hold "card"
  std::uint32_t letters = lettersOf(text);
};

inline constexpr std::array<SecretWord, 17> kSecretWords{{
    {"password", false},
    {"passwd", false},
    {"secret", false},
    {"token", false},
    {"apikey", false},
    {"cookie", false},
    {"pwd", true},
    {"pass", true},
    {"credential", false},
    {"privatekey", false},
    {"ssn", true},
    {"iban", true},
    {"card", true},
    {"pan", true},
    {"cvv", true},
    {"cvc", true},
    {"authorization", false},
}};

constexpr bool isUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr char lower(char c) {
  return isUpper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool isAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

constexpr bool startsWithIgnoringCase(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() &&
         std::equal(lower_case.begin(), lower_case.end(), text.begin(),
                    [](char a, char b) { return a == lower(b); });
}

/// True when `word` is one of the words that case and punctuation make of `name`.
constexpr bool hasWord(std::string_view name, std::string_view word) {
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= name.size(); ++i) {
    const bool ends =
        i == name.size() || !isAlphanumeric(name[i]) || (isUpper(name[i]) && name[i - 1] >= 'a');
    if (!ends) continue;
    if (i - begin == word.size() && startsWithIgnoringCase(name.substr(begin), word)) return true;
    begin = i < name.size() && !isAlphanumeric(name[i]) ? i + 1 : i;
  }
  return false;
}

}  // namespace detail

/// True for names whose values are never shown: password, secret, token, authorization, API key,
/// cookie, ssn, iban, card, in any case and joining; not for names that end in "Id".
constexpr bool isSecretName(std::string_view name) {
  using detail::kSecretWords;
  using detail::SecretWord;
  if (name.size() < 3 || name.size() > 64) return name.size() > 64;
  const std::uint32_t letters = detail::lettersOf(name);
  const auto may_hold = [&](const SecretWord& word) {
    return (letters & word.letters) == word.letters;
  };
  if (std::none_of(kSecretWords.begin(), kSecretWords.end(), may_hold)) return false;
  if (name.ends_with("Id") || name.ends_with("_id") || name.ends_with("-id")) return false;
  std::array<char, 64> characters{};
  std::size_t count = 0;
  for (const char c : name) {
    if (c != '-' && c != '_' && c != '.') characters[count++] = detail::lower(c);
  }
  const std::string_view joined{characters.data(), count};
  return std::any_of(kSecretWords.begin(), kSecretWords.end(), [&](const SecretWord& word) {
    return may_hold(word) && (word.whole ? detail::hasWord(name, word.text)
                                         : joined.find(word.text) != std::string_view::npos);
  });
}

}  // namespace bulkhead::host
