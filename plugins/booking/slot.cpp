#include "slot.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace booking {
namespace {

/// The first point of the grid `origin + n * step` that is not before `earliest`.
Instant gridPoint(Instant origin, seconds step, Instant earliest) {
  if (earliest <= origin) return origin;
  const auto steps = (earliest - origin + step - seconds{1}) / step;
  return origin + steps * step;
}

/// Walks windows and busy list together: both only move forward.
class Sweep {
 public:
  Sweep(const std::vector<Interval>& windows, const std::vector<Interval>& busy,
        const SlotShape& shape)
      : windows_{windows}, busy_{busy}, shape_{shape} {}

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
      const Interval block = shape_.block(start);
      while (next_busy_ < busy_.size() && busy_[next_busy_].end <= block.begin) ++next_busy_;
      if (next_busy_ < busy_.size() && busy_[next_busy_].begin < block.end) {
        start = gridPoint(window.begin, shape_.step, busy_[next_busy_].end + shape_.before);
      } else {
        starts.push_back(start);
        start += shape_.step;
      }
    }
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
  const std::vector<Interval>& busy_;
  const SlotShape& shape_;
  std::size_t next_busy_ = 0;
  std::size_t run_end_ = 0;
  Instant reach_{};
};

}  // namespace

std::vector<Instant> freeStarts(const std::vector<Interval>& windows,
                                const std::vector<Interval>& busy, const SlotShape& shape,
                                Interval range, std::size_t limit) {
  return Sweep{windows, busy, shape}.run(range, limit);
}

bool isWithin(const std::vector<Interval>& windows, const Interval& visit) {
  Instant covered = visit.begin;
  for (const auto& window : windows) {
    if (covered >= visit.end || window.begin > covered) break;
    covered = std::max(covered, window.end);
  }
  return covered >= visit.end;
}

std::vector<Slot> unite(const std::vector<std::vector<Instant>>& starts_of_resource,
                        std::size_t limit) {
  using Head = std::pair<Instant, std::size_t>;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  std::vector<std::size_t> next(starts_of_resource.size(), 0);
  const auto push = [&](std::size_t resource) {
    const auto& starts = starts_of_resource[resource];
    if (next[resource] < starts.size()) heads.emplace(starts[next[resource]++], resource);
  };
  for (std::size_t i = 0; i < starts_of_resource.size(); ++i) push(i);

  std::vector<Slot> slots;
  while (!heads.empty()) {
    const auto [start, resource] = heads.top();
    if (slots.empty() || slots.back().start != start) {
      if (slots.size() == limit) break;
      slots.push_back({start, {}});
    }
    heads.pop();
    slots.back().resources.push_back(resource);
    push(resource);
  }
  return slots;
}

}  // namespace booking
