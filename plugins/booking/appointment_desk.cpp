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
Assignment assignmentOf(const Service& service) {
  return assignmentNamed(service.assignment).value_or(Assignment::Priority);
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

std::string_view describe(Refusal refusal) {
  switch (refusal) {
    case Refusal::ServiceInactive:
      return "The service is not active.";
    case Refusal::NoResource:
      return "No active resource can do this service there.";
    case Refusal::BlockedPeriod:
      return "The business is closed at that time.";
    case Refusal::TimeOff:
      return "Whoever could do this service is away at that time.";
    default:
      return "Nobody who can do this service is available at that time.";
  }
}

Error outsideAvailability(Refusal refusal) {
  return Error::businessLogic("OUTSIDE_AVAILABILITY", describe(refusal))
      .withDetails(
          bulkhead::toJson([&](JsonWriter& out) { out.object("reason", nameOf(refusal)); }));
}

/// `of` is who has the visits that the service allows: resource or lead.
Error limitReached(std::string_view of, const VisitLimits& limits) {
  return Error::businessLogic("DAILY_LIMIT",
                              "The " + std::string{of} +
                                  " has as many visits of that service, on that day or in that "
                                  "week, as are allowed.")
      .withDetails(bulkhead::toJson([&](JsonWriter& out) {
        out.object("of", of, "per_day", limits.per_day, "per_week", limits.per_week);
      }));
}

}  // namespace

AppointmentDesk::Plan AppointmentDesk::planBooking(ReadTransaction& transaction,
                                                   const Caller& caller, const Wish& wish,
                                                   Appointment draft) {
  Terms terms;
  if (draft.lead) terms.lead = *draft.lead;
  const Place found = place(transaction, caller, wish, terms);
  draft.service = wish.service;
  draft.price = found.offer.service.price;
  setTime(draft, found.candidate, found.shape, wish.start);
  if (draft.status == Status::Held) {
    draft.hold_expires_at = caller.now + found.offer.rules.hold_min * kMinute;
  } else {
    draft.status = found.offer.requiresConfirmation() ? Status::Pending : Status::Confirmed;
  }
  draft.created_at = draft.updated_at = caller.now;
  Plan plan;
  plan.after = std::move(draft);
  plan.questions = found.offer.service.questions.text;
  plan.is_new = true;
  plan.takes_turn = assignmentOf(found.offer.service) == Assignment::RoundRobin;
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
  if (!offer.requiresConfirmation()) plan.after.status = Status::Confirmed;
  checkLeadLimits(transaction, caller, offer, hold, terms.lead.value_or(""));
  plan.after.hold_expires_at.reset();
  plan.after.lead = terms.lead;
  plan.after.notes = terms.notes;
  plan.after.answers = terms.answers;
  plan.questions = offer.service.questions.text;
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
  if (observer_ != nullptr) observer_->changed(transaction, caller, plan);
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
  extended.hold_expires_at =
      caller.now + finder_.rules(transaction, caller.tenant).hold_min * kMinute;
  return carryOut(transaction, caller, {std::move(hold), std::move(extended), Action::Extend});
}

Appointment AppointmentDesk::reschedule(Transaction& transaction, const Caller& caller,
                                        Appointment appointment, const Wish& wish,
                                        std::string_view reason) {
  Appointment moved = appointment;
  moved.status = nextOrRefuse(appointment.status, Action::Reschedule);
  Terms terms;
  terms.except = appointment.id;
  if (appointment.lead) terms.lead = *appointment.lead;
  const Place found = place(transaction, caller, wish, terms);
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
  Terms terms;
  terms.except = appointment.id;
  terms.passed_over = appointment.resource;
  terms.bounds = false;
  const Place found = place(transaction, caller, wish, terms);
  setTime(given, found.candidate, found.shape, wish.start);
  given.previous = previousWith(appointment, caller.now);
  ++given.ics_sequence;
  Plan plan{std::move(appointment), std::move(given), Action::Reassign, std::string{reason}};
  plan.takes_turn = assignmentOf(found.offer.service) == Assignment::RoundRobin;
  return carryOut(transaction, caller, std::move(plan));
}

