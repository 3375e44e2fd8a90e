#include "appointment_store.hpp"

#include <string>

namespace booking {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

const std::string kSelect =
    "select a.id, a.service, r.resource, a.lead, a.location, a.start_utc, a.end_utc, "
    "r.block_start, r.block_end, a.local_start, a.time_zone, a.tzdata_version, a.status, "
    "a.hold_expires_at, a.source, a.notes, a.cancelled_by, a.cancel_reason, a.ended_at, "
    "a.ics_sequence, a.reschedule_count, a.version, a.created_at, a.updated_at, a.hold_extended, "
    "a.previous, a.made_from, a.answers, a.price "
    "from appointment a join appointment_resource r on r.tenant = a.tenant and r.appointment = "
    "a.id ";

std::optional<Instant> optionalInstant(const Row& row, std::size_t column) {
  if (row.isNull(column)) return std::nullopt;
  return fromEpoch(row.integer(column));
}

std::optional<std::int64_t> optionalSeconds(const std::optional<Instant>& instant) {
  if (!instant) return std::nullopt;
  return epochSeconds(*instant);
}

Interval interval(const Row& row, std::size_t column) {
  return {fromEpoch(row.integer(column)), fromEpoch(row.integer(column + 1))};
}

Appointment read(const Row& row) {
  Appointment one;
  one.id = row.string(0);
  one.service = row.string(1);
  one.resource = row.string(2);
  one.lead = row.optionalString(3);
  one.location = row.optionalString(4);
  one.visit = interval(row, 5);
  one.block = interval(row, 7);
  one.local_start = row.string(9);
  one.time_zone = row.string(10);
  one.tzdata_version = row.string(11);
  one.status = statusNamed(row.text(12)).value();
  one.hold_expires_at = optionalInstant(row, 13);
  one.source = row.string(14);
  one.notes = row.string(15);
  one.cancelled_by = row.optionalString(16);
  one.cancel_reason = row.optionalString(17);
  one.ended_at = optionalInstant(row, 18);
  one.ics_sequence = row.integer(19);
  one.reschedule_count = row.integer(20);
  one.version = row.integer(21);
  one.created_at = fromEpoch(row.integer(22));
  one.updated_at = fromEpoch(row.integer(23));
  one.hold_extended = row.boolean(24);
  one.previous = row.string(25);
  one.made_from = row.optionalString(26);
  fromColumn(row, 27, one.answers);
  fromColumn(row, 28, one.price);
  return one;
}

// The triggers refuse it as well; this is the polite form. Live blocks of a resource never overlap,
// so of those that begin before the new one ends only the last can reach into it.
void refuseOverlap(ReadTransaction& transaction, std::string_view tenant, const Appointment& one,
                   const bulkhead::Error& taken) {
  const auto last_end = transaction.first(
      "select block_end from appointment_resource where tenant = $1 and resource = $2 and "
      "live = 1 and block_start < $3 order by block_start desc limit 1",
      values(tenant, one.resource, epochSeconds(one.block.end)),
      [](const Row& row) { return fromEpoch(row.integer(0)); });
  if (last_end && *last_end > one.block.begin) throw bulkhead::Error{taken};
}

}  // namespace

std::optional<Appointment> AppointmentStore::find(ReadTransaction& transaction,
                                                  std::string_view tenant, std::string_view id) {
  static const std::string kSql = kSelect + "where a.tenant = $1 and a.id = $2";
  return transaction.first(kSql, values(tenant, id), read);
}

std::vector<Appointment> AppointmentStore::list(ReadTransaction& transaction,
                                                std::string_view tenant, const Filter& filter,
                                                const ListOrder& wanted) {
  // What is named without "is null" can be found by its index: a lead's visits, which are few, and
  // those of a resource in the order of their start.
  const bool by_resource = filter.resource && wanted.column == "a.start_utc";
  ListOrder order = wanted;
  if (by_resource) order.column = "r.start_utc";
  if (by_resource) order.id_column = "r.appointment";
  const std::string start = order.narrowed(by_resource ? "r.start_utc" : "a.start_utc");
  const std::string sql =
      kSelect +
      (by_resource ? "where r.tenant = $1 and r.resource = $5 and "
                   : "where a.tenant = $1 and ($5 is null or r.resource = $5) and ") +
      start + " >= $2 and " + start + " < $3 " +
      "and ($4 is null or a.status = $4) "
      "and ($6 is null or a.service = $6) and " +
      order.narrowed("a.updated_at") + " >= $7 and " +
      (filter.lead ? "a.lead = $8" : "$8 is null") + order.condition(9) + order.orderBy() +
      " limit $12";
  return transaction.list(
      sql,
      values(tenant, epochSeconds(filter.starts.begin), epochSeconds(filter.starts.end),
             filter.status, filter.resource, filter.service, epochSeconds(filter.updated_since),
             filter.lead, order.number(), order.text(), order.id(), order.limit),
      read);
}

std::vector<Appointment> AppointmentStore::overdueHolds(ReadTransaction& transaction,
                                                        std::string_view tenant,
                                                        std::string_view resource,
                                                        const Interval& range, Instant now) {
  // Few, if any: found in the index of what is held, whatever an engine knows of its tables.
  const auto ids = transaction.list(
      "select appointment from appointment_resource where tenant = $1 and resource = $2 and "
      "block_start < $3 and block_end > $4 and block_start > $4 - 86400 and hold_until is not null "
      "and hold_until <= $5",
      values(tenant, resource, epochSeconds(range.end), epochSeconds(range.begin),
             epochSeconds(now)),
      [](const Row& row) { return row.string(0); });
  std::vector<Appointment> overdue;
  for (const std::string& id : ids) {
    if (auto one = find(transaction, tenant, id)) overdue.push_back(std::move(*one));
  }
  return overdue;
}

