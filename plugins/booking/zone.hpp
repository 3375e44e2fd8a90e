#pragma once

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>
#include <string>
#include <string_view>
#include <utility>

#include "instant.hpp"

namespace booking {

/// An IANA time zone: the one place where wall times and instants become each other. Cheap to copy;
/// any thread.
class Zone {
 public:
  /// Throws INVALID_TIME_ZONE (400) for a name that the host's zoneinfo does not have.
  static Zone get(std::string_view name);

  /// A zone that was loaded elsewhere, such as from another release of the data.
  static Zone of(std::string name, cctz::time_zone zone) { return Zone{std::move(name), zone}; }

  /// RFC 5545 §3.3.5: a repeated wall time is its first occurrence, a skipped one takes the offset
  /// before the gap.
  Instant toInstant(const cctz::civil_second& wall) const { return zone_.lookup(wall).pre; }

  struct Local {
    cctz::civil_second wall;
    int offset_s = 0;
  };
  Local toLocal(Instant instant) const {
    const auto found = zone_.lookup(instant);
    return {found.cs, found.offset};
  }

  const std::string& name() const { return name_; }

 private:
  Zone(std::string name, cctz::time_zone zone) : name_{std::move(name)}, zone_{zone} {}

  std::string name_;
  cctz::time_zone zone_;
};

/// Version of the zoneinfo that Zone reads ("2025b"), or "unknown". Read once: the data of a
/// running process does not change either.
const std::string& tzdataVersion();

}  // namespace booking
