#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// One segment of a route template.
struct TemplateSegment {
  std::string text;  ///< the literal, or the parameter's name
  bool is_parameter = false;
};

/// Splits "/calls/{id}/notes" at its slashes. A template starts with "/", has no empty segment
/// except that it may be "/" alone, and a parameter is a whole segment with a name of
/// [A-Za-z0-9_]; names do not repeat. Throws Error configuration ROUTE_INVALID.
std::vector<TemplateSegment> parseRouteTemplate(std::string_view route_template);

/// Takes the first segment off "/a/b", leaving "/b"; path starts with "/".
std::string_view takeSegment(std::string_view& path);

/// Error configuration ROUTE_CONFLICT: two owners want the same method and template.
[[noreturn]] void throwRouteConflict(std::string_view method, std::string_view route_template,
                                     std::string_view owner, std::string_view other_owner);

}  // namespace bulkhead::host
