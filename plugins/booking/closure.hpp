#pragma once

#include <array>
#include <string>
#include <string_view>
#include <tuple>

#include "record.hpp"
#include "record_column.hpp"
#include "record_field.hpp"
#include "zone.hpp"

namespace booking {

/// A time that is closed whatever the schedules say: from one date to another (the last one
/// counts), from wall time to wall time, or from instant to instant. Dates and wall times are those
/// of each resource's own zone.
struct ClosedSpan {
  std::string starts;
  std::string ends;
  cctz::civil_day first_date;  ///< bounds of the span in any zone, for looking up
  cctz::civil_day last_date;
  friend bool operator==(const ClosedSpan&, const ClosedSpan&) = default;

  /// Writes `starts` and `ends` in one way and sets the bounds. Throws VALIDATION_ERROR unless both
  /// are of one form and in order.
  void settle();
};

/// The span that `starts` and `ends` name in `zone`. They are as settle() left them.
Interval closedInterval(std::string_view starts, std::string_view ends, const Zone& zone);

namespace schema {
inline constexpr std::string_view kReason = R"({"type":"string","minLength":1,"maxLength":200})";
inline constexpr std::string_view kMoment = R"({"type":"string","minLength":10,"maxLength":40})";
}  // namespace schema

/// When the whole business is closed.
struct BlockedPeriod : Record, ClosedSpan {
  std::string reason;
  friend bool operator==(const BlockedPeriod&, const BlockedPeriod&) = default;

  static constexpr std::string_view kTable = "blocked_period";
  static constexpr std::array kFilters{ListFilter{"from", "last_date >= ?"},
                                       ListFilter{"to", "first_date <= ?"}};
  static constexpr std::array<Reference, 0> kReferences{};
  static constexpr auto fields() {
    using P = BlockedPeriod;
    return std::make_tuple(field("reason", &P::reason, schema::kReason),
                           field("start", &P::starts, schema::kMoment, "starts"),
                           field("end", &P::ends, schema::kMoment, "ends"),
                           field("first_date", &P::first_date), field("last_date", &P::last_date));
  }
};

/// When one resource is away.
struct TimeOff : Record, ClosedSpan {
  std::string resource;
  std::string reason;
  friend bool operator==(const TimeOff&, const TimeOff&) = default;

  static constexpr std::string_view kTable = "time_off";
  static constexpr std::array kFilters{ListFilter{"resource", "resource = ?"},
                                       ListFilter{"from", "last_date >= ?"},
                                       ListFilter{"to", "first_date <= ?"}};
  static constexpr std::array<Reference, 0> kReferences{};
  static constexpr auto fields() {
    using P = TimeOff;
    return std::make_tuple(field("resource", &P::resource, schema::kId),
                           field("reason", &P::reason, schema::kReason),
                           field("start", &P::starts, schema::kMoment, "starts"),
                           field("end", &P::ends, schema::kMoment, "ends"),
                           field("first_date", &P::first_date), field("last_date", &P::last_date));
  }
};

}  // namespace booking
