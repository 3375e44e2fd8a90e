#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "http/router.hpp"

namespace bulkhead::host {
namespace {

constexpr int kRoutesPerPlugin = 50;

/// Plugins of fifty routes each, as they look: lists, one thing of a list, what hangs on it.
std::vector<RouteTable<int>::Route> routes(int count) {
  std::vector<RouteTable<int>::Route> all;
  for (int i = 0; i < count; ++i) {
    const std::string things =
        fmt::format("/api/plugin{}/v1/things{}", i / kRoutesPerPlugin, i % kRoutesPerPlugin / 3);
    const char* const rests[] = {"", "/{id:int}", "/{id:int}/notes/{note}"};
    all.push_back({"GET", things + rests[i % kRoutesPerPlugin % 3], "plugin", i});
  }
  return all;
}

std::string pathOf(std::string_view route_template) {
  std::string path;
  for (const TemplateSegment& segment : parseRouteTemplate(route_template)) {
    const bool number = segment.type == ParameterType::Integer;
    path += "/" + (!segment.is_parameter ? segment.text : number ? "4711" : "note-17");
  }
  return path;
}

int run(int count, long requests) {
  const auto all = routes(count);
  std::vector<std::string> paths;
  for (const auto& route : all) paths.push_back(pathOf(route.route_template));
  const RouteTable<int> table{all};
  for (long i = 0; i < requests; ++i) {
    const std::size_t which = static_cast<std::size_t>(i) * 7 % paths.size();
    const auto match = table.match("GET", paths[which]);
    if (match.value != nullptr && *match.value == static_cast<int>(which)) continue;
    fmt::print(stderr, "{} was not found\n", paths[which]);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace bulkhead::host

/// bench_routes ROUTES REQUESTS: finds so many paths among so many routes. bench/routes.sh counts
/// its instructions.
int main(int count, char** arguments) {
  if (count != 3) return 2;
  return bulkhead::host::run(std::atoi(arguments[1]), std::strtol(arguments[2], nullptr, 10));
}
