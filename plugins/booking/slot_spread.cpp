#include "slot_spread.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace booking {
namespace {

cctz::civil_day dateOf(const Slot& slot, const Zone& zone) {
  return cctz::civil_day{zone.toLocal(slot.start).wall};
}

}  // namespace

PartOfDay partOfDay(Instant start, const Zone& zone) {
  const int hour = zone.toLocal(start).wall.hour();
  if (hour < 12) return PartOfDay::Morning;
  return hour < 17 ? PartOfDay::Afternoon : PartOfDay::Evening;
}

std::string_view nameOf(PartOfDay part) {
  constexpr std::array<std::string_view, 3> kNames{"morning", "afternoon", "evening"};
  return kNames.at(static_cast<std::size_t>(part));
}

std::vector<Slot> spread(const std::vector<Slot>& slots, std::size_t count, const Zone& zone) {
  std::vector<bool> is_taken(slots.size(), false);
  std::set<PartOfDay> parts;
  std::set<cctz::civil_day> past_days;
  std::set<cctz::civil_day> days;
  const auto next = [&](bool on_new_day, bool of_new_part) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (is_taken[i] || (on_new_day && past_days.contains(dateOf(slots[i], zone)))) continue;
      if (!of_new_part || !parts.contains(partOfDay(slots[i].start, zone))) return i;
    }
    return slots.size();
  };
  std::vector<Slot> chosen;
  while (chosen.size() < std::min(count, slots.size())) {
    std::size_t index = next(true, true);
    if (index == slots.size()) {  // every part has been named: the next round begins
      parts.clear();
      past_days = days;
      index = next(true, false);
      if (index == slots.size()) index = next(false, false);
    }
    is_taken[index] = true;
    parts.insert(partOfDay(slots[index].start, zone));
    days.insert(dateOf(slots[index], zone));
    chosen.push_back(slots[index]);
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const Slot& a, const Slot& b) { return a.start < b.start; });
  return chosen;
}

}  // namespace booking
