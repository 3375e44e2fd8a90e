#include <benchmark/benchmark.h>
#include <cstddef>
#include <vector>

#include "availability_cache.hpp"
#include "slot.hpp"

namespace booking {
namespace {

constexpr seconds kDay{86400};
constexpr std::size_t kNoLimit = 100000;
const SlotShape kShape{seconds{1800}, seconds{900}, seconds{0}, seconds{0}};

ExpandedAvailability weekdays() {
  const unsigned monday_to_friday = 0x1f;
  AvailabilityRule morning{"m", monday_to_friday, {540, 720}, {}, {}, {}};
  AvailabilityRule afternoon{"a", monday_to_friday, {780, 1020}, {}, {}, {}};
  return ExpandedAvailability{
      Availability{Zone::get("America/New_York"), {morning, afternoon}, {}}};
}

/// One visit an hour and a half, around the clock.
std::vector<Interval> busyCalendar(const Interval& range) {
  std::vector<Interval> busy;
  for (Instant at = range.begin; at < range.end; at += seconds{5400}) {
    busy.push_back({at, at + seconds{1800}});
  }
  return busy;
}

/// 30 days on a grid of 15 minutes; the argument is the number of resources.
void searchThirtyDays(benchmark::State& state) {
  const ExpandedAvailability availability = weekdays();
  const Interval range{fromEpoch(1'772'000'000), fromEpoch(1'772'000'000) + 30 * kDay};
  const auto busy = busyCalendar(range);
  std::size_t found = 0;
  for (auto _ : state) {
    std::vector<Calendar> calendars;
    for (int resource = 0; resource < state.range(0); ++resource) {
      calendars.push_back({availability.windowsAround(range), {}, {}, busy, {}});
    }
    found = freeSlots(calendars, kShape, range, kNoLimit).size();
    benchmark::DoNotOptimize(found);
  }
  state.counters["slots"] = static_cast<double>(found);
}
BENCHMARK(searchThirtyDays)->Arg(1)->Arg(10)->Arg(50)->Unit(benchmark::kMicrosecond);

/// The first page of 20, as a client asks for it.
void searchFirstPage(benchmark::State& state) {
  const ExpandedAvailability availability = weekdays();
  const Interval range{fromEpoch(1'772'000'000), fromEpoch(1'772'000'000) + 4 * kDay};
  const auto busy = busyCalendar(range);
  for (auto _ : state) {
    auto starts =
        freeStarts({availability.windowsAround(range), {}, {}, busy, {}}, kShape, range, 20);
    benchmark::DoNotOptimize(starts);
  }
}
BENCHMARK(searchFirstPage)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace booking

BENCHMARK_MAIN();
