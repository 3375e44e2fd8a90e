#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// What a parameter of a template takes, in the order in which they are tried.
enum class ParameterType {
  Integer,  ///< {name:int}: up to 18 digits, "-" before them or not
  Uuid,     ///< {name:uuid}: 8-4-4-4-12 hex digits
  Date,     ///< {name:date}: a day of the calendar, 2026-02-28
  Text,     ///< {name}: whatever is not empty
  kCount
};

/// True when a parameter of that type takes the segment.
bool takes(ParameterType type, std::string_view segment);

/// One segment of a route template.
struct TemplateSegment {
  std::string text;  ///< the literal, or the parameter's name
  bool is_parameter = false;
  ParameterType type = ParameterType::Text;
};

/// Most parameters of one template.
constexpr std::size_t kParametersMax = 16;

/// Splits "/calls/{id:int}/notes" at its slashes. A template starts with "/", has no empty segment
/// except that it may be "/" alone, and a parameter is a whole segment with a name of [A-Za-z0-9_]
/// and perhaps a type; names do not repeat. Throws Error configuration ROUTE_INVALID.
std::vector<TemplateSegment> parseRouteTemplate(std::string_view route_template);

/// "/calls/{id}/notes": the template without types, as metrics and documents name it.
std::string withoutTypes(const std::vector<TemplateSegment>& segments);

/// Takes the first segment off "/a/b", leaving "/b"; path starts with "/".
std::string_view takeSegment(std::string_view& path);

/// Error configuration ROUTE_CONFLICT: two owners want the same method and template.
[[noreturn]] void throwRouteConflict(std::string_view method, std::string_view route_template,
                                     std::string_view owner, std::string_view other_owner);

}  // namespace bulkhead::host
