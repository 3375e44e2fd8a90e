#include "slot_finder.hpp"

#include <algorithm>
#include <iterator>

#include "closure.hpp"
#include "location_store.hpp"
#include "resource_store.hpp"
#include "tenant_store.hpp"
#include "visit_limits.hpp"

namespace booking {
namespace {

using bulkhead::ReadTransaction;

constexpr seconds kMinute{60};
constexpr seconds kDay{86400};
/// A search with a small limit looks at a few days first: most are over there.
constexpr seconds kFirstStretch = 4 * kDay;
constexpr std::size_t kSmallLimit = 100;

cctz::civil_day utcDate(Instant instant) {
  return cctz::civil_day{cctz::civil_second{1970, 1, 1} + epochSeconds(instant)};
}

/// The time that the visits of a search's starts, and their buffers, may touch.
Interval reachOf(const SlotFinder::Search& search) {
  const SlotShape& shape = search.shape;
  return {search.range.begin - shape.before, search.range.end + shape.duration + shape.after};
}

}  // namespace

BookingRules SlotFinder::rules(ReadTransaction& transaction, std::string_view tenant) const {
  return TenantStore::get(transaction, tenant).over(defaults_);
}

Offer SlotFinder::offer(ReadTransaction& transaction, std::string_view tenant,
                        const SlotStore::Choice& choice) const {
  auto found = SlotStore::offer(transaction, tenant, choice);
  if (!found) throw notFound("service", choice.service);
  if (found->candidates.empty()) {
    if (choice.resource && !ResourceStore::find(transaction, tenant, *choice.resource)) {
      throw notFound("resource", *choice.resource);
    }
    if (choice.location && !LocationStore::find(transaction, tenant, *choice.location)) {
      throw notFound("location", *choice.location);
    }
  }
  found->rules = rules(transaction, tenant);
  return std::move(*found);
}

SlotFinder::Bookable SlotFinder::bookable(const Offer& offer, Instant now) {
  return {now + kMinute * offer.service.min_notice_min.value_or(offer.rules.notice_min),
          now + kDay * offer.service.horizon_days.value_or(offer.rules.horizon_days)};
}

std::vector<Slot> SlotFinder::find(ReadTransaction& transaction, std::string_view tenant,
                                   const Offer& offer, const Search& search) {
  const Bookable bounds = bookable(offer, search.now);
  const Instant end = std::min(search.range.end, bounds.latest + seconds{1});
  std::vector<Slot> slots;
  Search part = search;
  part.range.begin = std::max(search.range.begin, bounds.earliest);
  seconds stretch = search.limit <= kSmallLimit ? kFirstStretch : end - part.range.begin;
  while (part.range.begin < end && slots.size() < search.limit && !offer.candidates.empty()) {
    part.range.end = std::min(part.range.begin + stretch, end);
    part.limit = search.limit - slots.size();
    auto more =
        freeSlots(calendars(transaction, tenant, offer, part), part.shape, part.range, part.limit);
    std::move(more.begin(), more.end(), std::back_inserter(slots));
    part.range.begin = part.range.end;
    stretch *= 2;
  }
  return slots;
}

std::vector<Calendar> SlotFinder::calendars(ReadTransaction& transaction, std::string_view tenant,
                                            const Offer& offer, const Search& search) {
  const Interval reach = reachOf(search);
  std::vector<Calendar> calendars(offer.candidates.size());
  auto busy = SlotStore::busy(transaction, tenant, offer, {reach, search.now, search.except});
  for (std::size_t i = 0; i < calendars.size(); ++i) {
    calendars[i].windows =
        expanded(transaction, tenant, offer.candidates[i])->windowsAround(search.range);
    calendars[i].busy = std::move(busy[i]);
  }
  addClosures(transaction, tenant, offer, reach, calendars);
  addSpent(transaction, tenant, offer, search, calendars);
  return calendars;
}

std::vector<Refusal> SlotFinder::judge(ReadTransaction& transaction, std::string_view tenant,
                                       const Offer& offer, Search search) {
  search.range.end = search.range.begin + seconds{1};
  std::vector<Refusal> refusals;
  for (const auto& calendar : calendars(transaction, tenant, offer, search)) {
    refusals.push_back(booking::judge(calendar, search.shape, search.range.begin));
  }
  return refusals;
}

std::shared_ptr<const ExpandedAvailability> SlotFinder::expanded(ReadTransaction& transaction,
                                                                 std::string_view tenant,
                                                                 const Candidate& candidate) {
  return cache_.get(candidate.revision, [&] {
    return SlotStore::availability(transaction, tenant, candidate.schedule);
  });
}

void SlotFinder::addClosures(ReadTransaction& transaction, std::string_view tenant,
                             const Offer& offer, const Interval& range,
                             std::vector<Calendar>& calendars) {
  const auto closures = SlotStore::closures(transaction, tenant, offer, utcDate(range.begin) - 1,
                                            utcDate(range.end) + 1);
  if (closures.empty()) return;
  for (std::size_t i = 0; i < calendars.size(); ++i) {
    const Candidate& candidate = offer.candidates[i];
    const Zone zone = Zone::get(candidate.time_zone);
    for (const auto& one : closures) {
      if (!one.resource.empty() && one.resource != candidate.resource) continue;
      auto& list = one.resource.empty() ? calendars[i].blocked : calendars[i].away;
      list.push_back(closedInterval(one.starts, one.ends, zone));
    }
    calendars[i].blocked = merged(std::move(calendars[i].blocked));
    calendars[i].away = merged(std::move(calendars[i].away));
  }
}

void SlotFinder::addSpent(ReadTransaction& transaction, std::string_view tenant, const Offer& offer,
                          const Search& search, std::vector<Calendar>& calendars) {
  const VisitLimits of_resource = offer.service.resourceLimits();
  const VisitLimits of_lead = search.lead.empty() ? VisitLimits{} : offer.service.leadLimits();
  if (!of_resource.any() && !of_lead.any()) return;
  constexpr seconds kMoreThanAWeek = 8 * kDay;
  const Interval around{search.range.begin - kMoreThanAWeek, search.range.end + kMoreThanAWeek};
  const auto visits = SlotStore::visits(transaction, tenant, offer.service.id, search.lead,
                                        {around, search.now, search.except});
  for (std::size_t i = 0; i < calendars.size(); ++i) {
    const Candidate& candidate = offer.candidates[i];
    std::vector<Instant> resources;
    std::vector<Instant> leads;
    for (const auto& visit : visits) {
      if (visit.resource == candidate.resource) resources.push_back(visit.start);
      if (visit.is_leads) leads.push_back(visit.start);
    }
    const Zone zone = Zone::get(candidate.time_zone);
    auto spent = spentTime(of_resource, resources, zone);
    const auto of_leads = spentTime(of_lead, leads, zone);
    spent.insert(spent.end(), of_leads.begin(), of_leads.end());
    calendars[i].spent = merged(std::move(spent));
  }
}

Refusal furthest(const std::vector<Refusal>& of_candidates) {
  if (of_candidates.empty()) return Refusal::NoResource;
  if (std::find(of_candidates.begin(), of_candidates.end(), Refusal::None) != of_candidates.end()) {
    return Refusal::None;
  }
  return *std::max_element(of_candidates.begin(), of_candidates.end());
}

}  // namespace booking
