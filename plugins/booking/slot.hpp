#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "instant.hpp"
#include "refusal.hpp"

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

/// What decides over the starts of one resource. Each list is sorted by begin; the intervals of
/// each but `windows` are apart from each other.
struct Calendar {
  std::vector<Interval> windows;  ///< open: the whole visit lies in them; touching ones are one
  std::vector<Interval> blocked;  ///< the business is closed: no part of the visit lies in them
  std::vector<Interval> away;     ///< the resource is away: likewise
  std::vector<Interval> busy;     ///< taken: neither the visit nor its buffers touch them
  std::vector<Interval> spent;    ///< days and weeks that are full: no visit starts in them
};

/// The free starts within [range.begin, range.end), in order, at most `limit`. The grid begins at
/// each window's start. O(calendar + starts).
std::vector<Instant> freeStarts(const Calendar& calendar, const SlotShape& shape, Interval range,
                                std::size_t limit);

/// Every start of any resource's grid within the range, free or not, in order and once.
std::vector<Instant> gridStarts(std::span<const Calendar> calendars, const SlotShape& shape,
                                Interval range);

/// Why a visit cannot start then; None when it can. Asks the calendar alone.
Refusal judge(const Calendar& calendar, const SlotShape& shape, Instant start);

/// Whether the start is a point of the grid of a window that it is in.
bool isOnGrid(const Calendar& calendar, const SlotShape& shape, Instant start);

/// Whether `visit` lies in `windows`, touching ones counting as one.
bool isWithin(const std::vector<Interval>& windows, const Interval& visit);

/// A start with the resources that are free then, as indices in ascending order.
struct Slot {
  Instant start;
  std::vector<std::uint32_t> resources;
};

/// The first `limit` starts within the range that are on the grid of any of the resources and free
/// for any of them; each names all that can be booked then, whether on their own grid or not.
std::vector<Slot> freeSlots(const std::vector<Calendar>& calendars, const SlotShape& shape,
                            Interval range, std::size_t limit);

}  // namespace booking
