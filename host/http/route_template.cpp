#include "http/route_template.hpp"

#include <algorithm>
#include <fmt/format.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

[[noreturn]] void throwInvalid(std::string_view route_template, std::string_view why) {
  throw Error::configuration("ROUTE_INVALID",
                             fmt::format("Route template \"{}\": {}.", route_template, why));
}

bool isName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
}

TemplateSegment parseSegment(std::string_view text, std::string_view route_template) {
  if (text.empty()) throwInvalid(route_template, "a segment is empty");
  if (text.find_first_of("{}") == std::string_view::npos) return {std::string{text}, false};
  const bool is_whole = text.front() == '{' && text.back() == '}';
  if (!is_whole || !isName(text.substr(1, text.size() - 2)))
    throwInvalid(route_template, "a parameter is a whole segment like {name}");
  return {std::string{text.substr(1, text.size() - 2)}, true};
}

}  // namespace

std::vector<TemplateSegment> parseRouteTemplate(std::string_view route_template) {
  if (!route_template.starts_with('/')) throwInvalid(route_template, "it does not start with /");
  std::vector<TemplateSegment> segments;
  if (route_template == "/") return segments;
  for (std::string_view rest = route_template; !rest.empty();) {
    TemplateSegment segment = parseSegment(takeSegment(rest), route_template);
    const bool repeated =
        segment.is_parameter &&
        std::any_of(segments.begin(), segments.end(), [&](const TemplateSegment& other) {
          return other.is_parameter && other.text == segment.text;
        });
    if (repeated) throwInvalid(route_template, "a parameter name is there twice");
    segments.push_back(std::move(segment));
  }
  return segments;
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
