#include "appointment_desk.hpp"

#include <algorithm>
#include <utility>

#include <bulkhead/json_writer.hpp>

#include "appointment_changes.hpp"
#include "appointment_store.hpp"
#include "assignment.hpp"
#include "assignment_store.hpp"

namespace booking {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Transaction;

constexpr seconds kMinute{60};
constexpr seconds kUndoNoShowWithin{86400};
constexpr seconds kAlternativesWithin{14 * 86400};
constexpr seconds kBlockMax{86400};
constexpr std::size_t kAlternatives = 3;
constexpr std::string_view kCustomer = "customer";

Error plainSlotTaken() {
  return Error::conflict("SLOT_TAKEN", "That time is taken.");
}

/// A refusal of the rules with the instant that would have been on their other side.
Error outOfBounds(std::string_view code, std::string_view message, std::string_view bound,
                  Instant instant) {
  return Error::businessLogic(code, message).withDetails(bulkhead::toJson([&](JsonWriter& out) {
    out.object(bound, formatInstant(instant));
  }));
}

void setTime(Appointment& appointment, const Candidate& candidate, const SlotShape& shape,
             Instant start) {
  appointment.resource = candidate.resource;
  appointment.location = candidate.location;
  appointment.visit = shape.visit(start);
  appointment.block = shape.block(start);
  const Zone zone = Zone::get(candidate.time_zone);
  appointment.local_start = formatWall(zone.toLocal(start).wall);
  appointment.time_zone = zone.name();
  appointment.tzdata_version = tzdataVersion();
}

HistoryEntry historyEntry(const AppointmentDesk::Plan& plan, const Caller& caller) {
  const Appointment& one = plan.after;
  HistoryEntry entry;
  entry.version = one.version;
  entry.action = plan.is_new && one.status == Status::Held ? "hold" : nameOf(plan.action);
  if (!plan.is_new) entry.from = plan.before.status;
  entry.to = one.status;
  entry.visit = one.visit;
  entry.resource = one.resource;
  entry.actor = caller.actor;
  entry.request_id = caller.request_id;
  entry.reason = plan.text;
  entry.acted_by = plan.acted_by;
  if (!plan.is_new) entry.changes = changesBetween(plan.before, one);
  entry.at = caller.now;
  return entry;
}

/// The policy by which a service's visits are given to its resources.
Assignment assignmentOf(const Service&) {
  return Assignment::Priority;
}

Interval localDayOf(Instant instant, const Zone& zone) {
  const cctz::civil_day day{zone.toLocal(instant).wall};
  return {zone.toInstant(cctz::civil_second{day}), zone.toInstant(cctz::civil_second{day + 1})};
}

bool isOver(const Appointment& hold, Instant now) {
  return hold.hold_expires_at.value_or(now) <= now;
}

Error holdExpired() {
  return Error::conflict("HOLD_EXPIRED", "The hold is over; ask for the slots again.");
}

SlotShape shapeOf(const Service& service, const Wish& wish) {
  SlotShape shape = service.shape(wish.duration_min);
  if (wish.kept_duration && !wish.duration_min) shape.duration = *wish.kept_duration;
  const Interval block = shape.block(wish.start);
  if (block.end - block.begin > kBlockMax) {
    throw invalidField("duration", std::to_string(shape.duration / kMinute),
                       "at most 24 hours together with the service's buffers");
  }
  return shape;
}

std::string_view whyClosed(const Offer& offer) {
  if (!offer.service.active) return "The service is not active.";
  if (offer.candidates.empty()) return "No active resource can do this service there.";
  return "Nobody who can do this service is available at that time.";
}

}  // namespace

