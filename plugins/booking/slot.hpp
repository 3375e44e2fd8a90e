#pragma once

#include <cstddef>
#include <vector>

#include "instant.hpp"

namespace booking {

/// What a slot takes: the visit itself, the grid of its starts, and what its resource needs around
/// it. Durations are elapsed time.
struct SlotShape {
  seconds duration{};
  seconds step{};
  seconds before{};
  seconds after{};

  Interval visit(Instant start) const { return {start, start + duration}; }
  /// What conflicts are checked on: the visit with its buffers.
  Interval block(Instant start) const { return {start - before, start + duration + after}; }
};

/// The free starts within [range.begin, range.end), in order, at most `limit`. The grid begins at
/// each window's start; a visit must lie in windows (touching ones count as one), its buffers need
/// not. `windows` and `busy` are sorted by begin; `busy` does not overlap itself.
/// O(windows + busy + starts).
std::vector<Instant> freeStarts(const std::vector<Interval>& windows,
                                const std::vector<Interval>& busy, const SlotShape& shape,
                                Interval range, std::size_t limit);

/// Whether `visit` lies in `windows`, touching ones counting as one.
bool isWithin(const std::vector<Interval>& windows, const Interval& visit);

/// A start with the resources that are free then, as indices in ascending order.
struct Slot {
  Instant start;
  std::vector<std::size_t> resources;
};

/// The first `limit` distinct starts of several resources, whose own lists are in order.
std::vector<Slot> unite(const std::vector<std::vector<Instant>>& starts_of_resource,
                        std::size_t limit);

}  // namespace booking
