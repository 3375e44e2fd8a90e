#pragma once

#include <cstddef>
#include <vector>

#include "slot.hpp"
#include "slot_finder.hpp"

namespace booking {

/// Starts of the grid, one after the other, that are refused for the same reason.
struct RefusedStarts {
  Instant first;
  Instant last;
  std::size_t count = 0;
  Refusal reason = Refusal::None;
};

/// Why the times of a range that are not offered are not. Every start of the grid is either free or
/// in one of `refused`; every other moment in which no schedule is open is in `closed`.
struct SlotExplanation {
  std::vector<RefusedStarts> refused;
  std::vector<Interval> closed;
};

/// `calendars` are those of the offer's candidates for the search. Notice and horizon are asked
/// first, then the calendars; of several candidates the one that comes furthest gives the reason.
SlotExplanation explainSlots(const std::vector<Calendar>& calendars,
                             const SlotFinder::Bookable& bounds, const SlotFinder::Search& search);

/// The one reason for one start, on the grid or not.
Refusal explainStart(const std::vector<Calendar>& calendars, const SlotFinder::Bookable& bounds,
                     const SlotShape& shape, Instant start);

}  // namespace booking
