#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "record_store.hpp"
#include "resource.hpp"

namespace booking {

/// The services of a resource, which have a table of their own.
struct ResourceServices {
  static void read(bulkhead::ReadTransaction& transaction, std::string_view tenant, Resource& noun);
  static void write(bulkhead::Transaction& transaction, std::string_view tenant,
                    const Resource& noun);
  static void erase(bulkhead::Transaction& transaction, std::string_view tenant,
                    std::string_view resource);
};

using ResourceStore = RecordStore<Resource, ResourceServices>;

/// A calendar, in the words of calendar/1.
struct CalendarPlace {
  std::string connection;
  std::string calendar;
  friend bool operator==(const CalendarPlace&, const CalendarPlace&) = default;
};

/// Where the resource's visits are shown, if anywhere.
std::optional<CalendarPlace> calendarOf(bulkhead::ReadTransaction& transaction,
                                        std::string_view tenant, std::string_view resource);

}  // namespace booking
