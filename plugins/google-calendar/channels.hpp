#pragma once

#include <string>
#include <string_view>

#include <bulkhead/host.hpp>
#include <bulkhead/recovery.hpp>

#include "calendar.hpp"
#include "google_calendar_client.hpp"

namespace google_calendar {

/// Opens the channels by which Google tells that a calendar has changed. Thread-safe.
class Channels {
 public:
  /// Who asks: the tenant, and for how long.
  struct Caller {
    const bulkhead::Context& context;
    std::string_view tenant;
  };

  /// `client` outlives this. Without `public_base_url` none is opened.
  Channels(bulkhead::Host host, const GoogleCalendarClient& client,
           std::string_view public_base_url);

  /// The channel as JSON. Throws what the client throws, and NOT_CONFIGURED.
  std::string open(const Caller& caller, const std::string& calendar,
                   bulkhead::Recovery& recovery) const;

 private:
  Channel named(const Caller& caller, const std::string& calendar,
                bulkhead::Recovery& recovery) const;
  std::string opened(const Caller& caller, const std::string& calendar,
                     const Channel& channel) const;

  const bulkhead::Host host_;
  const GoogleCalendarClient& client_;
  const std::string address_;
};

}  // namespace google_calendar