void AppointmentStore::insert(Transaction& transaction, std::string_view tenant,
                              const Appointment& one, const bulkhead::Error& taken) {
  refuseOverlap(transaction, tenant, one, taken);
  const auto price = toColumn(one.price);
  transaction.send(
      "insert into appointment (tenant, id, service, lead, location, start_utc, end_utc, "
      "local_start, time_zone, tzdata_version, status, hold_expires_at, source, notes, "
      "ics_sequence, reschedule_count, version, created_at, updated_at, made_from, answers, price) "
      "values ($1, $2, "
      "$3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, "
      "$22)",
      values(tenant, one.id, one.service, one.lead, one.location, epochSeconds(one.visit.begin),
             epochSeconds(one.visit.end), one.local_start, one.time_zone, one.tzdata_version,
             nameOf(one.status), optionalSeconds(one.hold_expires_at), one.source, one.notes,
             one.ics_sequence, one.reschedule_count, one.version, epochSeconds(one.created_at),
             epochSeconds(one.updated_at), one.made_from, toColumn(one.answers), price));
  // Two that wait for each other's insertion would be a deadlock, were it not for "do nothing".
  transaction.sendExpecting(
      1, taken,
      "insert into appointment_resource (tenant, appointment, resource, block_start, block_end, "
      "live, hold_until, start_utc) values ($1, $2, $3, $4, $5, 1, $6, $7) on conflict do nothing",
      values(tenant, one.id, one.resource, epochSeconds(one.block.begin),
             epochSeconds(one.block.end), optionalSeconds(one.hold_expires_at),
             epochSeconds(one.visit.begin)));
}

void AppointmentStore::update(Transaction& transaction, std::string_view tenant,
                              const Appointment& one, const bulkhead::Error& taken) {
  if (isBlocking(one.status)) {
    transaction.sendExpecting(
        1, taken,
        "update appointment_resource set resource = $3, block_start = $4, block_end = $5, "
        "start_utc = $6 "
        "where tenant = $1 and appointment = $2 and coalesce((select o.block_end from "
        "appointment_resource o where o.tenant = $1 and o.resource = $3 and o.live = 1 "
        "and o.appointment <> $2 and o.block_start < $5 order by o.block_start desc limit 1), $4) "
        "<= $4",
        values(tenant, one.id, one.resource, epochSeconds(one.block.begin),
               epochSeconds(one.block.end), epochSeconds(one.visit.begin)));
  }
  transaction.sendExpecting(
      1, versionConflict(),
      "update appointment set lead = $3, location = $4, start_utc = $5, end_utc = $6, "
      "local_start = $7, time_zone = $8, tzdata_version = $9, status = $10, "
      "hold_expires_at = $11, notes = $12, cancelled_by = $13, cancel_reason = $14, "
      "ended_at = $15, ics_sequence = $16, reschedule_count = $17, version = $18, "
      "updated_at = $19, hold_extended = $20, previous = $21, answers = $22 where tenant = $1 and "
      "id = $2 and "
      "version = $18 - 1",
      values(tenant, one.id, one.lead, one.location, epochSeconds(one.visit.begin),
             epochSeconds(one.visit.end), one.local_start, one.time_zone, one.tzdata_version,
             nameOf(one.status), optionalSeconds(one.hold_expires_at), one.notes, one.cancelled_by,
             one.cancel_reason, optionalSeconds(one.ended_at), one.ics_sequence,
             one.reschedule_count, one.version, epochSeconds(one.updated_at), one.hold_extended,
             one.previous, toColumn(one.answers)));
}

void AppointmentStore::addHistory(Transaction& transaction, std::string_view tenant,
                                  std::string_view appointment, const HistoryEntry& entry) {
  std::optional<std::string_view> from;
  if (entry.from) from = nameOf(*entry.from);
  transaction.send(
      "insert into appointment_history (tenant, appointment, version, action, from_status, "
      "to_status, start_utc, end_utc, resource, actor, request_id, reason, at, acted_by, changes) "
      "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
      values(tenant, appointment, entry.version, entry.action, from, nameOf(entry.to),
             epochSeconds(entry.visit.begin), epochSeconds(entry.visit.end), entry.resource,
             entry.actor, entry.request_id, entry.reason, epochSeconds(entry.at), entry.acted_by,
             entry.changes));
}

std::vector<HistoryEntry> AppointmentStore::history(ReadTransaction& transaction,
                                                    std::string_view tenant,
                                                    std::string_view appointment) {
  return transaction.list(
      "select version, action, from_status, to_status, start_utc, end_utc, resource, actor, "
      "request_id, reason, at, acted_by, changes from appointment_history where tenant = $1 and "
      "appointment = $2 "
      "order by version",
      values(tenant, appointment), [](const Row& row) {
        HistoryEntry entry;
        entry.version = row.integer(0);
        entry.action = row.string(1);
        if (!row.isNull(2)) entry.from = statusNamed(row.text(2));
        entry.to = statusNamed(row.text(3)).value();
        entry.visit = interval(row, 4);
        entry.resource = row.string(6);
        entry.actor = row.string(7);
        entry.request_id = row.string(8);
        entry.reason = row.string(9);
        entry.at = fromEpoch(row.integer(10));
        entry.acted_by = row.optionalString(11);
        entry.changes = row.string(12);
        return entry;
      });
}

}  // namespace booking