AppointmentDesk::Plan AppointmentDesk::planBooking(ReadTransaction& transaction,
                                                   const Caller& caller, const Wish& wish,
                                                   Appointment draft) {
  const Place found = place(transaction, caller, wish, {});
  draft.service = wish.service;
  setTime(draft, found.candidate, found.shape, wish.start);
  if (draft.status == Status::Held) {
    draft.hold_expires_at = caller.now + rules_.hold_min * kMinute;
  } else {
    draft.status = found.service.requires_confirmation ? Status::Pending : Status::Confirmed;
  }
  draft.created_at = draft.updated_at = caller.now;
  Plan plan;
  plan.after = std::move(draft);
  plan.is_new = true;
  plan.takes_turn = assignmentOf(found.service) == Assignment::RoundRobin;
  return plan;
}

AppointmentDesk::Plan AppointmentDesk::planBookingOf(ReadTransaction& transaction,
                                                     const Caller& caller, Appointment hold,
                                                     const Appointment& terms) {
  Plan plan;
  plan.after = hold;
  plan.after.status = nextOrRefuse(hold.status, Action::Book);
  if (isOver(hold, caller.now)) throw holdExpired();
  const Offer offer = finder_.offer(transaction, caller.tenant, {hold.service, {}, {}});
  if (!offer.service.requires_confirmation) plan.after.status = Status::Confirmed;
  plan.after.hold_expires_at.reset();
  plan.after.lead = terms.lead;
  plan.after.notes = terms.notes;
  plan.before = std::move(hold);
  return plan;
}

Appointment AppointmentDesk::carryOut(Transaction& transaction, const Caller& caller, Plan plan) {
  Appointment& one = plan.after;
  const bool takes_time = plan.is_new || !isBlocking(plan.before.status) ||
                          one.resource != plan.before.resource || one.block != plan.before.block;
  if (isBlocking(one.status) && takes_time) {
    freeOverdue(transaction, caller, one.resource, one.block);
  }
  if (plan.is_new) {
    AppointmentStore::insert(transaction, caller.tenant, one, plainSlotTaken());
  } else {
    one.version = plan.before.version + 1;
    one.updated_at = caller.now;
    AppointmentStore::update(transaction, caller.tenant, one, plainSlotTaken());
  }
  if (plan.takes_turn) {
    AssignmentStore::takeTurn(transaction, caller.tenant, one.service, one.resource);
  }
  AppointmentStore::addHistory(transaction, caller.tenant, one.id, historyEntry(plan, caller));
  return std::move(one);
}

Appointment AppointmentDesk::book(Transaction& transaction, const Caller& caller, const Wish& wish,
                                  Appointment draft) {
  return carryOut(transaction, caller, planBooking(transaction, caller, wish, std::move(draft)));
}

Appointment AppointmentDesk::extend(Transaction& transaction, const Caller& caller,
                                    Appointment hold) {
  Appointment extended = hold;
  extended.status = nextOrRefuse(hold.status, Action::Extend);
  if (isOver(hold, caller.now)) throw holdExpired();
  if (hold.hold_extended) {
    throw Error::conflict("HOLD_ALREADY_EXTENDED", "A hold is extended once; book it, or let go.");
  }
  extended.hold_extended = true;
  extended.hold_expires_at = caller.now + rules_.hold_min * kMinute;
  return carryOut(transaction, caller, {std::move(hold), std::move(extended), Action::Extend});
}

Appointment AppointmentDesk::reschedule(Transaction& transaction, const Caller& caller,
                                        Appointment appointment, const Wish& wish,
                                        std::string_view reason) {
  Appointment moved = appointment;
  moved.status = nextOrRefuse(appointment.status, Action::Reschedule);
  const Place found = place(transaction, caller, wish, {appointment.id});
  setTime(moved, found.candidate, found.shape, wish.start);
  moved.previous = previousWith(appointment, caller.now);
  ++moved.reschedule_count;
  ++moved.ics_sequence;
  return carryOut(
      transaction, caller,
      {std::move(appointment), std::move(moved), Action::Reschedule, std::string{reason}});
}

