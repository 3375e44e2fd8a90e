#pragma once

#include <optional>
#include <string>

#include "record.hpp"

namespace booking {

/// A place; its zone is the one that visits there are shown in.
struct Location : Record {
  std::string name;
  std::string time_zone;
  std::optional<std::string> address;
  friend bool operator==(const Location&, const Location&) = default;

  /// Throws INVALID_TIME_ZONE.
  void check() const;
};

}  // namespace booking
