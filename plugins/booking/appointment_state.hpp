#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <bulkhead/error.hpp>

namespace booking {

enum class Status {
  Held,
  Pending,
  Confirmed,
  CheckedIn,
  Completed,
  NoShow,
  Cancelled,
  Declined,
  Expired,
};

enum class Action {
  Book,  ///< a hold becomes an appointment
  Expire,
  Confirm,
  Decline,
  Reschedule,
  Cancel,
  CheckIn,
  Complete,
  NoShow,
  UndoNoShow,
  Extend,    ///< of a hold
  Reassign,  ///< to another resource, at the same time
  Amend,     ///< of what it says; every state takes it
};

/// "checked_in": as stored and as shown.
std::string_view nameOf(Status status);
std::optional<Status> statusNamed(std::string_view name);
/// "undo-no-show": as in the route.
std::string_view nameOf(Action action);

/// Whether an appointment in this state keeps its resources from others.
bool isBlocking(Status status);

/// Where `action` leads from `from`; nothing when there is no such arrow. `Book` leads to Pending
/// here; a service that needs no confirmation goes on to Confirmed.
std::optional<Status> next(Status from, Action action);

/// The states that some action reaches from `from`, without repeats.
std::vector<Status> reachableFrom(Status from);

/// The refusal 422 ILLEGAL_TRANSITION with `from`, `to`, `action` and `allowed`; a refusal by the
/// clock also names the instant that it turns on (`bound`: "not_before", say).
bulkhead::Error illegalTransition(Status from, Action action, std::string_view message,
                                  std::string_view bound = {}, std::string_view instant = {});

/// As next(); throws illegalTransition().
Status nextOrRefuse(Status from, Action action);

}  // namespace booking
