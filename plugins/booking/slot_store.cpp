#include "slot_store.hpp"

#include <algorithm>
#include <utility>

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

Interval readInterval(const Row& row) {
  return {fromEpoch(row.integer(1)), fromEpoch(row.integer(2))};
}

/// Finds candidates by the resource's id, for rows of many resources.
class CandidateIndex {
 public:
  explicit CandidateIndex(const std::vector<Candidate>& candidates) {
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      by_id_.emplace_back(candidates[i].resource, i);
    }
    std::sort(by_id_.begin(), by_id_.end());
  }
  std::optional<std::size_t> find(std::string_view resource) const {
    const auto found = std::lower_bound(
        by_id_.begin(), by_id_.end(), resource,
        [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
    if (found == by_id_.end() || found->first != resource) return std::nullopt;
    return found->second;
  }

 private:
  std::vector<std::pair<std::string_view, std::size_t>> by_id_;
};

const std::string kCandidates =
    "select r.id, r.location, sc.id, sc.revision, coalesce(r.time_zone, l.time_zone, sc.time_zone) "
    "from resource_service rs "
    "join resource r on r.tenant = rs.tenant and r.id = rs.resource and r.active = 1 "
    "join schedule sc on sc.tenant = r.tenant and sc.id = coalesce($5, r.schedule) "
    "and sc.active = 1 "
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
      values(tenant, choice.service, choice.resource, choice.location, offer.service.schedule),
      readCandidate);
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
std::vector<std::vector<Interval>> SlotStore::busy(ReadTransaction& transaction,
                                                   std::string_view tenant, const Offer& offer,
                                                   const BusyQuery& query) {
  std::vector<std::vector<Interval>> busy(offer.candidates.size());
  const std::int64_t begin = epochSeconds(query.range.begin);
  const auto read = [&](std::string_view sql, std::string_view whose, const auto& receive) {
    transaction.each(sql,
                     values(tenant, whose, begin, epochSeconds(query.range.end),
                            epochSeconds(query.now), query.except),
                     receive);
  };
  if (offer.candidates.size() == 1) {
    read(
        "select resource, block_start, block_end from appointment_resource "
        "where tenant = $1 and resource = $2 and live = 1 and block_start >= coalesce("
        "(select max(block_start) from appointment_resource "
        "where tenant = $1 and resource = $2 and live = 1 and block_start <= $3), $3) "
        "and block_start < $4 and block_end > $3 and (hold_until is null or hold_until > $5) "
        "and appointment <> $6 order by block_start",
        offer.candidates.front().resource,
        [&](const Row& row) { busy.front().push_back(readInterval(row)); });
    return busy;
  }
  const CandidateIndex index{offer.candidates};
  read(
      "select a.resource, a.block_start, a.block_end from resource_service rs "
      "join appointment_resource a on a.tenant = rs.tenant and a.resource = rs.resource "
      "and a.live = 1 and a.block_start < $4 and a.block_start >= coalesce("
      "(select max(block_start) from appointment_resource where tenant = $1 "
      "and resource = rs.resource and live = 1 and block_start <= $3), $3) "
      "where rs.tenant = $1 and rs.service = $2 and a.block_end > $3 "
      "and (a.hold_until is null or a.hold_until > $5) and a.appointment <> $6 "
      "order by a.resource, a.block_start",
      offer.service.id, [&](const Row& row) {
        if (const auto at = index.find(row.text(0))) busy[*at].push_back(readInterval(row));
      });
  return busy;
}

std::vector<SlotStore::StoredClosure> SlotStore::closures(ReadTransaction& transaction,
                                                          std::string_view tenant,
                                                          const Offer& offer,
                                                          const cctz::civil_day& first,
                                                          const cctz::civil_day& last) {
  const std::string from = formatDate(first);
  const std::string to = formatDate(last);
  return transaction.list(
      "select '', starts, ends from blocked_period where tenant = $1 and last_date >= $3 "
      "and first_date <= $4 and active = 1 "
      "union all select t.resource, t.starts, t.ends from resource_service rs join time_off t "
      "on t.tenant = rs.tenant and t.resource = rs.resource and t.last_date >= $3 "
      "and t.first_date <= $4 and t.active = 1 where rs.tenant = $1 and rs.service = $2",
      values(tenant, offer.service.id, from, to), [](const Row& row) {
        return StoredClosure{row.string(0), row.string(1), row.string(2)};
      });
}

std::vector<SlotStore::CountedVisit> SlotStore::visits(ReadTransaction& transaction,
                                                       std::string_view tenant,
                                                       std::string_view service,
                                                       std::string_view lead,
                                                       const BusyQuery& query) {
  return transaction.list(
      "select r.resource, a.start_utc, case when a.lead = $6 then 1 else 0 end "
      "from appointment a "
      "join appointment_resource r on r.tenant = a.tenant and r.appointment = a.id "
      "where a.tenant = $1 and a.start_utc >= $3 and a.start_utc < $4 and a.service = $2 "
      "and (a.status in ('pending', 'confirmed', 'checked_in', 'completed') "
      "or (a.status = 'held' and a.hold_expires_at > $5)) and a.id <> $7",
      values(tenant, service, epochSeconds(query.range.begin), epochSeconds(query.range.end),
             epochSeconds(query.now), lead, query.except),
      [](const Row& row) {
        return CountedVisit{row.string(0), fromEpoch(row.integer(1)), row.boolean(2)};
      });
}

}  // namespace booking
