#include "service.hpp"

#include <algorithm>

namespace booking {
namespace {

constexpr int kBlockMinutesMax = 24 * 60;

}  // namespace

void Service::check() const {
  int longest = duration_min;
  for (const int duration : other_durations_min) longest = std::max(longest, duration);
  const int block = longest + buffer_before_min + buffer_after_min;
  if (block > kBlockMinutesMax) {
    throw invalidField("duration_min with its buffers", std::to_string(block),
                       "at most 1440 minutes in all");
  }
  if (price) checkPrice(*price);
}

SlotShape Service::shape(std::optional<int> chosen_duration_min) const {
  const int chosen = chosen_duration_min.value_or(duration_min);
  if (chosen != duration_min && std::find(other_durations_min.begin(), other_durations_min.end(),
                                          chosen) == other_durations_min.end()) {
    throw invalidField("duration", std::to_string(chosen),
                       "one of the service's durations, such as " + std::to_string(duration_min));
  }
  const auto minutes = [](int count) { return seconds{count * 60}; };
  return {minutes(chosen), minutes(slot_step_min), minutes(buffer_before_min),
          minutes(buffer_after_min)};
}

}  // namespace booking
