#pragma once

#include <vector>

#include "service.hpp"
#include "slot.hpp"
#include "zone.hpp"

namespace booking {

/// The local days and weeks (from Monday on) of `zone` that hold as many of `visits` as the limits
/// allow: no further visit may start in them. Sorted and merged.
std::vector<Interval> spentTime(const VisitLimits& limits, const std::vector<Instant>& visits,
                                const Zone& zone);

/// The local week of `zone`, from Monday on, that `instant` is in.
Interval localWeek(Instant instant, const Zone& zone);

}  // namespace booking
