#include "zone_rebase.hpp"

#include <algorithm>

#include "appointment_changes.hpp"
#include "appointment_store.hpp"

namespace booking {
namespace {

seconds shiftOf(const ZoneMove& move) {
  return move.after.visit.begin - move.before.visit.begin;
}

void shift(Interval& interval, seconds by) {
  interval = {interval.begin + by, interval.end + by};
}

bool comesFirst(const ZoneMove* a, const ZoneMove* b) {
  const bool a_goes_back = shiftOf(*a) < seconds{0};
  if (a_goes_back != (shiftOf(*b) < seconds{0})) return a_goes_back;
  const bool a_is_earlier = a->before.visit.begin < b->before.visit.begin;
  return a_goes_back ? a_is_earlier : b->before.visit.begin < a->before.visit.begin;
}

bool isTaken(bulkhead::Transaction& transaction, const Caller& caller, const Appointment& one) {
  Offer offer;
  offer.candidates.push_back({one.resource, {}, {}, {}, one.time_zone});
  const auto busy =
      SlotStore::busy(transaction, caller.tenant, offer, {one.block, caller.now, one.id});
  return !busy.front().empty();
}

}  // namespace

std::optional<ZoneMove> zoneMove(const Appointment& appointment, const Zone& zone,
                                 bool keeps_instant) {
  const auto promised = parseWall(appointment.local_start);
  const Instant start = appointment.visit.begin;
  const cctz::civil_second shown = zone.toLocal(start).wall;
  if (!promised || shown == *promised || zone.toInstant(*promised) == start) return std::nullopt;
  ZoneMove move{appointment, appointment};
  if (keeps_instant) {
    move.after.local_start = formatWall(shown);
  } else {
    const seconds by = zone.toInstant(*promised) - start;
    shift(move.after.visit, by);
    shift(move.after.block, by);
  }
  move.after.tzdata_version = tzdataVersion();
  return move;
}

std::vector<Appointment> upcoming(bulkhead::ReadTransaction& transaction, const Caller& caller,
                                  std::optional<ListPosition> after, std::size_t most) {
  AppointmentStore::Filter filter;
  filter.starts.begin = caller.now;
  ListOrder order;
  order.column = "a.start_utc";
  order.id_column = "a.id";
  order.is_text = false;
  order.after = std::move(after);
  order.limit = most;
  return AppointmentStore::list(transaction, caller.tenant, filter, order);
}

std::vector<ZoneMove> movesOf(const std::vector<Appointment>& appointments, bool keeps_instant) {
  std::vector<ZoneMove> moves;
  for (const auto& one : appointments) {
    if (!isBlocking(one.status) || one.tzdata_version == tzdataVersion()) continue;
    auto move = zoneMove(one, Zone::get(one.time_zone), keeps_instant);
    if (move) moves.push_back(std::move(*move));
  }
  return moves;
}

void applyMoves(bulkhead::Transaction& transaction, const Caller& caller, AppointmentDesk& desk,
                std::vector<ZoneMove>& moves) {
  std::vector<ZoneMove*> order;
  order.reserve(moves.size());
  for (auto& move : moves) order.push_back(&move);
  std::stable_sort(order.begin(), order.end(), comesFirst);
  for (ZoneMove* move : order) {
    move->taken = isTaken(transaction, caller, move->after);
    if (move->taken) continue;
    move->after.previous = previousWith(move->before, caller.now);
    ++move->after.ics_sequence;
    move->after =
        desk.carryOut(transaction, caller,
                      {move->before, move->after, Action::Reschedule, "tzdata " + tzdataVersion()});
    move->applied = true;
  }
}

}  // namespace booking
