#pragma once

#include <cctz/civil_time.h>
#include <optional>
#include <string>
#include <vector>

#include "instant.hpp"
#include "recurrence.hpp"
#include "zone.hpp"

namespace booking {

/// Part of a local day, in minutes since its midnight: 0..1440, half open.
struct MinuteRange {
  int begin_min = 0;
  int end_min = 0;
  friend bool operator==(const MinuteRange&, const MinuteRange&) = default;
};

/// "Monday to Friday, 09:00 to 12:00", or the days of a recurrence in place of the weekdays. Bit 0
/// of `weekdays` is Monday.
struct AvailabilityRule {
  std::string id;
  unsigned weekdays = 0;
  MinuteRange hours;
  std::optional<cctz::civil_day> valid_from;  ///< first day, and the recurrence's start
  std::optional<cctz::civil_day> valid_to;    ///< last day
  std::optional<Recurrence> recurrence;
  friend bool operator==(const AvailabilityRule&, const AvailabilityRule&) = default;

  bool appliesOn(const cctz::civil_day& date, const Zone& zone) const;
};

/// What one date does differently: Closed takes `hours` away (all day without them), Open adds
/// them, Replace puts them in the rules' place. Closed wins over the others.
enum class ExceptionKind { Closed, Open, Replace };

struct DayException {
  std::string id;
  cctz::civil_day date;
  ExceptionKind kind = ExceptionKind::Closed;
  std::vector<MinuteRange> hours;
};

/// When a schedule is open: rules in local time, and the exceptions of single dates.
struct Availability {
  Zone zone;
  std::vector<AvailabilityRule> rules;
  std::vector<DayException> exceptions;  ///< ordered by date

  /// The windows that begin on the local day, in order and apart from each other. Rules are read in
  /// wall time, so a window over a clock change is longer or shorter than its wall times say.
  std::vector<Interval> windowsOn(const cctz::civil_day& date) const;
};

/// Sorted, with overlapping and touching intervals made one; empty ones are dropped.
std::vector<Interval> merged(std::vector<Interval> intervals);

}  // namespace booking
