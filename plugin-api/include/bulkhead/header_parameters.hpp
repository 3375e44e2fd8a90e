#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead {

/// A header's value with parameters, as Content-Type and Content-Disposition have them:
/// `form-data; name="file"; filename="a.csv"` (RFC 9110 §5.6.6). Names are compared without case.
class HeaderParameters {
 public:
  /// Nothing when the text is not exactly of that form, or a parameter is given twice.
  static std::optional<HeaderParameters> parse(std::string_view text) {
    HeaderParameters result;
    const std::size_t end = std::min(text.find(';'), text.size());
    result.value_ = lower(trimmed(text.substr(0, end)));
    if (result.value_.empty()) return std::nullopt;
    text.remove_prefix(end);
    while (!text.empty()) {
      if (!result.takeParameter(text)) return std::nullopt;
    }
    return result;
  }

  /// What stands before the parameters, in lower case.
  const std::string& value() const noexcept { return value_; }
  /// A parameter (`name` in lower case) without its quotes.
  std::optional<std::string_view> find(std::string_view name) const {
    for (const auto& [known, value] : parameters_) {
      if (known == name) return value;
    }
    return std::nullopt;
  }

 private:
  static char lower(char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); }
  static std::string lower(std::string_view text) {
    std::string result{text};
    std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
    return result;
  }
  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
  }
  static bool isTokenCharacter(char c) {
    static constexpr std::string_view kDelimiters = "\"(),/:;<=>?@[\\]{}";
    return c > ' ' && c < 0x7f && kDelimiters.find(c) == std::string_view::npos;
  }

  /// One `; name=value` from the front of `text`.
  bool takeParameter(std::string_view& text) {
    text = trimmed(text.substr(1));
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    std::string name = lower(text.substr(0, equals));
    if (!std::all_of(name.begin(), name.end(), isTokenCharacter) || find(name)) return false;
    text.remove_prefix(equals + 1);
    std::string value;
    if (!(text.starts_with('"') ? takeQuoted(text, value) : takeToken(text, value))) return false;
    parameters_.emplace_back(std::move(name), std::move(value));
    text = trimmed(text);
    return text.empty() || text.front() == ';';
  }
  static bool takeToken(std::string_view& text, std::string& value) {
    const auto end = std::find_if_not(text.begin(), text.end(), isTokenCharacter);
    const auto size = static_cast<std::size_t>(end - text.begin());
    value = text.substr(0, size);
    text.remove_prefix(size);
    return size > 0;
  }
  static bool takeQuoted(std::string_view& text, std::string& value) {
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '"') {
        text.remove_prefix(i + 1);
        return true;
      }
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      value += text[i];
    }
    return false;
  }

  std::string value_;
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace bulkhead
