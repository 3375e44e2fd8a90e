#include "slot_store.hpp"

#include "schedule_store.hpp"
#include "service_store.hpp"

namespace booking {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::values;

Candidate readCandidate(const Row& row) {
  return {row.string(0), row.optionalString(1), row.string(2), row.string(3), row.string(4)};
}

const std::string kCandidates =
    "select r.id, r.location, sc.id, sc.revision, coalesce(l.time_zone, sc.time_zone) "
    "from resource_service rs "
    "join resource r on r.tenant = rs.tenant and r.id = rs.resource and r.active = 1 "
    "join schedule sc on sc.tenant = r.tenant and sc.id = r.schedule and sc.active = 1 "
    "left join location l on l.tenant = r.tenant and l.id = r.location "
    "where rs.tenant = $1 and rs.service = $2 and ($4 is null or r.location = $4) ";
const std::string kOfAll = kCandidates + "and $3 is null order by r.priority, r.id";
const std::string kOfOne = kCandidates + "and rs.resource = $3";

}  // namespace

std::optional<Offer> SlotStore::offer(ReadTransaction& transaction, std::string_view tenant,
                                      const Choice& choice) {
  auto service = ServiceStore::find(transaction, tenant, choice.service);
  if (!service) return std::nullopt;
  Offer offer{std::move(*service), {}};
  if (!offer.service.active) return offer;
  offer.candidates = transaction.list(
      choice.resource ? kOfOne : kOfAll,
      values(tenant, choice.service, choice.resource, choice.location), readCandidate);
  return offer;
}

Availability SlotStore::availability(ReadTransaction& transaction, std::string_view tenant,
                                     std::string_view schedule) {
  auto found = ScheduleStore::find(transaction, tenant, schedule);
  if (!found) throw notFound("schedule", schedule);
  return {Zone::get(found->time_zone), std::move(found->rules),
          ScheduleStore::exceptions(transaction, tenant, schedule)};
}

// Live blocks of a resource never overlap, so of those that begin before the range only the last
// can reach into it.
std::vector<Interval> SlotStore::busy(ReadTransaction& transaction, std::string_view tenant,
                                      const BusyQuery& query) {
  const std::int64_t begin = epochSeconds(query.range.begin);
  return transaction.list(
      "select block_start, block_end from appointment_resource "
      "where tenant = $1 and resource = $2 and live = 1 and block_start >= coalesce((select "
      "max(block_start) from appointment_resource where tenant = $1 and resource = $2 and live = 1 "
      "and block_start <= $3), $3) and block_start < $4 and block_end > $3 "
      "and (hold_until is null or hold_until > $5) and appointment <> $6 order by block_start",
      values(tenant, query.resource, begin, epochSeconds(query.range.end), epochSeconds(query.now),
             query.except),
      [](const Row& row) {
        return Interval{fromEpoch(row.integer(0)), fromEpoch(row.integer(1))};
      });
}

}  // namespace booking
