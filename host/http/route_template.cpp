#include "http/route_template.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fmt/format.h>

#include <bulkhead/error.hpp>

#include "http/characters.hpp"

namespace bulkhead::host {
namespace {

struct TypeName {
  ParameterType type;
  std::string_view name;
};
constexpr std::array kTypeNames{TypeName{ParameterType::Integer, "int"},
                                TypeName{ParameterType::Uuid, "uuid"},
                                TypeName{ParameterType::Date, "date"}};

[[noreturn]] void throwInvalid(std::string_view route_template, std::string_view why) {
  throw Error::configuration("ROUTE_INVALID",
                             fmt::format("Route template \"{}\": {}.", route_template, why));
}

bool isName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
}

bool isDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool isInteger(std::string_view text) {
  constexpr std::size_t kDigitsMax = 18;  // every one of them fits into 64 bits
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() <= kDigitsMax && isDigits(text);
}

bool isUuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] == '-' ? text[i] != '-' : hexDigit(text[i]) < 0) return false;
  }
  return true;
}

bool isDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = -1;
    if (isDigits(text.substr(at, length)))
      std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  const int month = number(5, 2);
  const int day = number(8, 2);
  if (number(0, 4) < 0 || month < 0 || day < 0) return false;
  return std::chrono::year_month_day{std::chrono::year{number(0, 4)},
                                     std::chrono::month{static_cast<unsigned>(month)},
                                     std::chrono::day{static_cast<unsigned>(day)}}
      .ok();
}

TemplateSegment parseParameter(std::string_view text, std::string_view route_template) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  TemplateSegment segment{std::string{text.substr(0, colon)}, true, ParameterType::Text};
  if (!isName(segment.text))
    throwInvalid(route_template, "a parameter is a whole segment like {name} or {name:int}");
  if (colon == text.size()) return segment;
  const auto type = std::find_if(kTypeNames.begin(), kTypeNames.end(), [&](const TypeName& known) {
    return known.name == text.substr(colon + 1);
  });
  if (type == kTypeNames.end())
    throwInvalid(route_template, "a parameter's type is int, uuid or date");
  segment.type = type->type;
  return segment;
}

TemplateSegment parseSegment(std::string_view text, std::string_view route_template) {
  if (text.empty()) throwInvalid(route_template, "a segment is empty");
  if (text.find_first_of("{}") == std::string_view::npos) return {std::string{text}};
  const bool is_whole = text.size() > 1 && text.front() == '{' && text.back() == '}';
  return parseParameter(is_whole ? text.substr(1, text.size() - 2) : text, route_template);
}

void checkNames(const std::vector<TemplateSegment>& segments, std::string_view route_template) {
  std::vector<std::string_view> names;
  for (const TemplateSegment& segment : segments) {
    if (!segment.is_parameter) continue;
    if (std::find(names.begin(), names.end(), segment.text) != names.end())
      throwInvalid(route_template, "a parameter name is there twice");
    names.push_back(segment.text);
  }
  if (names.size() > kParametersMax) throwInvalid(route_template, "it has too many parameters");
}

}  // namespace

bool takes(ParameterType type, std::string_view segment) {
  switch (type) {
    case ParameterType::Integer:
      return isInteger(segment);
    case ParameterType::Uuid:
      return isUuid(segment);
    case ParameterType::Date:
      return isDate(segment);
    case ParameterType::Text:
    case ParameterType::kCount:
      break;
  }
  return !segment.empty();
}

std::vector<TemplateSegment> parseRouteTemplate(std::string_view route_template) {
  if (!route_template.starts_with('/')) throwInvalid(route_template, "it does not start with /");
  std::vector<TemplateSegment> segments;
  if (route_template == "/") return segments;
  for (std::string_view rest = route_template; !rest.empty();)
    segments.push_back(parseSegment(takeSegment(rest), route_template));
  checkNames(segments, route_template);
  return segments;
}

std::string withoutTypes(const std::vector<TemplateSegment>& segments) {
  std::string plain;
  for (const TemplateSegment& segment : segments)
    plain += segment.is_parameter ? "/{" + segment.text + "}" : "/" + segment.text;
  return plain.empty() ? "/" : plain;
}

std::string_view takeSegment(std::string_view& path) {
  const std::string_view rest = path.substr(1);
  const std::size_t end = std::min(rest.find('/'), rest.size());
  path = rest.substr(end);
  return rest.substr(0, end);
}

void throwRouteConflict(std::string_view method, std::string_view route_template,
                        std::string_view owner, std::string_view other_owner) {
  throw Error::configuration("ROUTE_CONFLICT",
                             fmt::format("{} {} is wanted by \"{}\" and belongs to \"{}\" already.",
                                         method, route_template, owner, other_owner));
}

}  // namespace bulkhead::host