Appointment AppointmentDesk::act(Transaction& transaction, const Caller& caller,
                                 Appointment appointment, Action action, const Reason& reason) {
  Appointment changed = appointment;
  changed.status = nextOrRefuse(appointment.status, action);
  checkTiming(finder_.rules(transaction, caller.tenant), appointment, action, reason, caller.now);
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
  Offer offer =
      finder_.offer(transaction, caller.tenant, {wish.service, wish.resource, wish.location});
  std::erase_if(offer.candidates,
                [&](const Candidate& one) { return one.resource == terms.passed_over; });
  const SlotShape shape = shapeOf(offer.service, wish);
  if (terms.bounds) checkBookable(offer, wish.start, caller.now);
  if (assignmentOf(offer.service) == Assignment::Specific && !wish.resource) {
    throw invalidField("resource", "", "named: this service is booked with a certain resource");
  }
  const SlotFinder::Search search{shape,         {wish.start, wish.start + kAlternativesWithin},
                                  kAlternatives, caller.now,
                                  terms.except,  terms.lead};
  const auto refusals = finder_.judge(transaction, caller.tenant, offer, search);
  std::vector<const Candidate*> free;
  for (std::size_t i = 0; i < refusals.size(); ++i) {
    if (refusals[i] == Refusal::None) free.push_back(&offer.candidates[i]);
  }
  if (free.empty()) throw refused(transaction, caller, offer, search, furthest(refusals));
  const auto index = chosen(transaction, caller, offer.service, free, wish, terms.except);
  Candidate candidate = *free[index];
  return {std::move(candidate), shape, std::move(offer)};
}

Error AppointmentDesk::refused(ReadTransaction& transaction, const Caller& caller,
                               const Offer& offer, const SlotFinder::Search& search,
                               Refusal refusal) {
  if (!offer.service.active) return outsideAvailability(Refusal::ServiceInactive);
  if (refusal == Refusal::SlotTaken) return slotTaken(transaction, caller, offer, search);
  if (refusal != Refusal::DailyLimit) return outsideAvailability(refusal);
  SlotFinder::Search of_anyone = search;
  of_anyone.lead = {};
  if (furthest(finder_.judge(transaction, caller.tenant, offer, of_anyone)) == Refusal::None) {
    return limitReached("lead", offer.service.leadLimits());
  }
  return limitReached("resource", offer.service.resourceLimits());
}

void AppointmentDesk::checkLeadLimits(ReadTransaction& transaction, const Caller& caller,
                                      const Offer& offer, const Appointment& hold,
                                      std::string_view lead) {
  if (!offer.service.leadLimits().any()) return;
  Offer held = offer;
  std::erase_if(held.candidates,
                [&](const Candidate& one) { return one.resource != hold.resource; });
  SlotFinder::Search search;
  search.shape.duration = hold.visit.end - hold.visit.begin;
  search.range = hold.visit;
  search.now = caller.now;
  search.except = hold.id;
  search.lead = lead;
  for (const auto& calendar : finder_.calendars(transaction, caller.tenant, held, search)) {
    Calendar limits;
    limits.windows.push_back(hold.visit);
    limits.spent = calendar.spent;
    if (judge(limits, search.shape, hold.visit.begin) == Refusal::DailyLimit) {
      throw limitReached("lead", offer.service.leadLimits());
    }
  }
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

void AppointmentDesk::checkBookable(const Offer& offer, Instant start, Instant now) {
  const auto bounds = SlotFinder::bookable(offer, now);
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

void AppointmentDesk::checkTiming(const BookingRules& rules, const Appointment& appointment,
                                  Action action, const Reason& reason, Instant now) {
  const Instant cancel_until = appointment.visit.begin - rules.cancel_window_min * kMinute;
  if (action == Action::Cancel && reason.by.value_or(std::string{kCustomer}) == kCustomer &&
      now > cancel_until) {
    throw outOfBounds("CANCEL_WINDOW_PASSED", "It is too late for the customer to cancel.",
                      "cancel_until", cancel_until);
  }
  const Instant absent_from = appointment.visit.begin + rules.no_show_grace_min * kMinute;
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
