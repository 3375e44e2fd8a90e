#include "appointment_state.hpp"

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

// Goal: the arrows of the drawing and no others. Method: every pair of state and action against a
// second list, written from the drawing.
TEST(AppointmentState, B5_EveryPairIsAnArrowOrARefusal) {
  const std::set<std::tuple<Status, Action, Status>> arrows{
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
  int legal = 0;
  for (const Status from : kStates) {
    for (const Action action : kActions) {
      const auto to = next(from, action);
      if (to) {
        ++legal;
        EXPECT_TRUE(arrows.contains({from, action, *to})) << nameOf(from) << ' ' << nameOf(action);
        EXPECT_EQ(nextOrRefuse(from, action), *to);
      } else {
        EXPECT_THROW(nextOrRefuse(from, action), bulkhead::Error)
            << nameOf(from) << ' ' << nameOf(action);
      }
    }
  }
  EXPECT_EQ(legal, static_cast<int>(arrows.size()));
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