Appointment AppointmentDesk::reassign(Transaction& transaction, const Caller& caller,
                                      Appointment appointment,
                                      const std::optional<std::string>& resource,
                                      std::string_view reason) {
  Appointment given = appointment;
  given.status = nextOrRefuse(appointment.status, Action::Reassign);
  if (resource == appointment.resource) return appointment;
  Wish wish;
  wish.service = appointment.service;
  wish.resource = resource;
  if (!resource) wish.location = appointment.location;
  wish.kept_duration = appointment.visit.end - appointment.visit.begin;
  wish.start = appointment.visit.begin;
  const Place found =
      place(transaction, caller, wish, {appointment.id, appointment.resource, false});
  setTime(given, found.candidate, found.shape, wish.start);
  given.previous = previousWith(appointment, caller.now);
  ++given.ics_sequence;
  Plan plan{std::move(appointment), std::move(given), Action::Reassign, std::string{reason}};
  plan.takes_turn = assignmentOf(found.service) == Assignment::RoundRobin;
  return carryOut(transaction, caller, std::move(plan));
}

Appointment AppointmentDesk::act(Transaction& transaction, const Caller& caller,
                                 Appointment appointment, Action action, const Reason& reason) {
  Appointment changed = appointment;
  changed.status = nextOrRefuse(appointment.status, action);
  checkTiming(appointment, action, reason, caller.now);
  if (action == Action::Cancel) {
    changed.cancelled_by = reason.by.value_or(std::string{kCustomer});
    changed.cancel_reason = reason.text;
    ++changed.ics_sequence;
  }
  if (action == Action::Cancel || action == Action::NoShow) changed.ended_at = caller.now;
  if (action == Action::UndoNoShow) changed.ended_at.reset();
  Plan plan{std::move(appointment), std::move(changed), action, reason.text, reason.by};
  if (action == Action::Cancel) plan.acted_by = plan.after.cancelled_by;
  return carryOut(transaction, caller, std::move(plan));
}

Appointment AppointmentDesk::amend(Transaction& transaction, const Caller& caller,
                                   Appointment before, Appointment changed) {
  return carryOut(transaction, caller, {std::move(before), std::move(changed), Action::Amend});
}

AppointmentDesk::Place AppointmentDesk::place(ReadTransaction& transaction, const Caller& caller,
                                              const Wish& wish, const Terms& terms) {
  const Offer offer =
      finder_.offer(transaction, caller.tenant, {wish.service, wish.resource, wish.location});
  const SlotShape shape = shapeOf(offer.service, wish);
  if (terms.bounds) checkBookable(offer.service, wish.start, caller.now);
  if (assignmentOf(offer.service) == Assignment::Specific && !wish.resource) {
    throw invalidField("resource", "", "named: this service is booked with a certain resource");
  }
  const Interval visit = shape.visit(wish.start);
  bool is_open = false;
  std::vector<const Candidate*> free;
  for (const auto& candidate : offer.candidates) {
    if (candidate.resource == terms.passed_over) continue;
    if (!finder_.isOpen(transaction, caller.tenant, candidate, visit)) continue;
    is_open = true;
    const auto busy =
        SlotStore::busy(transaction, caller.tenant,
                        {candidate.resource, shape.block(wish.start), caller.now, terms.except});
    if (!busy.empty()) continue;
    free.push_back(&candidate);
    if (assignmentOf(offer.service) == Assignment::Priority) break;
  }
  if (!is_open) throw Error::businessLogic("OUTSIDE_AVAILABILITY", whyClosed(offer));
  if (free.empty()) {
    throw slotTaken(transaction, caller, offer,
                    {shape,
                     {wish.start, wish.start + kAlternativesWithin},
                     kAlternatives,
                     caller.now,
                     terms.except});
  }
  const auto index = chosen(transaction, caller, offer.service, free, wish, terms.except);
  return {*free[index], shape, offer.service};
}

