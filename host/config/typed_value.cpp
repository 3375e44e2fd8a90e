#include "config/typed_value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/text_file.hpp"

namespace bulkhead::host {
namespace {

constexpr std::array<std::pair<SettingType, std::string_view>, 8> kTypeNames{{
    {SettingType::String, "string"},
    {SettingType::Integer, "integer"},
    {SettingType::Number, "number"},
    {SettingType::Boolean, "boolean"},
    {SettingType::DurationMs, "duration_ms"},
    {SettingType::Url, "url"},
    {SettingType::Secret, "secret"},
    {SettingType::Enum, "enum"},
}};

struct DurationUnit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<DurationUnit, 5> kDurationUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

template <typename Value>
std::optional<Value> parseWhole(std::string_view text) {
  Value value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> parseBoolean(std::string_view text) {
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (equalsIgnoringCase(text, yes)) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (equalsIgnoringCase(text, no)) return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parseDuration(std::string_view text, std::int64_t bare_unit_ms) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = parseWhole<std::int64_t>(text.substr(0, digits));
  std::string_view unit_name = text.substr(digits);
  while (!unit_name.empty() && unit_name.front() == ' ') unit_name.remove_prefix(1);
  std::int64_t unit_ms = unit_name.empty() ? bare_unit_ms : 0;
  for (const DurationUnit& unit : kDurationUnits) {
    if (unit.name == unit_name) unit_ms = unit.ms;
  }
  if (!count || unit_ms == 0 || *count > std::numeric_limits<std::int64_t>::max() / unit_ms) {
    return std::nullopt;
  }
  return *count * unit_ms;
}

bool isUrl(std::string_view text) {
  const std::size_t separator = text.find("://");
  if (separator == std::string_view::npos || separator == 0) return false;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const std::string_view scheme = text.substr(0, separator);
  const bool scheme_good =
      is_letter(scheme.front()) && std::all_of(scheme.begin(), scheme.end(), [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
      });
  std::string_view authority = text.substr(separator + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::string_view host = authority.substr(authority.rfind('@') + 1);
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
  });
  return scheme_good && visible && !host.empty() && host.front() != ':';
}

bool isWithin(const SettingDeclaration& declaration, double value) {
  return (!declaration.min || value >= *declaration.min) &&
         (!declaration.max || value <= *declaration.max);
}

double lengthInCharacters(std::string_view text) {
  return static_cast<double>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::optional<TypedValue> parseText(const SettingDeclaration& declaration, std::string_view text) {
  if (!isPlainUtf8(text) || !isWithin(declaration, lengthInCharacters(text))) return std::nullopt;
  if (declaration.type == SettingType::Url && !isUrl(text)) return std::nullopt;
  if (declaration.isSecret()) return TypedValue{declaration.type, Secret{text}};
  return TypedValue{declaration.type, std::string{text}};
}

std::optional<TypedValue> parseEnum(const SettingDeclaration& declaration, std::string_view text) {
  for (const std::string& value : declaration.values) {
    if (equalsIgnoringCase(value, text)) return TypedValue{SettingType::Enum, value};
  }
  return std::nullopt;
}

template <typename Value>
std::optional<TypedValue> within(const SettingDeclaration& declaration,
                                 const std::optional<Value>& value) {
  if (!value || !isWithin(declaration, static_cast<double>(*value))) return std::nullopt;
  return TypedValue{declaration.type, *value};
}

std::string boundText(const SettingDeclaration& declaration, double bound) {
  if (declaration.type == SettingType::DurationMs) {
    return durationText(static_cast<std::int64_t>(bound));
  }
  return fmt::format("{}", bound);
}

std::string rangeText(const SettingDeclaration& declaration) {
  const auto& [min, max] = std::pair{declaration.min, declaration.max};
  if (min && max) {
    return fmt::format(" from {} to {}", boundText(declaration, *min),
                       boundText(declaration, *max));
  }
  if (min) return fmt::format(" of at least {}", boundText(declaration, *min));
  if (max) return fmt::format(" of at most {}", boundText(declaration, *max));
  return "";
}

std::string textExpectation(const SettingDeclaration& declaration, std::string_view what) {
  const std::string range = rangeText(declaration);
  return range.empty() ? std::string{what} : fmt::format("{}{} characters", what, range);
}

}  // namespace

std::string_view settingTypeName(SettingType type) {
  for (const auto& [known, name] : kTypeNames) {
    if (known == type) return name;
  }
  return "";
}

std::optional<SettingType> findSettingType(std::string_view name) {
  for (const auto& [type, known] : kTypeNames) {
    if (known == name) return type;
  }
  return std::nullopt;
}

std::string TypedValue::display() const {
  if (isSecret()) return std::string{secret().redacted()};
  switch (type_) {
    case SettingType::Integer:
      return fmt::format("{}", integer());
    case SettingType::Number:
      return fmt::format("{}", number());
    case SettingType::Boolean:
      return boolean() ? "true" : "false";
    case SettingType::DurationMs:
      return durationText(integer());
    case SettingType::Url:
      return withoutUserInfo(text());
    default:
      return text();
  }
}

std::string TypedValue::revealedJson() const {
  return std::visit(
      [](const auto& value) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Secret>) {
          return nlohmann::json(value.reveal()).dump();
        } else {
          return nlohmann::json(value).dump();
        }
      },
      storage_);
}

std::optional<TypedValue> parseValue(const SettingDeclaration& declaration, std::string_view text) {
  switch (declaration.type) {
    case SettingType::Integer:
      return within(declaration, parseWhole<std::int64_t>(text));
    case SettingType::Number: {
      const auto value = parseWhole<double>(text);
      if (value && !std::isfinite(*value)) return std::nullopt;
      return within(declaration, value);
    }
    case SettingType::Boolean: {
      const auto value = parseBoolean(text);
      if (!value) return std::nullopt;
      return TypedValue{SettingType::Boolean, *value};
    }
    case SettingType::DurationMs:
      return within(declaration, parseDuration(text, declaration.bare_unit_ms));
    case SettingType::Enum:
      return parseEnum(declaration, text);
    default:
      return parseText(declaration, text);
  }
}

std::string expectation(const SettingDeclaration& declaration) {
  switch (declaration.type) {
    case SettingType::Integer:
      return "an integer" + rangeText(declaration);
    case SettingType::Number:
      return "a number" + rangeText(declaration);
    case SettingType::Boolean:
      return "true or false";
    case SettingType::DurationMs:
      return "a duration such as \"250ms\", \"20s\" or \"5m\"" + rangeText(declaration);
    case SettingType::Enum:
      return fmt::format("one of {}", fmt::join(declaration.values, ", "));
    case SettingType::Url:
      return textExpectation(declaration, "a URL such as \"https://host/\"");
    case SettingType::Secret:
      return textExpectation(declaration, "a secret");
    case SettingType::String:
      return textExpectation(declaration, "a text");
  }
  return "";
}

std::string withoutUserInfo(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return std::string{url};
  const std::size_t end = std::min(url.find_first_of("/?#", begin + 3), url.size());
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < begin) return std::string{url};
  return fmt::format("{}******{}", url.substr(0, begin + 3), url.substr(at));
}

std::string durationText(std::int64_t duration_ms) {
  for (const DurationUnit& unit : kDurationUnits) {
    if (duration_ms != 0 && duration_ms % unit.ms == 0) {
      return fmt::format("{}{}", duration_ms / unit.ms, unit.name);
    }
  }
  return "0s";
}

}  // namespace bulkhead::host
