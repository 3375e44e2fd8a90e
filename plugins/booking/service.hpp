#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record.hpp"
#include "slot.hpp"

namespace booking {

/// Something that can be booked. Minutes are elapsed time.
struct Service : Record {
  std::string name;
  int duration_min = 30;
  std::vector<int> other_durations_min;  ///< what a caller may choose in place of duration_min
  int slot_step_min = 15;
  int buffer_before_min = 0;
  int buffer_after_min = 0;
  std::optional<int> min_notice_min;  ///< unset: the plugin's default_notice_min
  std::optional<int> horizon_days;    ///< unset: the plugin's horizon_days
  bool requires_confirmation = false;
  friend bool operator==(const Service&, const Service&) = default;

  /// Throws VALIDATION_ERROR when a visit with its buffers would not fit in 24 hours.
  void check() const;
  /// The shape of a visit of `duration_min`, or of the default. Throws VALIDATION_ERROR for a
  /// duration that the service does not offer.
  SlotShape shape(std::optional<int> chosen_duration_min) const;
};

}  // namespace booking
