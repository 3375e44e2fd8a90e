#include "http/nearest_route.hpp"

#include <algorithm>

#include "config/nearest_name.hpp"
#include "http/route_template.hpp"

namespace bulkhead::host {
namespace {

/// A segment and its slash, left out or too many.
std::size_t costOf(std::string_view segment) {
  constexpr std::size_t kParameterCost = 2;
  return segment.starts_with('{') ? kParameterCost : segment.size() + 1;
}

std::size_t costBetween(std::string_view segment, std::string_view wanted) {
  if (wanted.starts_with('{')) return segment.empty() ? 1 : 0;
  return segment == wanted ? 0 : editDistance(segment, wanted);
}

std::vector<std::string_view> segmentsOf(std::string_view path) {
  std::vector<std::string_view> segments;
  while (path.starts_with('/')) segments.push_back(takeSegment(path));
  return segments;
}

}  // namespace

NearestRoute::NearestRoute(std::string_view path)
    : segments_{segmentsOf(path)},
      least_{segments_.empty() ? 0 : std::max<std::size_t>(1, path.size() / 3) + 1} {}

void NearestRoute::offer(std::string_view route_template) {
  const std::size_t distance = distanceTo(segmentsOf(route_template));
  if (distance >= least_) return;
  least_ = distance;
  found_ = route_template;
}

/// Least cost of making one list of segments of the other: replace, insert, remove.
std::size_t NearestRoute::distanceTo(const std::vector<std::string_view>& wanted) const {
  std::vector<std::size_t> row(wanted.size() + 1, 0);
  for (std::size_t j = 0; j < wanted.size(); ++j) row[j + 1] = row[j] + costOf(wanted[j]);
  for (const std::string_view segment : segments_) {
    std::size_t diagonal = row[0];
    row[0] += costOf(segment);
    for (std::size_t j = 0; j < wanted.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({diagonal + costBetween(segment, wanted[j]), row[j] + costOf(wanted[j]),
                             above + costOf(segment)});
      diagonal = above;
    }
    if (*std::min_element(row.begin(), row.end()) >= least_) return least_;
  }
  return row.back();
}

}  // namespace bulkhead::host
