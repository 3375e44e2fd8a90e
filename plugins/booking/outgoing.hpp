#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/plugin.hpp>

#include "appointment_desk.hpp"
#include "notice.hpp"
#include "resource_store.hpp"

namespace booking {

/// A capability that may have no provider at all: then there is nothing to wait for. Any thread.
class Provider {
 public:
  Provider(bulkhead::Registrar& host, std::string_view capability)
      : host_{host.host()}, capability_{host.capability(capability)} {}

  /// False within a minute after a call has found that nobody provides it, or that whoever does is
  /// not configured.
  bool isThere() const;
  /// The answer, or nothing when nobody is there. Throws what the provider refuses with, and
  /// CAPABILITY_UNAVAILABLE while it is away.
  std::optional<std::string> call(const bulkhead::Context& context, std::string_view name,
                                  std::string_view request) const;

 private:
  const bulkhead::Host host_;
  const bulkhead::Capability capability_;
  mutable std::atomic<std::int64_t> absent_until_us_{0};
};

/// What follows from a change of an appointment outside: a message to the customer (messaging/1),
/// an event in the resource's calendar (calendar/1). It is kept in the inbox `outgoing` with the
/// change itself, and done after the commit, again and again until it succeeds: no booking waits
/// for it or fails of it, nothing is done for a change that was rolled back, and nothing twice,
/// since providers know a message by its reference and an event by its id.
class Outgoing final : public AppointmentObserver {
 public:
  /// `defaults` are the texts where a tenant has not said its own; `notices` is false where
  /// customers are told nothing.
  Outgoing(bulkhead::Registrar& host, NoticeTexts defaults, bool notices);

  void changed(bulkhead::Transaction& transaction, const Caller& caller,
               const AppointmentDesk::Plan& plan) const override;

 private:
  void keepNotice(bulkhead::Transaction& transaction, const Caller& caller, Notice notice,
                  const Appointment& one) const;
  void keepCalendars(bulkhead::Transaction& transaction, const Caller& caller,
                     const AppointmentDesk::Plan& plan) const;
  void handle(const bulkhead::Message& message) const;
  void notify(const bulkhead::Message& message, Notice notice) const;
  void showInCalendars(const bulkhead::Message& message) const;

  const bulkhead::Host host_;
  const NoticeTexts defaults_;
  const bool notices_;
  const Provider messaging_;
  const Provider calendar_;
  const bulkhead::Inbox inbox_;
};

/// What the change has the customer told, if anything.
std::optional<Notice> noticeOf(const AppointmentDesk::Plan& plan);

/// The id of an appointment's event in any calendar: the same each time, and no other's.
std::string calendarEventId(std::string_view tenant, std::string_view appointment);

}  // namespace booking
