#include "assignment.hpp"

#include <gtest/gtest.h>
#include <map>

namespace booking {
namespace {

TEST(Assignment, NamesAreReadBack) {
  for (const char* name : {"specific", "round_robin", "least_loaded", "priority"}) {
    EXPECT_EQ(nameOf(assignmentNamed(name).value()), name);
  }
  EXPECT_EQ(assignmentNamed("random"), std::nullopt);
}

TEST(Assignment, PriorityTakesTheFirst) {
  EXPECT_EQ(choose(Assignment::Priority, {{9, 9}, {0, 0}}), 0U);
}

TEST(Assignment, RoundRobinTakesWhoWaitedLongest) {
  EXPECT_EQ(choose(Assignment::RoundRobin, {{3, 0}, {1, 0}, {2, 0}}), 1U);
  EXPECT_EQ(choose(Assignment::RoundRobin, {{3, 0}, {0, 0}, {0, 0}}), 1U) << "equals by priority";
}

TEST(Assignment, LeastLoadedTakesWhoHasLeastThatDay) {
  EXPECT_EQ(choose(Assignment::LeastLoaded, {{0, 1800}, {0, 900}, {0, 900}}), 1U);
}

// Goal: round robin is fair, also when somebody is not free for a while. Method: 3000 turns, one of
// three away for the middle third; nobody's count falls behind by more than one of those free.
TEST(Assignment, RoundRobinIsFair) {
  std::map<std::size_t, int> turns_of;
  std::vector<std::int64_t> last(3, 0);
  for (int turn = 1; turn <= 3000; ++turn) {
    const bool away = turn > 1000 && turn <= 2000;
    std::vector<std::size_t> free{0, 1, 2};
    if (away) free.pop_back();
    std::vector<Applicant> applicants;
    for (const auto one : free) applicants.push_back({last[one], 0});
    const auto taken = free[choose(Assignment::RoundRobin, applicants)];
    last[taken] = turn;
    ++turns_of[taken];
  }
  EXPECT_NEAR(turns_of[0], 1167, 2);
  EXPECT_NEAR(turns_of[1], 1167, 2);
  EXPECT_NEAR(turns_of[2], 667, 2);
}

}  // namespace
}  // namespace booking