std::size_t AppointmentDesk::chosen(ReadTransaction& transaction, const Caller& caller,
                                    const Service& service,
                                    const std::vector<const Candidate*>& free, const Wish& wish,
                                    std::string_view except) const {
  const Assignment assignment = assignmentOf(service);
  if (free.size() == 1) return 0;
  std::vector<Applicant> applicants(free.size());
  for (std::size_t i = 0; i < free.size(); ++i) {
    const Candidate& candidate = *free[i];
    if (assignment == Assignment::RoundRobin) {
      applicants[i].last_turn =
          AssignmentStore::lastTurn(transaction, caller.tenant, service.id, candidate.resource);
    } else if (assignment == Assignment::LeastLoaded) {
      const Interval day = localDayOf(wish.start, Zone::get(candidate.time_zone));
      applicants[i].load_s =
          AssignmentStore::loadSeconds(transaction, caller.tenant, candidate.resource, day, except);
    }
  }
  return choose(assignment, applicants);
}

void AppointmentDesk::checkBookable(const Service& service, Instant start, Instant now) const {
  const auto bounds = finder_.bookable(service, now);
  if (start < bounds.earliest) {
    throw outOfBounds("NOTICE_TOO_SHORT", "That time is too soon to be booked.", "earliest",
                      bounds.earliest);
  }
  if (start > bounds.latest) {
    throw outOfBounds("BEYOND_HORIZON", "That time is too far ahead to be booked.", "latest",
                      bounds.latest);
  }
}

Error AppointmentDesk::slotTaken(ReadTransaction& transaction, const Caller& caller,
                                 const Offer& offer, SlotFinder::Search search) {
  const auto slots = finder_.find(transaction, caller.tenant, offer, search);
  return plainSlotTaken().withDetails(bulkhead::toJson([&](JsonWriter& out) {
    out.object("alternatives", [&](JsonWriter& list) {
      list.array(slots, [&](JsonWriter& one, const Slot& slot) {
        const Candidate& candidate = offer.candidates[slot.resources.front()];
        one.beginObject();
        writeVisit(one, search.shape.visit(slot.start), Zone::get(candidate.time_zone));
        one.member("resource", candidate.resource);
        one.endObject();
      });
    });
  }));
}

void AppointmentDesk::freeOverdue(Transaction& transaction, const Caller& caller,
                                  std::string_view resource, const Interval& block) {
  const auto holds =
      AppointmentStore::overdueHolds(transaction, caller.tenant, resource, block, caller.now);
  for (const auto& hold : holds) act(transaction, caller, hold, Action::Expire, {});
}

void AppointmentDesk::checkTiming(const Appointment& appointment, Action action,
                                  const Reason& reason, Instant now) const {
  const Instant cancel_until = appointment.visit.begin - rules_.cancel_window_min * kMinute;
  if (action == Action::Cancel && reason.by.value_or(std::string{kCustomer}) == kCustomer &&
      now > cancel_until) {
    throw outOfBounds("CANCEL_WINDOW_PASSED", "It is too late for the customer to cancel.",
                      "cancel_until", cancel_until);
  }
  const Instant absent_from = appointment.visit.begin + rules_.no_show_grace_min * kMinute;
  if (action == Action::NoShow && now < absent_from) {
    throw illegalTransition(appointment.status, action, "It is too early to call it a no-show.",
                            "not_before", formatInstant(absent_from));
  }
  const Instant undo_until = appointment.ended_at.value_or(now) + kUndoNoShowWithin;
  if (action == Action::UndoNoShow && now > undo_until) {
    throw illegalTransition(appointment.status, action, "A no-show can be undone for 24 hours.",
                            "not_after", formatInstant(undo_until));
  }
}

void writeVisit(JsonWriter& out, const Interval& visit, const Zone& zone) {
  const auto local = zone.toLocal(visit.begin);
  out.member("start", formatInstant(visit.begin));
  out.member("end", formatInstant(visit.end));
  out.member("local_start", formatWall(local.wall));
  out.member("offset", formatOffset(local.offset_s));
  out.member("time_zone", zone.name());
}

}  // namespace booking
