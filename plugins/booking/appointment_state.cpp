#include "appointment_state.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <bulkhead/json_writer.hpp>

namespace booking {
namespace {

struct Arrow {
  Status from;
  Action action;
  Status to;
};

/// The whole state machine. A pair that is not here is illegal.
constexpr std::array kArrows{
    Arrow{Status::Held, Action::Book, Status::Pending},
    Arrow{Status::Held, Action::Book, Status::Confirmed},
    Arrow{Status::Held, Action::Expire, Status::Expired},
    Arrow{Status::Held, Action::Extend, Status::Held},
    Arrow{Status::Pending, Action::Confirm, Status::Confirmed},
    Arrow{Status::Pending, Action::Decline, Status::Declined},
    Arrow{Status::Pending, Action::Reschedule, Status::Pending},
    Arrow{Status::Confirmed, Action::Reschedule, Status::Confirmed},
    Arrow{Status::Pending, Action::Reassign, Status::Pending},
    Arrow{Status::Confirmed, Action::Reassign, Status::Confirmed},
    Arrow{Status::Confirmed, Action::Cancel, Status::Cancelled},
    Arrow{Status::Confirmed, Action::CheckIn, Status::CheckedIn},
    Arrow{Status::Confirmed, Action::NoShow, Status::NoShow},
    Arrow{Status::CheckedIn, Action::Complete, Status::Completed},
    Arrow{Status::CheckedIn, Action::NoShow, Status::NoShow},
    Arrow{Status::NoShow, Action::UndoNoShow, Status::Confirmed},
};

constexpr std::array<std::string_view, 9> kStatusNames{"held",       "pending",   "confirmed",
                                                       "checked_in", "completed", "no_show",
                                                       "cancelled",  "declined",  "expired"};

constexpr std::array<std::string_view, 13> kActionNames{
    "book",     "expire",  "confirm",      "decline", "reschedule", "cancel", "check-in",
    "complete", "no-show", "undo-no-show", "extend",  "reassign",   "amend"};

bool keepsState(Action action) {
  return action == Action::Reschedule || action == Action::Reassign || action == Action::Extend ||
         action == Action::Amend;
}

/// The state that an action aims at, wherever it starts.
Status aimOf(Status from, Action action) {
  if (keepsState(action)) return from;
  return std::find_if(kArrows.begin(), kArrows.end(),
                      [&](const Arrow& arrow) { return arrow.action == action; })
      ->to;
}

}  // namespace

std::string_view nameOf(Status status) {
  return kStatusNames.at(static_cast<std::size_t>(status));
}

std::string_view nameOf(Action action) {
  return kActionNames.at(static_cast<std::size_t>(action));
}

std::optional<Status> statusNamed(std::string_view name) {
  const auto found = std::find(kStatusNames.begin(), kStatusNames.end(), name);
  if (found == kStatusNames.end()) return std::nullopt;
  return static_cast<Status>(found - kStatusNames.begin());
}

bool isBlocking(Status status) {
  return status == Status::Held || status == Status::Pending || status == Status::Confirmed ||
         status == Status::CheckedIn;
}

std::optional<Status> next(Status from, Action action) {
  if (action == Action::Amend) return from;
  const auto found = std::find_if(kArrows.begin(), kArrows.end(), [&](const Arrow& arrow) {
    return arrow.from == from && arrow.action == action;
  });
  if (found == kArrows.end()) return std::nullopt;
  return found->to;
}

std::vector<Status> reachableFrom(Status from) {
  std::vector<Status> states;
  for (const auto& arrow : kArrows) {
    if (arrow.from == from && std::find(states.begin(), states.end(), arrow.to) == states.end()) {
      states.push_back(arrow.to);
    }
  }
  return states;
}

bulkhead::Error illegalTransition(Status from, Action action, std::string_view message,
                                  std::string_view bound, std::string_view instant) {
  return bulkhead::Error::businessLogic("ILLEGAL_TRANSITION", message)
      .withDetails(bulkhead::toJson([&](bulkhead::JsonWriter& out) {
        out.beginObject();
        out.member("from", nameOf(from));
        out.member("to", nameOf(aimOf(from, action)));
        out.member("action", nameOf(action));
        out.key("allowed");
        out.array(reachableFrom(from),
                  [](bulkhead::JsonWriter& one, Status to) { one.value(nameOf(to)); });
        if (!bound.empty()) out.member(bound, instant);
        out.endObject();
      }));
}

Status nextOrRefuse(Status from, Action action) {
  if (const auto to = next(from, action)) return *to;
  throw illegalTransition(from, action,
                          "An appointment that is " + std::string{nameOf(from)} +
                              " does not take \"" + std::string{nameOf(action)} + "\".");
}

}  // namespace booking
