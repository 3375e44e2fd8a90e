#pragma once

#include <optional>
#include <string>
#include <string_view>

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

/// What the plugin's settings say about appointments.
struct DeskRules {
  int hold_min = 5;
  int cancel_window_min = 0;
  int no_show_grace_min = 10;
};

/// Where appointments are made and changed: the only writer of their state. Each call is part of
/// the caller's transaction and leaves a line of history. Any thread.
class AppointmentDesk {
 public:
  AppointmentDesk(SlotFinder& finder, DeskRules rules) : finder_{finder}, rules_{rules} {}

  /// Makes an appointment under `draft.id` for `draft.lead`; a draft that is Held is a hold, else
  /// the service decides between Pending and Confirmed. Throws SLOT_TAKEN (with `alternatives`),
  /// OUTSIDE_AVAILABILITY, NOTICE_TOO_SHORT, BEYOND_HORIZON, NOT_FOUND.
  Appointment book(bulkhead::Transaction& transaction, const Caller& caller, const Wish& wish,
                   Appointment draft);
  /// Turns a hold into the appointment of `lead`. Throws HOLD_EXPIRED, ILLEGAL_TRANSITION.
  Appointment bookHold(bulkhead::Transaction& transaction, const Caller& caller, Appointment hold,
                       const std::string& lead, const std::string& notes);
  /// Moves the same appointment. Throws what book() throws, and ILLEGAL_TRANSITION.
  Appointment reschedule(bulkhead::Transaction& transaction, const Caller& caller,
                         Appointment appointment, const Wish& wish, std::string_view reason);

  struct Reason {
    std::string by = "customer";  ///< customer or business
    std::string text;
  };
  /// Any other action. Throws ILLEGAL_TRANSITION; Cancel by the customer CANCEL_WINDOW_PASSED;
  /// UndoNoShow SLOT_TAKEN.
  Appointment act(bulkhead::Transaction& transaction, const Caller& caller, Appointment appointment,
                  Action action, const Reason& reason);
  /// Writes changes that touch neither time nor state.
  Appointment amend(bulkhead::Transaction& transaction, const Caller& caller,
                    Appointment appointment);

 private:
  struct Place {
    Candidate candidate;
    SlotShape shape;
    bool requires_confirmation = false;
  };
  Place place(bulkhead::Transaction& transaction, const Caller& caller, const Wish& wish,
              std::string_view except);
  void checkBookable(const Service& service, Instant start, Instant now) const;
  bulkhead::Error slotTaken(bulkhead::Transaction& transaction, const Caller& caller,
                            const Offer& offer, SlotFinder::Search search);
  void freeOverdue(bulkhead::Transaction& transaction, const Caller& caller,
                   std::string_view resource, const Interval& block);
  void checkTiming(const Appointment& appointment, Action action, const Reason& reason,
                   Instant now) const;
  static Appointment store(bulkhead::Transaction& transaction, const Caller& caller,
                           Appointment changed, Status from, std::string_view action,
                           std::string_view reason);

  SlotFinder& finder_;
  const DeskRules rules_;
};

/// Writes the members that show when a visit is: `start`, `end`, `local_start`, `offset`,
/// `time_zone`.
void writeVisit(bulkhead::JsonWriter& out, const Interval& visit, const Zone& zone);

}  // namespace booking
