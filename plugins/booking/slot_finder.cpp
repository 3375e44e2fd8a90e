#include "slot_finder.hpp"

#include <algorithm>

#include "location_store.hpp"
#include "resource_store.hpp"

namespace booking {
namespace {

using bulkhead::ReadTransaction;

constexpr seconds kDay{86400};
/// A search with a small limit looks at a few days first: most are over there.
constexpr seconds kFirstStretch = 4 * kDay;
constexpr std::size_t kSmallLimit = 100;

}  // namespace

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
  return std::move(*found);
}

SlotFinder::Bookable SlotFinder::bookable(const Service& service, Instant now) const {
  return {now + seconds{60} * service.min_notice_min.value_or(defaults_.notice_min),
          now + kDay * service.horizon_days.value_or(defaults_.horizon_days)};
}

std::vector<Slot> SlotFinder::find(ReadTransaction& transaction, std::string_view tenant,
                                   const Offer& offer, const Search& search) {
  const Bookable bounds = bookable(offer.service, search.now);
  Search clipped = search;
  clipped.range.begin = std::max(search.range.begin, bounds.earliest);
  clipped.range.end = std::min(search.range.end, bounds.latest + seconds{1});
  std::vector<std::vector<Instant>> starts;
  starts.reserve(offer.candidates.size());
  for (const auto& candidate : offer.candidates) {
    starts.push_back(startsOf(transaction, tenant, candidate, clipped));
  }
  return unite(starts, search.limit);
}

bool SlotFinder::isOpen(ReadTransaction& transaction, std::string_view tenant,
                        const Candidate& candidate, const Interval& visit) {
  return isWithin(expanded(transaction, tenant, candidate)->windowsAround(visit), visit);
}

std::shared_ptr<const ExpandedAvailability> SlotFinder::expanded(ReadTransaction& transaction,
                                                                 std::string_view tenant,
                                                                 const Candidate& candidate) {
  return cache_.get(candidate.revision, [&] {
    return SlotStore::availability(transaction, tenant, candidate.schedule);
  });
}

std::vector<Instant> SlotFinder::startsOf(ReadTransaction& transaction, std::string_view tenant,
                                          const Candidate& candidate, const Search& search) {
  const auto availability = expanded(transaction, tenant, candidate);
  const SlotShape& shape = search.shape;
  std::vector<Instant> starts;
  Instant from = search.range.begin;
  seconds stretch = search.limit <= kSmallLimit ? kFirstStretch : search.range.end - from;
  while (from < search.range.end && starts.size() < search.limit) {
    const Interval range{from, std::min(from + stretch, search.range.end)};
    const auto windows = availability->windowsAround(range);
    const auto busy =
        SlotStore::busy(transaction, tenant,
                        {candidate.resource,
                         {range.begin - shape.before, range.end + shape.duration + shape.after},
                         search.now,
                         search.except});
    const auto more = freeStarts(windows, busy, shape, range, search.limit - starts.size());
    starts.insert(starts.end(), more.begin(), more.end());
    from = range.end;
    stretch *= 2;
  }
  return starts;
}

}  // namespace booking
