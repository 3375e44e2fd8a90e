#include "appointment_state.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include <bulkhead/error.hpp>

namespace booking {
namespace {

using enum Status;

constexpr Status kStates[] = {Held,   Pending,   Confirmed, CheckedIn, Completed,
                              NoShow, Cancelled, Declined,  Expired};
constexpr Action kActions[] = {Action::Book,       Action::Expire,   Action::Confirm,
                               Action::Decline,    Action::Cancel,   Action::Reschedule,
                               Action::CheckIn,    Action::Complete, Action::NoShow,
                               Action::UndoNoShow, Action::Extend,   Action::Reassign};

using Arrows = std::set<std::tuple<Status, Action, Status>>;

// A second list, written from the drawing.
const Arrows kDrawing{
    {Held, Action::Book, Pending},
    {Held, Action::Expire, Expired},
    {Pending, Action::Confirm, Confirmed},
    {Pending, Action::Decline, Declined},
    {Pending, Action::Reschedule, Pending},
    {Confirmed, Action::Reschedule, Confirmed},
    {Confirmed, Action::Cancel, Cancelled},
    {Confirmed, Action::CheckIn, CheckedIn},
    {Confirmed, Action::NoShow, NoShow},
    {CheckedIn, Action::Complete, Completed},
    {CheckedIn, Action::NoShow, NoShow},
    {NoShow, Action::UndoNoShow, Confirmed},
    {Held, Action::Extend, Held},
    {Pending, Action::Reassign, Pending},
    {Confirmed, Action::Reassign, Confirmed},
};

/// How many pairs of state and action go elsewhere than `arrows` say.
int differencesFrom(const Arrows& arrows) {
  int count = 0;
  for (const Status from : kStates) {
    for (const Action action : kActions) {
      const bool drawn = std::any_of(arrows.begin(), arrows.end(), [&](const auto& arrow) {
        return std::get<0>(arrow) == from && std::get<1>(arrow) == action;
      });
      const auto to = next(from, action);
      const bool agrees = to ? arrows.contains({from, action, *to}) : !drawn;
      if (!agrees) ++count;
    }
  }
  return count;
}

// Goal: the arrows of the drawing and no others.
TEST(AppointmentState, B5_EveryPairIsAnArrowOrARefusal) {
  EXPECT_EQ(differencesFrom(kDrawing), 0);
  for (const Status from : kStates) {
    for (const Action action : kActions) {
      if (const auto to = next(from, action)) {
        EXPECT_EQ(nextOrRefuse(from, action), *to);
      } else {
        EXPECT_THROW(nextOrRefuse(from, action), bulkhead::Error)
            << nameOf(from) << ' ' << nameOf(action);
      }
    }
  }
}

TEST(AppointmentState, B5_NegativeControl_AnArrowMoreOrLessIsFound) {
  for (const auto& arrow : kDrawing) {
    Arrows less = kDrawing;
    less.erase(arrow);
    EXPECT_EQ(differencesFrom(less), 1);
  }
  Arrows more = kDrawing;
  more.insert({Cancelled, Action::Confirm, Confirmed});
  EXPECT_EQ(differencesFrom(more), 1);
}

TEST(AppointmentState, B5_ARefusalNamesWhereItCouldGo) {
  try {
    nextOrRefuse(Pending, Action::Complete);
    FAIL();
  } catch (const bulkhead::Error& error) {
    EXPECT_EQ(error.code(), "ILLEGAL_TRANSITION");
    EXPECT_EQ(error.kind(), bulkhead::ErrorKind::BusinessLogic);
    EXPECT_EQ(nlohmann::json::parse(error.details()),
              nlohmann::json::parse(R"({"from":"pending","to":"completed","action":"complete",
                                        "allowed":["confirmed","declined","pending"]})"));
  }
}

TEST(AppointmentState, B5_EndStatesAllowNothing) {
  for (const Status end : {Completed, Cancelled, Declined, Expired}) {
    EXPECT_TRUE(reachableFrom(end).empty()) << nameOf(end);
  }
}

TEST(AppointmentState, B1_PendingAndHeldBlock) {
  const std::set<Status> blocking{Held, Pending, Confirmed, CheckedIn};
  for (const Status state : kStates) {
    EXPECT_EQ(isBlocking(state), blocking.contains(state)) << nameOf(state);
  }
}

TEST(AppointmentState, NamesAreReadBack) {
  for (const Status state : kStates) EXPECT_EQ(statusNamed(nameOf(state)), state);
  EXPECT_EQ(statusNamed("done"), std::nullopt);
}

}  // namespace
}  // namespace booking
