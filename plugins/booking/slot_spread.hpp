#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "slot.hpp"
#include "zone.hpp"

namespace booking {

enum class PartOfDay { Morning, Afternoon, Evening };

/// Morning until 12:00, afternoon until 17:00, then evening.
PartOfDay partOfDay(Instant start, const Zone& zone);
std::string_view nameOf(PartOfDay part);

/// A few of `slots` to offer by voice: the earliest, then the earliest of each other part of the
/// day, then the same again on days that were not named yet. In order of time; as many as `count`
/// where there are.
std::vector<Slot> spread(const std::vector<Slot>& slots, std::size_t count, const Zone& zone);

}  // namespace booking
