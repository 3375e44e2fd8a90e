#pragma once

#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "availability.hpp"
#include "record.hpp"
#include "record_field.hpp"

namespace booking {

/// A named availability. Rules and exceptions belong to it: changing one makes a new version of it.
struct Schedule : Record {
  std::string name;
  std::string time_zone;
  std::string revision;  ///< a fresh id at every change: what is worked out from it is kept by it
  std::vector<AvailabilityRule> rules;
  friend bool operator==(const Schedule&, const Schedule&) = default;

  static constexpr std::string_view kTable = "schedule";
  static constexpr std::array<ListFilter, 0> kFilters{};
  static constexpr std::array kReferences{Reference{"resource", "schedule"},
                                          Reference{"service", "schedule"}};
  static constexpr auto fields() {
    return std::make_tuple(field("name", &Schedule::name, schema::kName),
                           field("time_zone", &Schedule::time_zone, schema::kId),
                           field("revision", &Schedule::revision));
  }

  static constexpr std::size_t kRulesMax = 100;
  static constexpr std::size_t kExceptionsMax = 2000;

  /// Throws INVALID_TIME_ZONE, or VALIDATION_ERROR for too many rules.
  void check() const;
};

/// Throws VALIDATION_ERROR unless the hours begin before they end and the validity is in order.
void check(const AvailabilityRule& rule);
/// Throws VALIDATION_ERROR unless the hours fit the kind: Open and Replace need some.
void check(const DayException& exception);

/// "closed", "open", "replace".
std::string_view nameOf(ExceptionKind kind);
ExceptionKind exceptionKindNamed(std::string_view name);

/// "540-720,780-1020": how exceptions keep their hours.
std::string packedHours(const std::vector<MinuteRange>& hours);
std::vector<MinuteRange> unpackedHours(std::string_view packed);

}  // namespace booking
