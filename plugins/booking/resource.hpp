#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record.hpp"

namespace booking {

/// Whoever or whatever a visit takes up: one visit at a time.
struct Resource : Record {
  std::string name;
  std::string kind = "staff";  ///< staff, room or equipment
  std::optional<std::string> location;
  std::string schedule;
  int priority = 100;                 ///< of the free ones, the lowest is booked first
  std::vector<std::string> services;  ///< sorted, without repeats
  friend bool operator==(const Resource&, const Resource&) = default;
};

}  // namespace booking
