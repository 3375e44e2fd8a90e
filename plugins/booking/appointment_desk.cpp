#include "appointment_desk.hpp"

#include <algorithm>
#include <utility>

#include <bulkhead/json_writer.hpp>

#include "appointment_store.hpp"

namespace booking {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Transaction;

constexpr seconds kMinute{60};
constexpr seconds kUndoNoShowWithin{86400};
constexpr seconds kAlternativesWithin{14 * 86400};
constexpr seconds kBlockMax{86400};
constexpr std::size_t kAlternatives = 3;

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

HistoryEntry historyEntry(const Appointment& one, std::optional<Status> from,
                          std::string_view action, const Caller& caller, std::string_view reason) {
  return {one.version,
          std::string{action},
          from,
          one.status,
          one.visit,
          one.resource,
          std::string{caller.actor},
          std::string{caller.request_id},
          std::string{reason},
          caller.now};
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

Appointment AppointmentDesk::book(Transaction& transaction, const Caller& caller, const Wish& wish,
                                  Appointment draft) {
  const Place found = place(transaction, caller, wish, {});
  draft.service = wish.service;
  setTime(draft, found.candidate, found.shape, wish.start);
  const bool held = draft.status == Status::Held;
  if (held) {
    draft.hold_expires_at = caller.now + rules_.hold_min * kMinute;
  } else {
    draft.status = found.requires_confirmation ? Status::Pending : Status::Confirmed;
  }
  draft.created_at = draft.updated_at = caller.now;
  freeOverdue(transaction, caller, draft.resource, draft.block);
  AppointmentStore::insert(transaction, caller.tenant, draft, plainSlotTaken());
  AppointmentStore::addHistory(
      transaction, caller.tenant, draft.id,
      historyEntry(draft, std::nullopt, held ? "hold" : "book", caller, {}));
  return draft;
}

Appointment AppointmentDesk::bookHold(Transaction& transaction, const Caller& caller,
                                      Appointment hold, const std::string& lead,
                                      const std::string& notes) {
  const Status from = hold.status;
  hold.status = nextOrRefuse(from, Action::Book);
  if (hold.hold_expires_at.value_or(caller.now) <= caller.now) {
    throw Error::conflict("HOLD_EXPIRED", "The hold is over; ask for the slots again.");
  }
  const Offer offer = finder_.offer(transaction, caller.tenant, {hold.service, {}, {}});
  if (!offer.service.requires_confirmation) hold.status = Status::Confirmed;
  hold.hold_expires_at.reset();
  hold.lead = lead;
  hold.notes = notes;
  return store(transaction, caller, std::move(hold), from, nameOf(Action::Book), {});
}

Appointment AppointmentDesk::reschedule(Transaction& transaction, const Caller& caller,
                                        Appointment appointment, const Wish& wish,
                                        std::string_view reason) {
  const Status from = appointment.status;
  appointment.status = nextOrRefuse(from, Action::Reschedule);
  const Place found = place(transaction, caller, wish, appointment.id);
  setTime(appointment, found.candidate, found.shape, wish.start);
  ++appointment.reschedule_count;
  ++appointment.ics_sequence;
  freeOverdue(transaction, caller, appointment.resource, appointment.block);
  return store(transaction, caller, std::move(appointment), from, nameOf(Action::Reschedule),
               reason);
}

Appointment AppointmentDesk::act(Transaction& transaction, const Caller& caller,
                                 Appointment appointment, Action action, const Reason& reason) {
  const Status from = appointment.status;
  const Status to = nextOrRefuse(from, action);
  checkTiming(appointment, action, reason, caller.now);
  appointment.status = to;
  if (action == Action::Cancel) {
    appointment.cancelled_by = reason.by;
    appointment.cancel_reason = reason.text;
    ++appointment.ics_sequence;
  }
  if (action == Action::Cancel || action == Action::NoShow) appointment.ended_at = caller.now;
  if (action == Action::UndoNoShow) {
    appointment.ended_at.reset();
    freeOverdue(transaction, caller, appointment.resource, appointment.block);
  }
  return store(transaction, caller, std::move(appointment), from, nameOf(action), reason.text);
}

Appointment AppointmentDesk::amend(Transaction& transaction, const Caller& caller,
                                   Appointment appointment) {
  const Status from = appointment.status;
  return store(transaction, caller, std::move(appointment), from, "amend", {});
}

AppointmentDesk::Place AppointmentDesk::place(Transaction& transaction, const Caller& caller,
                                              const Wish& wish, std::string_view except) {
  const Offer offer =
      finder_.offer(transaction, caller.tenant, {wish.service, wish.resource, wish.location});
  const SlotShape shape = shapeOf(offer.service, wish);
  checkBookable(offer.service, wish.start, caller.now);
  const Interval visit = shape.visit(wish.start);
  bool is_open = false;
  for (const auto& candidate : offer.candidates) {
    if (!finder_.isOpen(transaction, caller.tenant, candidate, visit)) continue;
    is_open = true;
    const auto busy =
        SlotStore::busy(transaction, caller.tenant,
                        {candidate.resource, shape.block(wish.start), caller.now, except});
    if (busy.empty()) return {candidate, shape, offer.service.requires_confirmation};
  }
  if (!is_open) throw Error::businessLogic("OUTSIDE_AVAILABILITY", whyClosed(offer));
  throw slotTaken(
      transaction, caller, offer,
      {shape, {wish.start, wish.start + kAlternativesWithin}, kAlternatives, caller.now, except});
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

Error AppointmentDesk::slotTaken(Transaction& transaction, const Caller& caller, const Offer& offer,
                                 SlotFinder::Search search) {
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
  if (action == Action::Cancel && reason.by == "customer" && now > cancel_until) {
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

Appointment AppointmentDesk::store(Transaction& transaction, const Caller& caller,
                                   Appointment changed, Status from, std::string_view action,
                                   std::string_view reason) {
  ++changed.version;
  changed.updated_at = caller.now;
  AppointmentStore::update(transaction, caller.tenant, changed, plainSlotTaken());
  AppointmentStore::addHistory(transaction, caller.tenant, changed.id,
                               historyEntry(changed, from, action, caller, reason));
  return changed;
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
