#include "slot_explanation.hpp"

#include <algorithm>

#include "availability.hpp"

namespace booking {
namespace {

/// What of `range` lies in nobody's windows.
std::vector<Interval> closedTime(const std::vector<Calendar>& calendars, const Interval& range) {
  std::vector<Interval> open;
  for (const auto& calendar : calendars) {
    open.insert(open.end(), calendar.windows.begin(), calendar.windows.end());
  }
  std::vector<Interval> closed;
  Instant from = range.begin;
  for (const auto& window : merged(std::move(open))) {
    const Instant until = std::min(window.begin, range.end);
    if (from < until) closed.push_back({from, until});
    from = std::max(from, window.end);
  }
  if (from < range.end) closed.push_back({from, range.end});
  return closed;
}

}  // namespace

SlotExplanation explainSlots(const std::vector<Calendar>& calendars,
                             const SlotFinder::Bookable& bounds, const SlotFinder::Search& search) {
  SlotExplanation explanation;
  Refusal before = Refusal::None;
  for (const Instant start : gridStarts(calendars, search.shape, search.range)) {
    const Refusal reason = explainStart(calendars, bounds, search.shape, start);
    if (reason == Refusal::None) {
      before = reason;
      continue;
    }
    if (reason != before) explanation.refused.push_back({start, start, 0, reason});
    explanation.refused.back().last = start;
    ++explanation.refused.back().count;
    before = reason;
  }
  explanation.closed = closedTime(calendars, search.range);
  return explanation;
}

Refusal explainStart(const std::vector<Calendar>& calendars, const SlotFinder::Bookable& bounds,
                     const SlotShape& shape, Instant start) {
  if (start < bounds.earliest) return Refusal::NoticeTooShort;
  if (start > bounds.latest) return Refusal::BeyondHorizon;
  std::vector<Refusal> refusals;
  refusals.reserve(calendars.size());
  for (const auto& calendar : calendars) refusals.push_back(judge(calendar, shape, start));
  return furthest(refusals);
}

}  // namespace booking
