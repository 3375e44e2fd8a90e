#include "slot.hpp"

#include <algorithm>
#include <utility>

namespace booking {
namespace {

/// The first point of the grid `origin + n * step` that is not before `earliest`.
Instant gridPoint(Instant origin, seconds step, Instant earliest) {
  if (earliest <= origin) return origin;
  const auto steps = (earliest - origin + step - seconds{1}) / step;
  return origin + steps * step;
}

/// A sorted list that is asked for ever later times.
class Obstacles {
 public:
  explicit Obstacles(const std::vector<Interval>& intervals) : intervals_{intervals} {}

  /// The first interval that overlaps `span`, or null. No later span may begin earlier.
  const Interval* within(const Interval& span) {
    while (next_ < intervals_.size() && intervals_[next_].end <= span.begin) ++next_;
    const bool overlaps = next_ < intervals_.size() && intervals_[next_].begin < span.end;
    return overlaps ? &intervals_[next_] : nullptr;
  }

 private:
  const std::vector<Interval>& intervals_;
  std::size_t next_ = 0;
};

/// Walks windows and obstacles together: all only move forward.
class Sweep {
 public:
  Sweep(const Calendar& calendar, const SlotShape& shape)
      : windows_{calendar.windows},
        shape_{shape},
        blocked_{calendar.blocked},
        away_{calendar.away},
        busy_{calendar.busy},
        spent_{calendar.spent} {}

  std::vector<Instant> run(Interval range, std::size_t limit) {
    std::vector<Instant> starts;
    Instant earliest = range.begin;
    for (std::size_t i = 0; i < windows_.size() && starts.size() < limit; ++i) {
      const Interval& window = windows_[i];
      if (window.begin >= range.end) break;
      walk(window, std::min(window.end, range.end), reachOf(i), earliest, starts, limit);
      earliest = std::max(earliest, window.end);
    }
    return starts;
  }

 private:
  void walk(const Interval& window, Instant stop, Instant reach, Instant earliest,
            std::vector<Instant>& starts, std::size_t limit) {
    Instant start = gridPoint(window.begin, shape_.step, earliest);
    while (start < stop && start + shape_.duration <= reach && starts.size() < limit) {
      const Instant possible = earliestFrom(start);
      if (possible == start) {
        starts.push_back(start);
        start += shape_.step;
      } else {
        start = gridPoint(window.begin, shape_.step, possible);
      }
    }
  }

  /// `start` when nothing is in its way, else the first moment behind what is.
  Instant earliestFrom(Instant start) {
    const Interval visit = shape_.visit(start);
    if (const auto* taken = busy_.within(shape_.block(start))) return taken->end + shape_.before;
    if (const auto* closed = blocked_.within(visit)) return closed->end;
    if (const auto* absence = away_.within(visit)) return absence->end;
    if (const auto* full = spent_.within({start, start + seconds{1}})) return full->end;
    return start;
  }

  /// How far a visit that starts in window `i` may last: the end of the run of touching windows.
  Instant reachOf(std::size_t i) {
    if (run_end_ <= i) {
      run_end_ = i + 1;
      reach_ = windows_[i].end;
      while (run_end_ < windows_.size() && windows_[run_end_].begin <= reach_) {
        reach_ = std::max(reach_, windows_[run_end_].end);
        ++run_end_;
      }
    }
    return reach_;
  }

