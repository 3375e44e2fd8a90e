#include "logging/redactor.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "logging/json_text.hpp"
#include "logging/secret_names.hpp"

namespace bulkhead::host {
namespace {

using detail::isAlphanumeric;
using detail::startsWithIgnoringCase;

constexpr unsigned char kPattern = 1;  // may begin or join something that looks like a secret
constexpr unsigned char kSecretStart = 2;
constexpr unsigned char kSecretSecond = 4;  // stands behind the first byte of a registered secret

constexpr bool isDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool isBase64Url(char c) {
  return isAlphanumeric(c) || c == '-' || c == '_';
}
constexpr bool isNameCharacter(char c) {
  return isBase64Url(c) || c == '.';
}

/// False where a look at the neighbours is enough to know that no pattern begins at `at`.
bool mayBeginPattern(std::string_view text, std::size_t at) {
  const char next = at + 1 < text.size() ? text[at + 1] : '\0';
  switch (text[at]) {
    case 'b':
    case 'B':
      return next == 'h' || detail::lower(next) == 'e' || detail::lower(next) == 'a';
    case 'e':
      return next == 'y';
    case '=':
    case ':':
      return true;
    default:
      return isDigit(next) && (at == 0 || !isNameCharacter(text[at - 1]));
  }
}

/// A part of a text that must go.
struct Find {
  std::size_t begin;
  std::size_t end;
  std::string_view kept_tail{};  ///< shown after the stars
};

std::size_t endOf(std::string_view text, std::size_t at, bool (*belongs)(char)) {
  while (at < text.size() && belongs(text[at])) ++at;
  return at;
}

std::optional<Find> findApiKey(std::string_view text, std::size_t at) {
  const std::string_view here = text.substr(at);
  if (!here.starts_with("bh_live_") && !here.starts_with("bh_test_")) return std::nullopt;
  return Find{at + 8, endOf(text, at + 8, isBase64Url)};
}

std::optional<Find> findJsonWebToken(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("eyJ")) return std::nullopt;
  const std::size_t header = endOf(text, at, isBase64Url);
  if (header >= text.size() || text[header] != '.') return std::nullopt;
  const std::size_t payload = endOf(text, header + 1, isBase64Url);
  if (payload >= text.size() || text[payload] != '.' || payload - header < 3) return std::nullopt;
  return Find{at, endOf(text, payload + 1, isBase64Url)};
}

std::optional<Find> findCredentials(std::string_view text, std::size_t at) {
  for (const std::string_view scheme : {"bearer ", "basic "}) {
    if (!startsWithIgnoringCase(text.substr(at), scheme)) continue;
    const std::size_t begin = at + scheme.size();
    const std::size_t end = endOf(text, begin, [](char c) {
      return isBase64Url(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
    });
    if (end - begin >= 8) return Find{begin, end};
  }
  return std::nullopt;
}

bool passesLuhn(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

/// A card number is 13 to 19 digits from an issuer (first digit 2 to 6), in one piece or in groups
/// as on the card; times and serial numbers are not taken for one.
std::optional<Find> findCardNumber(std::string_view text, std::size_t at) {
  if (text[at] < '2' || text[at] > '6') return std::nullopt;
  if (at > 0 && (isNameCharacter(text[at - 1]))) return std::nullopt;
  std::array<char, 19> digits{};
  std::size_t count = 0;
  std::size_t group = 0;
  char separator = 0;
  std::size_t end = at;
  for (; end < text.size(); ++end) {
    const char c = text[end];
    if (isDigit(c)) {
      if (count == digits.size()) return std::nullopt;
      digits[count++] = c;
      ++group;
      continue;
    }
    const bool joins = (c == ' ' || c == '-') && (separator == 0 || separator == c) && group >= 4 &&
                       group <= 6 && end + 1 < text.size() && isDigit(text[end + 1]);
    if (!joins) break;
    separator = c;
    group = 0;
  }
  if (end < text.size() && isBase64Url(text[end])) return std::nullopt;
  if (count < 13 || !passesLuhn({digits.data(), count})) return std::nullopt;
  return Find{at, end,
              text.substr(end - std::min<std::size_t>(4, group), std::min<std::size_t>(4, group))};
}

/// user:password of scheme://user:password@host, `at` on the colon.
std::optional<Find> findUserInfo(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("://") || at == 0 || !isAlphanumeric(text[at - 1])) {
    return std::nullopt;
  }
  const std::size_t begin = at + 3;
  const std::size_t end = std::min(text.find_first_of("/?# \t\r\n\"'<>", begin), text.size());
  const std::size_t sign = text.substr(0, end).rfind('@');
  if (sign == std::string_view::npos || sign <= begin) return std::nullopt;
  return Find{begin, sign};
}

std::string_view nameBefore(std::string_view text, std::size_t end) {
  std::size_t begin = end;
  while (begin > 0 && isNameCharacter(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

/// The value at `at`: up to the closing quote when it is quoted, else up to a separator.
std::optional<Find> valueFrom(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == '\\') ++at;
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
    const char quote = text[at];
    const std::size_t begin = at + 1;
    std::size_t end = begin;
    while (end < text.size() && text[end] != quote) ++end;
    while (end > begin && end < text.size() && text[end - 1] == '\\') --end;
    return end > begin ? std::optional{Find{begin, end}} : std::nullopt;
  }
  const std::size_t end = std::min(text.find_first_of("&;, \t\r\n\"'<>(){}[]", at), text.size());
  return end > at ? std::optional{Find{at, end}} : std::nullopt;
}

std::optional<Find> findAssignment(std::string_view text, std::size_t at) {
  if (!isSecretName(nameBefore(text, at))) return std::nullopt;
  return valueFrom(text, at + 1);
}

std::size_t skipSpaces(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at;
}

/// "name": value of JSON text, also of such text inside of JSON text.
std::optional<Find> findMember(std::string_view text, std::size_t at) {
  std::size_t name_end = at;
  while (name_end > 0 && text[name_end - 1] == ' ') --name_end;
  if (name_end == 0 || text[name_end - 1] != '"') return std::nullopt;
  --name_end;
  while (name_end > 0 && text[name_end - 1] == '\\') --name_end;
  if (!isSecretName(nameBefore(text, name_end))) return std::nullopt;
  return valueFrom(text, skipSpaces(text, at + 1));
}

/// `X-API-Key: value`. A single word before a colon is prose ("Invalid token: expired") unless only
/// a header or a form is written so.
std::optional<Find> findHeader(std::string_view text, std::size_t at) {
  const std::string_view name = nameBefore(text, at);
  if (!isSecretName(name)) return std::nullopt;
  const std::size_t begin = skipSpaces(text, at + 1);
  if (startsWithIgnoringCase(name, "passw") || startsWithIgnoringCase(name, "pwd")) {
    return valueFrom(text, begin);
  }
  const bool is_header = name.find('-') != std::string_view::npos ||
                         startsWithIgnoringCase(name, "authorization") ||
                         startsWithIgnoringCase(name, "cookie");
  const std::size_t end = std::min(text.find_first_of("\r\n\"", begin), text.size());
  if (!is_header || end <= begin) return std::nullopt;
  return Find{begin, end};
}

std::optional<Find> findPattern(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (isDigit(c)) return findCardNumber(text, at);
  std::optional<Find> find;
  switch (c) {
    case 'b':
    case 'B':
      find = findApiKey(text, at);
      return find ? find : findCredentials(text, at);
    case 'e':
      return findJsonWebToken(text, at);
    case '=':
      return findAssignment(text, at);
    case ':':
      find = findUserInfo(text, at);
      if (!find) find = findMember(text, at);
      return find ? find : findHeader(text, at);
    default:
      return std::nullopt;
  }
}

std::string percentEncoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (isBase64Url(c) || c == '.' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4U], kHex[byte & 0xFU]};
    }
  }
  return out;
}

}  // namespace

