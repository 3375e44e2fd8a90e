#pragma once

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "record.hpp"
#include "record_field.hpp"

namespace booking {

/// Whoever or whatever a visit takes up: one visit at a time.
struct Resource : Record {
  std::string name;
  std::string kind = "staff";                 ///< staff, room or equipment
  std::optional<std::string> resource_group;  ///< a name that several resources share
  std::optional<std::string> location;
  std::optional<std::string> time_zone;  ///< unset: the location's, else the schedule's
  std::string schedule;
  int priority = 100;  ///< of the free ones, the lowest is booked first
  int weight = 1;      ///< how large a share of the visits it should get
  std::optional<std::string> calendar_connection;  ///< where its visits are shown, with `calendar`
  std::optional<std::string> calendar;
  std::vector<std::string> services;  ///< sorted, without repeats
  friend bool operator==(const Resource&, const Resource&) = default;

  static constexpr std::string_view kTable = "resource";
  static constexpr std::array kFilters{
      ListFilter{"kind", "kind = ?"}, ListFilter{"location", "location = ?"},
      ListFilter{"resource_group", "resource_group = ?"},
      ListFilter{"service",
                 // allowed: what a filter means is part of what a record says of its columns
                 "id in (select resource from resource_service where tenant = $1 and "
                 "service = ?)"}};
  static constexpr std::array kReferences{Reference{"appointment_resource", "resource"}};
  static constexpr auto fields() {
    return std::make_tuple(
        field("name", &Resource::name, schema::kName),
        field("kind", &Resource::kind, R"({"enum":["staff","room","equipment"]})"),
        field("resource_group", &Resource::resource_group, schema::kOptionalLabel),
        field("location", &Resource::location, schema::kOptionalId),
        field("time_zone", &Resource::time_zone, schema::kOptionalId),
        field("schedule", &Resource::schedule, schema::kId),
        field("priority", &Resource::priority, R"({"type":"integer","minimum":0,"maximum":1000})"),
        field("weight", &Resource::weight, R"({"type":"integer","minimum":1,"maximum":1000})"),
        field("calendar_connection", &Resource::calendar_connection, schema::kOptionalReference),
        field("calendar", &Resource::calendar, schema::kOptionalReference));
  }
};

}  // namespace booking
