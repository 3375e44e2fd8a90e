#include "slot.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <rapidcheck.h>
#include <set>

#include "availability.hpp"
#include "slot_explanation.hpp"
#include "slot_finder.hpp"
#include "slot_spread.hpp"

namespace booking {
namespace {

constexpr std::size_t kNoLimit = 100000;

/// Minutes since some midnight: short to write, the zone does not matter here.
Instant m(std::int64_t minute) {
  return fromEpoch(minute * 60);
}
Interval span(std::int64_t begin, std::int64_t end) {
  return {m(begin), m(end)};
}
SlotShape shape(int duration, int step, int before = 0, int after = 0) {
  return {seconds{duration * 60}, seconds{step * 60}, seconds{before * 60}, seconds{after * 60}};
}

Calendar calendar(std::vector<Interval> windows, std::vector<Interval> busy = {}) {
  Calendar one;
  one.windows = std::move(windows);
  one.busy = std::move(busy);
  return one;
}

std::vector<std::int64_t> minutes(const std::vector<Instant>& starts) {
  std::vector<std::int64_t> found;
  for (const auto start : starts) found.push_back(epochSeconds(start) / 60);
  return found;
}

using Minutes = std::vector<std::int64_t>;

TEST(FreeStarts, TheGridBeginsAtTheWindow) {
  EXPECT_EQ(minutes(freeStarts(calendar({span(550, 620)}), shape(30, 15), span(0, 1440), kNoLimit)),
            (Minutes{550, 565, 580}));
}

TEST(FreeStarts, AVisitMayEndWithTheWindowAndStartWhereABlockEnds) {
  EXPECT_EQ(minutes(freeStarts(calendar({span(540, 660)}, {span(570, 600)}), shape(30, 30),
                               span(0, 1440), kNoLimit)),
            (Minutes{540, 600, 630}));
}

TEST(FreeStarts, BuffersKeepTheirDistanceFromBlocks) {
  EXPECT_EQ(minutes(freeStarts(calendar({span(540, 720)}, {span(600, 630)}), shape(30, 10, 10, 20),
                               span(0, 1440), kNoLimit)),
            (Minutes{540, 550, 640, 650, 660, 670, 680, 690}));
}

TEST(FreeStarts, OnlyStartsInTheRange) {
  EXPECT_EQ(
      minutes(freeStarts(calendar({span(540, 720)}), shape(30, 30), span(571, 631), kNoLimit)),
      (Minutes{600, 630}));
}

TEST(FreeStarts, AVisitMayRunOnIntoATouchingWindowWhoseGridStartsAnew) {
  EXPECT_EQ(minutes(freeStarts(calendar({span(1380, 1440), span(1440, 1500)}), shape(50, 25),
                               span(0, 3000), kNoLimit)),
            (Minutes{1380, 1405, 1430, 1440}));
}

TEST(FreeStarts, StopsAtTheLimit) {
  EXPECT_EQ(freeStarts(calendar({span(0, 1440)}), shape(30, 30), span(0, 1440), 3).size(), 3U);
}

TEST(IsWithin, TouchingWindowsCountAsOne) {
  const std::vector<Interval> windows{span(0, 10), span(10, 20), span(30, 40)};
  EXPECT_TRUE(isWithin(windows, span(5, 15)));
  EXPECT_TRUE(isWithin(windows, span(30, 40)));
  EXPECT_FALSE(isWithin(windows, span(15, 35)));
  EXPECT_FALSE(isWithin(windows, span(39, 41)));
  EXPECT_FALSE(isWithin({}, span(0, 1)));
}

TEST(FreeSlots, KeepTheEarliestStartsAndEveryResourceOfEach) {
  const std::vector<Calendar> calendars{calendar({span(540, 660)}, {span(570, 600)}),
                                        calendar({span(540, 660)}, {span(540, 570)})};
  const auto slots = freeSlots(calendars, shape(30, 30), span(0, 1440), kNoLimit);
  ASSERT_EQ(slots.size(), 4U);
  EXPECT_EQ(slots[0].resources, std::vector<std::uint32_t>{0});
  EXPECT_EQ(slots[1].resources, std::vector<std::uint32_t>{1});
  EXPECT_EQ(slots[2].resources, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(freeSlots(calendars, shape(30, 30), span(0, 1440), 1).size(), 1U);
  EXPECT_TRUE(freeSlots({}, shape(30, 30), span(0, 1440), 1).empty());
}

bool overlap(const Interval& a, const Interval& b) {
  return a.begin < b.end && b.begin < a.end;
}

/// The naive model: asks of every minute whether a visit could be booked there.
struct Model {
  Calendar calendar;
  SlotShape shape;

  static bool isIn(const std::vector<Interval>& intervals, Instant minute) {
    return std::any_of(intervals.begin(), intervals.end(), [&](const Interval& one) {
      return one.begin <= minute && minute < one.end;
    });
  }
  /// Whether a minute of the visit is, or is not, in the intervals.
  bool visitHas(Instant start, const std::vector<Interval>& intervals, bool inside) const {
    const Interval visit = shape.visit(start);
    for (Instant minute = visit.begin; minute < visit.end; minute += seconds{60}) {
      if (isIn(intervals, minute) == inside) return true;
    }
    return false;
  }
  Refusal refusal(Instant start) const {
    if (visitHas(start, calendar.windows, false)) return Refusal::OutsideHours;
    if (visitHas(start, calendar.blocked, true)) return Refusal::BlockedPeriod;
    if (visitHas(start, calendar.away, true)) return Refusal::TimeOff;
    const Interval block = shape.block(start);
    for (const auto& taken : calendar.busy) {
      if (overlap(taken, block)) return Refusal::SlotTaken;
    }
    return isIn(calendar.spent, start) ? Refusal::DailyLimit : Refusal::None;
  }
  bool canBook(Instant start) const { return refusal(start) == Refusal::None; }
  bool isOnGrid(Instant start) const {
    return std::any_of(calendar.windows.begin(), calendar.windows.end(), [&](const Interval& one) {
      return one.begin <= start && start < one.end &&
             (start - one.begin) % shape.step == seconds{0};
    });
  }
};

std::vector<Interval> someIntervals(int count_max, int length_max) {
  std::vector<Interval> intervals;
  const auto count = *rc::gen::inRange(0, count_max);
  for (int i = 0; i < count; ++i) {
    const std::int64_t begin = *rc::gen::inRange(0, 2000);
    intervals.push_back(span(begin, begin + *rc::gen::inRange(1, length_max)));
  }
  return intervals;
}

SlotShape someShape() {
  return shape(*rc::gen::inRange(1, 120), *rc::gen::inRange(1, 61), *rc::gen::inRange(0, 30),
               *rc::gen::inRange(0, 30));
}

/// Windows of which some are cut in two that touch: the run matters for length, each part for the
/// grid.
std::vector<Interval> someWindows() {
  std::vector<Interval> cut;
  for (const auto& window : merged(someIntervals(6, 400))) {
    const auto length = (window.end - window.begin) / seconds{60};
    if (length > 1 && *rc::gen::arbitrary<bool>()) {
      const Instant middle =
          window.begin + seconds{60 * *rc::gen::inRange<std::int64_t>(1, length)};
      cut.push_back({window.begin, middle});
      cut.push_back({middle, window.end});
    } else {
      cut.push_back(window);
    }
  }
  return cut;
}

Calendar someCalendar() {
  Calendar one;
  one.windows = someWindows();
  one.blocked = merged(someIntervals(3, 200));
  one.away = merged(someIntervals(3, 200));
  one.busy = merged(someIntervals(12, 90));
  one.spent = merged(someIntervals(3, 300));
  return one;
}

Model someModel() {
  return {someCalendar(), someShape()};
}

// Goal: honesty and completeness: what is offered can be booked, and what could be booked on the
// grid is offered. Method: random calendars against the naive model, minute by minute.
TEST(FreeStarts, B10_OffersExactlyWhatCanBeBooked) {
  EXPECT_TRUE(rc::check("sweep == model", [] {
    const Model model = someModel();
    const std::int64_t from = *rc::gen::inRange(0, 2000);
    const Interval range = span(from, from + *rc::gen::inRange(1, 1500));
    const auto offered = freeStarts(model.calendar, model.shape, range, kNoLimit);
    RC_ASSERT(std::is_sorted(offered.begin(), offered.end()));
    const std::set<Instant> known{offered.begin(), offered.end()};
    RC_ASSERT(known.size() == offered.size());
    for (Instant start = range.begin; start < range.end; start += seconds{60}) {
      RC_ASSERT(known.contains(start) == (model.isOnGrid(start) && model.canBook(start)));
    }
  }));
}

TEST(FreeStarts, B10_ALimitOnlyCutsTheTail) {
  EXPECT_TRUE(rc::check("prefix", [] {
    const Model model = someModel();
    const auto limit = *rc::gen::inRange<std::size_t>(0, 20);
    auto all = freeStarts(model.calendar, model.shape, span(0, 3000), kNoLimit);
    const auto few = freeStarts(model.calendar, model.shape, span(0, 3000), limit);
    all.resize(std::min(all.size(), limit));
    RC_ASSERT(few == all);
  }));
}

// Each careless sweep differs from the model: the property above can fail.
TEST(FreeStarts, B10_NegativeControl_WhatIsForgottenIsFound) {
  Model model{calendar({span(540, 720)}, {span(600, 630)}), shape(30, 10, 10, 20)};
  model.calendar.away = {span(660, 670)};
  const auto isHonest = [&](const Calendar& seen, const SlotShape& kept) {
    const auto offered = freeStarts(seen, kept, span(0, 1440), kNoLimit);
    return std::all_of(offered.begin(), offered.end(),
                       [&](Instant start) { return model.canBook(start); });
  };
  EXPECT_TRUE(isHonest(model.calendar, model.shape));
  EXPECT_FALSE(isHonest(model.calendar, shape(30, 10))) << "buffers";
  Calendar blind = model.calendar;
  blind.away.clear();
  EXPECT_FALSE(isHonest(blind, model.shape)) << "time off";
}

TEST(Judge, B10_GivesTheModelsReason) {
  EXPECT_TRUE(rc::check("judge == model", [] {
    const Model model = someModel();
    for (int i = 0; i < 200; ++i) {
      const Instant start = m(*rc::gen::inRange(0, 2400));
      RC_ASSERT(judge(model.calendar, model.shape, start) == model.refusal(start));
    }
  }));
}

/// Several resources that share a service.
struct Business {
  std::vector<Calendar> calendars;
  SlotShape shape;

  Model of(std::size_t resource) const { return {calendars[resource], shape}; }
  bool isOnGrid(Instant start) const {
    for (std::size_t i = 0; i < calendars.size(); ++i) {
      if (of(i).isOnGrid(start)) return true;
    }
    return false;
  }
  std::vector<std::uint32_t> whoCan(Instant start) const {
    std::vector<std::uint32_t> who;
    for (std::uint32_t i = 0; i < calendars.size(); ++i) {
      if (of(i).canBook(start)) who.push_back(i);
    }
    return who;
  }
  Refusal refusal(Instant start, const SlotFinder::Bookable& bounds) const {
    if (start < bounds.earliest) return Refusal::NoticeTooShort;
    if (start > bounds.latest) return Refusal::BeyondHorizon;
    std::vector<Refusal> all;
    for (std::size_t i = 0; i < calendars.size(); ++i) all.push_back(of(i).refusal(start));
    return furthest(all);
  }
};

Business someBusiness() {
  Business business{{}, someShape()};
  const auto count = *rc::gen::inRange(1, 4);
  const bool one_grid = *rc::gen::arbitrary<bool>();
  for (int i = 0; i < count; ++i) {
    business.calendars.push_back(someCalendar());
    if (one_grid) business.calendars.back().windows = business.calendars.front().windows;
  }
  return business;
}

// Goal: a slot names exactly those who could be booked then, whatever their own grids are.
TEST(FreeSlots, B10_NameExactlyWhoCanBeBooked) {
  EXPECT_TRUE(rc::check("freeSlots == model", [] {
    const Business business = someBusiness();
    const std::int64_t from = *rc::gen::inRange(0, 2000);
    const Interval range = span(from, from + *rc::gen::inRange(1, 1500));
    std::map<Instant, std::vector<std::uint32_t>> offered;
    for (auto& slot : freeSlots(business.calendars, business.shape, range, kNoLimit)) {
      offered[slot.start] = slot.resources;
    }
    for (Instant start = range.begin; start < range.end; start += seconds{60}) {
      const auto found = offered.find(start);
      const auto named = found == offered.end() ? std::vector<std::uint32_t>{} : found->second;
      RC_ASSERT(named ==
                (business.isOnGrid(start) ? business.whoCan(start) : std::vector<std::uint32_t>{}));
    }
  }));
}

/// How often the explanation of a minute names a reason, and which.
struct Named {
  int times = 0;
  Refusal reason = Refusal::None;
};
Named namedFor(const SlotExplanation& explanation, const std::vector<Instant>& grid, Instant at) {
  Named named;
  for (const auto& run : explanation.refused) {
    if (at < run.first || run.last < at) continue;
    ++named.times;
    named.reason = run.reason;
  }
  const bool on_grid = std::find(grid.begin(), grid.end(), at) != grid.end();
  if (!on_grid) named = {};  // between two starts of a run
  if (!on_grid && Model::isIn(explanation.closed, at)) named = {1, Refusal::OutsideHours};
  return named;
}

// Goal: every time is offered or refused for exactly one reason, the model's own.
TEST(ExplainSlots, B10_EveryRefusedTimeHasExactlyOneReason) {
  EXPECT_TRUE(rc::check("explanation == model", [] {
    const Business business = someBusiness();
    SlotFinder::Search search;
    search.shape = business.shape;
    const std::int64_t from = *rc::gen::inRange(0, 2000);
    search.range = span(from, from + *rc::gen::inRange(1, 1500));
    const SlotFinder::Bookable bounds{m(*rc::gen::inRange(0, 1000)),
                                      m(*rc::gen::inRange(1000, 3500))};
    const auto explanation = explainSlots(business.calendars, bounds, search);
    std::vector<Instant> grid;
    std::size_t refused = 0;
    for (Instant at = search.range.begin; at < search.range.end; at += seconds{60}) {
      if (!business.isOnGrid(at)) continue;
      grid.push_back(at);
      refused += business.refusal(at, bounds) == Refusal::None ? 0U : 1U;
    }
    std::size_t counted = 0;
    for (const auto& run : explanation.refused) counted += run.count;
    RC_ASSERT(counted == refused);
    for (Instant at = search.range.begin; at < search.range.end; at += seconds{60}) {
      const Named named = namedFor(explanation, grid, at);
      if (business.isOnGrid(at)) {
        const Refusal expected = business.refusal(at, bounds);
        RC_ASSERT(named.reason == expected);
        RC_ASSERT(named.times == (expected == Refusal::None ? 0 : 1));
      } else {
        const bool open =
            std::any_of(business.calendars.begin(), business.calendars.end(),
                        [&](const Calendar& one) { return Model::isIn(one.windows, at); });
        RC_ASSERT(named.times == (open ? 0 : 1));
      }
    }
  }));
}

// An explanation that lets the first resource speak for all is found out.
TEST(ExplainSlots, B10_NegativeControl_TheFirstResourcesReasonIsNotTheirs) {
  Business business{{calendar({}), calendar({span(540, 600)}, {span(540, 600)})}, shape(30, 30)};
  const SlotFinder::Bookable bounds{m(0), m(10000)};
  EXPECT_EQ(explainStart(business.calendars, bounds, business.shape, m(540)), Refusal::SlotTaken);
  EXPECT_EQ(explainStart({business.calendars.front()}, bounds, business.shape, m(540)),
            Refusal::OutsideHours);
}

TEST(IsWithin, B10_AgreesWithTheModel) {
  EXPECT_TRUE(rc::check("isWithin == model", [] {
    const Model model{calendar(someWindows()), someShape()};
    const Instant start = m(*rc::gen::inRange(0, 2400));
    RC_ASSERT(isWithin(model.calendar.windows, model.shape.visit(start)) == model.canBook(start));
  }));
}

TEST(Spread, NamesTheEarliestThenOtherPartsThenOtherDays) {
  const Zone utc = Zone::get("UTC");
  std::vector<Slot> slots;
  for (const int minute : {540, 555, 600, 780, 795, 1110, 1440 + 540, 1440 + 780}) {
    slots.push_back({m(minute), {0}});
  }
  const auto chosen = [&](std::size_t count) {
    std::vector<Instant> starts;
    for (const auto& slot : spread(slots, count, utc)) starts.push_back(slot.start);
    return minutes(starts);
  };
  EXPECT_EQ(chosen(1), (Minutes{540}));
  EXPECT_EQ(chosen(3), (Minutes{540, 780, 1110}));
  EXPECT_EQ(chosen(5), (Minutes{540, 780, 1110, 1980, 2220}));
  EXPECT_EQ(chosen(20).size(), slots.size());
  EXPECT_TRUE(spread({}, 3, utc).empty());
}

}  // namespace
}  // namespace booking
