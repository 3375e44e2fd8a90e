#pragma once

#include <array>
#include <optional>
#include <string>
#include <tuple>

#include "record.hpp"
#include "record_field.hpp"

namespace booking {

/// A place; its zone is the one that visits there are shown in.
struct Location : Record {
  std::string name;
  std::string time_zone;
  std::optional<std::string> address;
  friend bool operator==(const Location&, const Location&) = default;

  static constexpr std::string_view kTable = "location";
  static constexpr std::array<ListFilter, 0> kFilters{};
  static constexpr std::array kReferences{Reference{"resource", "location"},
                                          Reference{"appointment", "location"}};
  static constexpr auto fields() {
    return std::make_tuple(field("name", &Location::name, schema::kName),
                           field("time_zone", &Location::time_zone, schema::kId),
                           field("address", &Location::address, schema::kOptionalText));
  }

  /// Throws INVALID_TIME_ZONE.
  void check() const;
};

}  // namespace booking
