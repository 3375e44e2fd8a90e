#include "slot.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <set>

#include "availability.hpp"

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

std::vector<std::int64_t> minutes(const std::vector<Instant>& starts) {
  std::vector<std::int64_t> found;
  for (const auto start : starts) found.push_back(epochSeconds(start) / 60);
  return found;
}

using Minutes = std::vector<std::int64_t>;

TEST(FreeStarts, TheGridBeginsAtTheWindow) {
  EXPECT_EQ(minutes(freeStarts({span(550, 620)}, {}, shape(30, 15), span(0, 1440), kNoLimit)),
            (Minutes{550, 565, 580}));
}

TEST(FreeStarts, AVisitMayEndWithTheWindowAndStartWhereABlockEnds) {
  EXPECT_EQ(minutes(freeStarts({span(540, 660)}, {span(570, 600)}, shape(30, 30), span(0, 1440),
                               kNoLimit)),
            (Minutes{540, 600, 630}));
}

TEST(FreeStarts, BuffersKeepTheirDistanceFromBlocks) {
  EXPECT_EQ(minutes(freeStarts({span(540, 720)}, {span(600, 630)}, shape(30, 10, 10, 20),
                               span(0, 1440), kNoLimit)),
            (Minutes{540, 550, 640, 650, 660, 670, 680, 690}));
}

TEST(FreeStarts, OnlyStartsInTheRange) {
  EXPECT_EQ(minutes(freeStarts({span(540, 720)}, {}, shape(30, 30), span(571, 631), kNoLimit)),
            (Minutes{600, 630}));
}

TEST(FreeStarts, AVisitMayRunOnIntoATouchingWindowWhoseGridStartsAnew) {
  EXPECT_EQ(minutes(freeStarts({span(1380, 1440), span(1440, 1500)}, {}, shape(50, 25),
                               span(0, 3000), kNoLimit)),
            (Minutes{1380, 1405, 1430, 1440}));
}

TEST(FreeStarts, StopsAtTheLimit) {
  EXPECT_EQ(freeStarts({span(0, 1440)}, {}, shape(30, 30), span(0, 1440), 3).size(), 3U);
}

TEST(IsWithin, TouchingWindowsCountAsOne) {
  const std::vector<Interval> windows{span(0, 10), span(10, 20), span(30, 40)};
  EXPECT_TRUE(isWithin(windows, span(5, 15)));
  EXPECT_TRUE(isWithin(windows, span(30, 40)));
  EXPECT_FALSE(isWithin(windows, span(15, 35)));
  EXPECT_FALSE(isWithin(windows, span(39, 41)));
  EXPECT_FALSE(isWithin({}, span(0, 1)));
}

TEST(Unite, KeepsTheEarliestStartsAndEveryResourceOfEach) {
  const auto slots = unite({{m(1), m(3)}, {m(2), m(3)}, {}}, 3);
  ASSERT_EQ(slots.size(), 3U);
  EXPECT_EQ(slots[0].resources, std::vector<std::size_t>{0});
  EXPECT_EQ(slots[1].resources, std::vector<std::size_t>{1});
  EXPECT_EQ(slots[2].resources, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(unite({{m(1), m(3)}, {m(2), m(3)}}, 1).size(), 1U);
}

/// The naive model: asks of every minute whether a visit could be booked there.
struct Model {
  std::vector<Interval> windows;
  std::vector<Interval> busy;
  SlotShape shape;

  bool isOpen(Instant minute) const {
    return std::any_of(windows.begin(), windows.end(), [&](const Interval& one) {
      return one.begin <= minute && minute < one.end;
    });
  }
  bool canBook(Instant start) const {
    const Interval visit = shape.visit(start);
    for (Instant minute = visit.begin; minute < visit.end; minute += seconds{60}) {
      if (!isOpen(minute)) return false;
    }
    const Interval block = shape.block(start);
    return std::none_of(busy.begin(), busy.end(), [&](const Interval& taken) {
      return taken.begin < block.end && block.begin < taken.end;
    });
  }
  bool isOnGrid(Instant start) const {
    return std::any_of(windows.begin(), windows.end(), [&](const Interval& one) {
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

Model someModel() {
  Model model{merged(someIntervals(6, 400)), merged(someIntervals(12, 90)),
              shape(*rc::gen::inRange(1, 120), *rc::gen::inRange(1, 61), *rc::gen::inRange(0, 30),
                    *rc::gen::inRange(0, 30))};
  // Cuts some windows in two that touch: the run matters for length, each part for the grid.
  std::vector<Interval> cut;
  for (const auto& window : model.windows) {
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
  model.windows = cut;
  return model;
}

// Goal: honesty and completeness: what is offered can be booked, and what could be booked on the
// grid is offered. Method: random calendars against the naive model, minute by minute.
TEST(FreeStarts, B10_OffersExactlyWhatCanBeBooked) {
  EXPECT_TRUE(rc::check("sweep == model", [] {
    const Model model = someModel();
    const std::int64_t from = *rc::gen::inRange(0, 2000);
    const Interval range = span(from, from + *rc::gen::inRange(1, 1500));
    const auto offered = freeStarts(model.windows, model.busy, model.shape, range, kNoLimit);
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
    auto all = freeStarts(model.windows, model.busy, model.shape, span(0, 3000), kNoLimit);
    const auto few = freeStarts(model.windows, model.busy, model.shape, span(0, 3000), limit);
    all.resize(std::min(all.size(), limit));
    RC_ASSERT(few == all);
  }));
}

// The model must be able to fail: a sweep that forgets the buffers is found out.
TEST(FreeStarts, B10_NegativeControl_ForgottenBuffersAreFound) {
  const Model model{{span(540, 720)}, {span(600, 630)}, shape(30, 10, 10, 20)};
  const auto careless =
      freeStarts(model.windows, model.busy, shape(30, 10), span(0, 1440), kNoLimit);
  EXPECT_FALSE(std::all_of(careless.begin(), careless.end(),
                           [&](Instant start) { return model.canBook(start); }));
}

TEST(IsWithin, B10_AgreesWithTheModel) {
  EXPECT_TRUE(rc::check("isWithin == model", [] {
    Model model = someModel();
    model.busy.clear();
    const Instant start = m(*rc::gen::inRange(0, 2400));
    RC_ASSERT(isWithin(model.windows, model.shape.visit(start)) == model.canBook(start));
  }));
}

}  // namespace
}  // namespace booking