  const std::vector<Interval>& windows_;
  const SlotShape& shape_;
  Obstacles blocked_;
  Obstacles away_;
  Obstacles busy_;
  Obstacles spent_;
  std::size_t run_end_ = 0;
  Instant reach_{};
};

bool touches(const std::vector<Interval>& intervals, const Interval& span) {
  const auto found =
      std::upper_bound(intervals.begin(), intervals.end(), span.begin,
                       [](Instant begin, const Interval& one) { return begin < one.end; });
  return found != intervals.end() && found->begin < span.end;
}

/// Whether each resource's windows, and so its grid, are the same.
bool haveOneGrid(const std::vector<Calendar>& calendars) {
  return std::all_of(calendars.begin(), calendars.end(),
                     [&](const Calendar& one) { return one.windows == calendars.front().windows; });
}

/// Each resource's starts are points of the one grid: both are walked together, nothing is sorted.
std::vector<Slot> freeOnOneGrid(const std::vector<Calendar>& calendars, const SlotShape& shape,
                                Interval range, std::size_t limit) {
  std::vector<Slot> slots;
  if (calendars.empty()) return slots;
  for (const Instant start : gridStarts({calendars.data(), 1}, shape, range)) {
    slots.push_back({start, {}});
  }
  for (std::uint32_t i = 0; i < calendars.size(); ++i) {
    auto slot = slots.begin();
    for (const Instant start : freeStarts(calendars[i], shape, range, limit)) {
      while (slot->start != start) ++slot;
      slot->resources.push_back(i);
    }
  }
  std::erase_if(slots, [](const Slot& one) { return one.resources.empty(); });
  if (slots.size() > limit) slots.resize(limit);
  return slots;
}

}  // namespace

std::vector<Instant> freeStarts(const Calendar& calendar, const SlotShape& shape, Interval range,
                                std::size_t limit) {
  return Sweep{calendar, shape}.run(range, limit);
}

std::vector<Instant> gridStarts(std::span<const Calendar> calendars, const SlotShape& shape,
                                Interval range) {
  std::vector<Instant> starts;
  for (const auto& calendar : calendars) {
    for (const auto& window : calendar.windows) {
      const Instant stop = std::min(window.end, range.end);
      for (Instant start = gridPoint(window.begin, shape.step, range.begin); start < stop;
           start += shape.step) {
        starts.push_back(start);
      }
    }
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  return starts;
}

Refusal judge(const Calendar& calendar, const SlotShape& shape, Instant start) {
  const Interval visit = shape.visit(start);
  if (!isWithin(calendar.windows, visit)) return Refusal::OutsideHours;
  if (touches(calendar.blocked, visit)) return Refusal::BlockedPeriod;
  if (touches(calendar.away, visit)) return Refusal::TimeOff;
  if (touches(calendar.busy, shape.block(start))) return Refusal::SlotTaken;
  if (touches(calendar.spent, {start, start + seconds{1}})) return Refusal::DailyLimit;
  return Refusal::None;
}

bool isOnGrid(const Calendar& calendar, const SlotShape& shape, Instant start) {
  return std::any_of(calendar.windows.begin(), calendar.windows.end(), [&](const Interval& one) {
    return one.begin <= start && start < one.end && (start - one.begin) % shape.step == seconds{0};
  });
}

bool isWithin(const std::vector<Interval>& windows, const Interval& visit) {
  Instant covered = visit.begin;
  auto window = std::partition_point(windows.begin(), windows.end(),
                                     [&](const Interval& one) { return one.end <= visit.begin; });
  for (; window != windows.end() && covered < visit.end && window->begin <= covered; ++window) {
    covered = std::max(covered, window->end);
  }
  return covered >= visit.end;
}

std::vector<Slot> freeSlots(const std::vector<Calendar>& calendars, const SlotShape& shape,
                            Interval range, std::size_t limit) {
  if (haveOneGrid(calendars)) return freeOnOneGrid(calendars, shape, range, limit);
  std::vector<Slot> slots;
  for (const Instant start : gridStarts(calendars, shape, range)) {
    if (slots.size() == limit) break;
    Slot slot{start, {}};
    for (std::uint32_t i = 0; i < calendars.size(); ++i) {
      if (judge(calendars[i], shape, start) == Refusal::None) slot.resources.push_back(i);
    }
    if (!slot.resources.empty()) slots.push_back(std::move(slot));
  }
  return slots;
}

}  // namespace booking
