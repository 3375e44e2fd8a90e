#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/host.hpp>

#include "access_token.hpp"
#include "calendar.hpp"
#include "service_account.hpp"

namespace google_calendar {

/// Google's Calendar API v3. Every call throws the errors of provider_error.hpp, and those of
/// calendar/1. Every request may run twice: what writes has an id of the caller's. Any thread,
/// outside transactions.
class GoogleCalendarClient {
 public:
  struct Options {
    std::string base_url;
    std::string token_url;
    std::string token_audience;
    std::string subject;
  };

  /// Without `account` nothing may be called.
  GoogleCalendarClient(bulkhead::Host host, std::unique_ptr<ServiceAccount> account,
                       Options options);

  std::vector<CalendarEntry> calendars(const bulkhead::Context& context) const;
  std::vector<Busy> busy(const bulkhead::Context& context, const Window& window,
                         const std::vector<std::string>& calendars) const;
  /// From a cursor of an earlier page; without one those of the window.
  Changes changes(const bulkhead::Context& context, std::string_view calendar,
                  std::string_view cursor, const Window& window) const;
  /// Makes it, or changes the one that is there.
  Event put(const bulkhead::Context& context, std::string_view calendar,
            const EventDraft& draft) const;
  /// One that is not there is removed.
  void remove(const bulkhead::Context& context, std::string_view calendar,
              std::string_view id) const;
  OpenChannel watch(const bulkhead::Context& context, std::string_view calendar,
                    const Channel& channel) const;
  /// That the account's key is good, and may read calendars.
  void check(const bulkhead::Context& context) const;

 private:
  std::string token(const bulkhead::Context& context) const;
  AccessToken::Fetched fetchToken(const bulkhead::Context& context) const;
  bulkhead::OutboundAnswer send(const bulkhead::Context& context,
                                const bulkhead::OutboundRequest& request) const;
  bulkhead::OutboundRequest request(std::string_view method, std::string_view target,
                                    std::string_view operation, std::string body = {}) const;

  const bulkhead::Host host_;
  const std::unique_ptr<ServiceAccount> account_;
  const Options options_;
  mutable AccessToken token_;
};

}  // namespace google_calendar
