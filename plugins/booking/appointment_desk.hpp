#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/json_writer.hpp>
#include <bulkhead/transaction.hpp>

#include "appointment.hpp"
#include "slot_finder.hpp"

namespace booking {

/// On whose behalf something is done, and when.
struct Caller {
  std::string_view tenant;
  std::string_view actor;  ///< id of the API key
  std::string_view request_id;
  Instant now;
};

/// What is asked for: a start, and as much of the rest as the caller cares about.
struct Wish {
  std::string service;
  std::optional<std::string> resource;
  std::optional<std::string> location;
  std::optional<int> duration_min;
  std::optional<seconds>
      kept_duration;  ///< of a visit that is moved, whatever the service says now
  Instant start;
};

class AppointmentObserver;

/// Where appointments are made and changed: the only writer of their state. Each call is part of
/// the caller's transaction and leaves a line of history. Any thread.
class AppointmentDesk {
 public:
  /// `observer`, if any, is told of each change.
  explicit AppointmentDesk(SlotFinder& finder, const AppointmentObserver* observer = nullptr)
      : finder_{finder}, observer_{observer} {}

  /// A change that has been checked, and of which nothing has been written yet: writing it, within
  /// the same transaction, is not refused any more unless someone else's transaction came between.
  struct Plan {
    Appointment before;
    Appointment after;
    Action action = Action::Book;
    std::string text = {};                     ///< the reason, for the history
    std::optional<std::string> acted_by = {};  ///< customer or business
    std::string questions = "[]";  ///< of the service, when it is a booking: for who takes answers
    bool is_new = false;
    bool takes_turn = false;
  };

  /// Plans an appointment under `draft.id` for `draft.lead`; a draft that is Held is a hold, else
  /// the service decides between Pending and Confirmed. Throws SLOT_TAKEN (with `alternatives`),
  /// OUTSIDE_AVAILABILITY (with its `reason`), DAILY_LIMIT, NOTICE_TOO_SHORT, BEYOND_HORIZON,
  /// NOT_FOUND, VALIDATION_ERROR.
  Plan planBooking(bulkhead::ReadTransaction& transaction, const Caller& caller, const Wish& wish,
                   Appointment draft);
  /// Plans to turn a hold into an appointment with `terms`' lead, notes and digest. Throws
  /// HOLD_EXPIRED, ILLEGAL_TRANSITION, DAILY_LIMIT.
  Plan planBookingOf(bulkhead::ReadTransaction& transaction, const Caller& caller, Appointment hold,
                     const Appointment& terms);
  /// Writes what was planned. Throws SLOT_TAKEN, VERSION_CONFLICT when another transaction was
  /// quicker.
  Appointment carryOut(bulkhead::Transaction& transaction, const Caller& caller, Plan plan);

  /// Both at once.
  Appointment book(bulkhead::Transaction& transaction, const Caller& caller, const Wish& wish,
                   Appointment draft);
  /// Gives a hold its time once more, counted from now. Throws HOLD_EXPIRED, ILLEGAL_TRANSITION,
  /// and HOLD_ALREADY_EXTENDED the second time.
  Appointment extend(bulkhead::Transaction& transaction, const Caller& caller, Appointment hold);
  /// Moves the same appointment. Throws what book() throws, and ILLEGAL_TRANSITION.
  Appointment reschedule(bulkhead::Transaction& transaction, const Caller& caller,
                         Appointment appointment, const Wish& wish, std::string_view reason);
  /// Gives the visit to `resource`, or to whom the service's policy chooses among the others, at
  /// the same time. Throws SLOT_TAKEN, OUTSIDE_AVAILABILITY, NOT_FOUND, ILLEGAL_TRANSITION.
  Appointment reassign(bulkhead::Transaction& transaction, const Caller& caller,
                       Appointment appointment, const std::optional<std::string>& resource,
                       std::string_view reason);

  struct Reason {
    std::optional<std::string> by;  ///< customer or business; Cancel without it is the customer's
    std::string text;
  };
  /// Any other action. Throws ILLEGAL_TRANSITION; Cancel by the customer CANCEL_WINDOW_PASSED;
  /// UndoNoShow SLOT_TAKEN.
  Appointment act(bulkhead::Transaction& transaction, const Caller& caller, Appointment appointment,
                  Action action, const Reason& reason);
  /// Writes `changed` over `before`; it touches neither time nor state.
  Appointment amend(bulkhead::Transaction& transaction, const Caller& caller, Appointment before,
                    Appointment changed);

 private:
  /// What a place is looked for besides the wish.
  struct Terms {
    std::string_view except = {};       ///< the appointment that is moved: not in its own way
    std::string_view passed_over = {};  ///< a resource that does not count
    std::string_view lead = {};         ///< whose limits count
    bool bounds = true;                 ///< notice and horizon count
  };
  struct Place {
    Candidate candidate;
    SlotShape shape;
    Offer offer;
  };
  Place place(bulkhead::ReadTransaction& transaction, const Caller& caller, const Wish& wish,
              const Terms& terms);
  std::size_t chosen(bulkhead::ReadTransaction& transaction, const Caller& caller,
                     const Service& service, const std::vector<const Candidate*>& free,
                     const Wish& wish, std::string_view except) const;
  static void checkBookable(const Offer& offer, Instant start, Instant now);
  bulkhead::Error refused(bulkhead::ReadTransaction& transaction, const Caller& caller,
                          const Offer& offer, const SlotFinder::Search& search, Refusal refusal);
  void checkLeadLimits(bulkhead::ReadTransaction& transaction, const Caller& caller,
                       const Offer& offer, const Appointment& hold, std::string_view lead);
  bulkhead::Error slotTaken(bulkhead::ReadTransaction& transaction, const Caller& caller,
                            const Offer& offer, SlotFinder::Search search);
  void freeOverdue(bulkhead::Transaction& transaction, const Caller& caller,
                   std::string_view resource, const Interval& block);
  static void checkTiming(const BookingRules& rules, const Appointment& appointment, Action action,
                          const Reason& reason, Instant now);

  SlotFinder& finder_;
  const AppointmentObserver* observer_;
};

/// Is told of each change of an appointment, within its transaction: what it writes commits with
/// the change. Any thread.
class AppointmentObserver {
 public:
  AppointmentObserver() = default;
  virtual ~AppointmentObserver() = default;
  AppointmentObserver(const AppointmentObserver&) = delete;
  AppointmentObserver& operator=(const AppointmentObserver&) = delete;

  /// `plan.after` is what was written, with its new version.
  virtual void changed(bulkhead::Transaction& transaction, const Caller& caller,
                       const AppointmentDesk::Plan& plan) const = 0;
};

/// Writes the members that show when a visit is: `start`, `end`, `local_start`, `offset`,
/// `time_zone`.
void writeVisit(bulkhead::JsonWriter& out, const Interval& visit, const Zone& zone);

}  // namespace booking