struct Redactor::SecretSet {
  std::vector<std::string> values;  ///< longest first
  std::array<unsigned char, 256> marks{};

  SecretSet() {
    for (const char c : std::string_view{"bBe=:23456"})
      marks[static_cast<unsigned char>(c)] |= kPattern;
  }

  bool has(char c, unsigned char mark) const {
    return (marks[static_cast<unsigned char>(c)] & mark) != 0;
  }

  /// The place of the next byte that has a mark: nearly all have none.
  std::size_t nextMarked(std::string_view text, std::size_t at) const {
    while (at < text.size() && marks[static_cast<unsigned char>(text[at])] == 0) ++at;
    return at;
  }

  void add(std::string value) {
    if (std::find(values.begin(), values.end(), value) != values.end()) return;
    marks[static_cast<unsigned char>(value[0])] |= kSecretStart;
    marks[static_cast<unsigned char>(value[1])] |= kSecretSecond;
    values.push_back(std::move(value));
    std::sort(values.begin(), values.end(),
              [](const auto& a, const auto& b) { return a.size() > b.size(); });
  }

  std::optional<Find> findAt(std::string_view text, std::size_t at) const {
    if (at + 1 >= text.size() || !has(text[at + 1], kSecretSecond)) return std::nullopt;
    for (const std::string& value : values) {
      if (text.substr(at).starts_with(value)) return Find{at, at + value.size()};
    }
    return std::nullopt;
  }
};

Redactor::Redactor() {
  sets_.push_back(std::make_unique<SecretSet>());
  current_ = sets_.back().get();
}

Redactor::~Redactor() = default;

bool Redactor::addSecret(std::string_view secret) {
  if (secret.size() < kSecretBytesMin) return false;
  std::string as_json;
  appendJsonText(as_json, secret, secret.size() * 6 + 6);
  const std::lock_guard lock{mutex_};
  auto next = std::make_unique<SecretSet>(*sets_.back());
  next->add(std::string{secret});
  next->add(std::move(as_json));
  next->add(percentEncoded(secret));
  current_.store(next.get(), std::memory_order_release);
  sets_.push_back(std::move(next));
  return true;
}

std::string_view Redactor::redact(std::string_view text, std::string& scratch) const {
  const SecretSet& secrets = *current_.load(std::memory_order_acquire);
  std::size_t copied = 0;
  for (std::size_t at = secrets.nextMarked(text, 0); at < text.size();
       at = secrets.nextMarked(text, at + 1)) {
    const unsigned char mark = secrets.marks[static_cast<unsigned char>(text[at])];
    std::optional<Find> find;
    if ((mark & kSecretStart) != 0) find = secrets.findAt(text, at);
    if (!find && (mark & kPattern) != 0 && mayBeginPattern(text, at)) find = findPattern(text, at);
    if (!find) continue;
    if (copied == 0) scratch.clear();
    scratch += text.substr(copied, find->begin - copied);
    scratch += kStars;
    scratch += find->kept_tail;
    copied = find->end;
    at = find->end - 1;
  }
  if (copied == 0) return text;
  scratch += text.substr(copied);
  return scratch;
}

}  // namespace bulkhead::host
