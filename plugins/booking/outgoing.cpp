#include "outgoing.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include <bulkhead/signing.hpp>

#include "appointment_store.hpp"
#include "lead_store.hpp"
#include "service_store.hpp"
#include "tenant_store.hpp"

namespace booking {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::Message;
using bulkhead::ReadTransaction;
using bulkhead::Transaction;
using nlohmann::json;

constexpr std::string_view kCalendarType = "calendar";
constexpr std::chrono::microseconds kAbsence = std::chrono::minutes{1};

/// Whether a visit in this state stands in calendars; those that were are left there.
bool isShown(Status status) {
  return status == Status::Confirmed || status == Status::CheckedIn ||
         status == Status::Completed || status == Status::NoShow;
}

/// Reasons of CAPABILITY_UNAVAILABLE that waiting does not mend.
bool isAbsence(const Error& error) {
  const json details = json::parse(error.details(), nullptr, false);
  if (!details.is_object()) return false;
  const std::string reason = details.value("reason", "");
  return reason == "missing" || reason == "other_major" || reason == "not_configured";
}

std::string keyOf(std::string_view type, const Caller& caller, const Appointment& one) {
  return std::string{type} + '/' + std::string{caller.tenant} + '/' + one.id + "/v" +
         std::to_string(one.version);
}

void writeCalendar(JsonWriter& out, const CalendarPlace& place) {
  out.object("connection", place.connection, "calendar", place.calendar);
}

void addUnlessThere(std::vector<CalendarPlace>& places, const std::optional<CalendarPlace>& place) {
  if (!place) return;
  if (std::find(places.begin(), places.end(), *place) == places.end()) places.push_back(*place);
}

/// The tenant's own text where it has said one.
std::string textFor(Notice notice, const Tenant& tenant, const NoticeTexts& defaults) {
  const auto said = [&]() -> const std::optional<std::string>& {
    switch (notice) {
      case Notice::Confirmed:
        return tenant.text_confirmed;
      case Notice::Moved:
        return tenant.text_moved;
      case Notice::Cancelled:
        return tenant.text_cancelled;
      case Notice::NoShow:
        break;
    }
    return tenant.text_no_show;
  };
  return said().value_or(defaults.of(notice));
}

NoticeWords wordsFor(ReadTransaction& read, std::string_view tenant, const Tenant& said,
                     const Appointment& one, const Lead& lead) {
  const auto service = ServiceStore::find(read, tenant, one.service);
  const auto resource = ResourceStore::find(read, tenant, one.resource);
  NoticeWords words;
  words.business = said.name.value_or(std::string{tenant});
  words.name = lead.name.value_or("");
  words.service = service ? service->name : one.service;
  words.resource = resource ? resource->name : one.resource;
  words.date = one.local_start.substr(0, 10);
  words.time = one.local_start.substr(11, 5);
  return words;
}

/// Whether the appointment is still what the message was kept for: a later change has a message of
/// its own.
bool isOvertaken(const json& kept, const Appointment& one) {
  return kept.at("status") != nameOf(one.status) ||
         kept.at("start") != epochSeconds(one.visit.begin);
}

/// The request of send_message; empty when there is nothing to be sent.
std::string messageFor(ReadTransaction& read, const Message& message, Notice notice,
                       const NoticeTexts& defaults) {
  const json kept = json::parse(message.body());
  const std::string id = kept.at("appointment").get<std::string>();
  const auto one = AppointmentStore::find(read, message.tenant(), id);
  if (!one || !one->lead || isOvertaken(kept, *one)) return {};
  const auto lead = LeadStore::find(read, message.tenant(), *one->lead);
  if (!lead || !lead->phone) return {};
  const Tenant tenant = TenantStore::get(read, message.tenant());
  const std::string text = filled(textFor(notice, tenant, defaults),
                                  wordsFor(read, message.tenant(), tenant, *one, *lead));
  if (text.empty()) return {};
  return bulkhead::toJson([&](JsonWriter& out) {
    out.object("to", *lead->phone, "text", text, "reference", message.id());
  });
}

/// The request of put_event for `one` at `place`.
std::string eventFor(ReadTransaction& read, std::string_view tenant, const Appointment& one,
                     const CalendarPlace& place) {
  const auto service = ServiceStore::find(read, tenant, one.service);
  std::string summary = service ? service->name : one.service;
  if (one.lead) {
    const auto lead = LeadStore::find(read, tenant, *one.lead);
    if (lead && lead->name) summary += ": " + *lead->name;
  }
  return bulkhead::toJson([&](JsonWriter& out) {
    out.object("connection", place.connection, "calendar", place.calendar, "id",
               calendarEventId(tenant, one.id), "summary", summary, "start",
               formatInstant(one.visit.begin), "end", formatInstant(one.visit.end), "time_zone",
               one.time_zone);
  });
}

/// What is to be done in calendars so that they agree with the appointment as it is now.
struct CalendarWork {
  std::vector<CalendarPlace> removals;
  std::string put;  ///< the request of put_event; empty for none
};

CalendarWork workFor(ReadTransaction& read, const Message& message) {
  const json kept = json::parse(message.body());
  const std::string id = kept.at("appointment").get<std::string>();
  CalendarWork work;
  for (const auto& place : kept.at("calendars")) {
    work.removals.push_back(
        {place.at("connection").get<std::string>(), place.at("calendar").get<std::string>()});
  }
  const auto one = AppointmentStore::find(read, message.tenant(), id);
  if (!one) return work;
  const auto place = calendarOf(read, message.tenant(), one->resource);
  if (!place || !isShown(one->status)) return work;
  std::erase(work.removals, *place);
  work.put = eventFor(read, message.tenant(), *one, *place);
  return work;
}

}  // namespace

bool Provider::isThere() const {
  return host_.monotonic().count() >= absent_until_us_.load(std::memory_order_relaxed);
}

std::optional<std::string> Provider::call(const bulkhead::Context& context, std::string_view name,
                                          std::string_view request) const {
  try {
    return capability_.call(context, name, request);
  } catch (const Error& error) {
    if (!bulkhead::isUnavailable(error) || !isAbsence(error)) throw;
    absent_until_us_ = (host_.monotonic() + kAbsence).count();
    return std::nullopt;
  }
}

Outgoing::Outgoing(bulkhead::Registrar& host, NoticeTexts defaults, bool notices)
    : host_{host.host()},
      defaults_{std::move(defaults)},
      notices_{notices},
      messaging_{host, "messaging/1"},
      calendar_{host, "calendar/1"},
      inbox_{host.inbox("outgoing", [this](const Message& message) { handle(message); })} {
  checkText("text_confirmed", defaults_.confirmed);
  checkText("text_moved", defaults_.moved);
  checkText("text_cancelled", defaults_.cancelled);
  checkText("text_no_show", defaults_.no_show);
}

void Outgoing::changed(Transaction& transaction, const Caller& caller,
                       const AppointmentDesk::Plan& plan) const {
  const auto notice = noticeOf(plan);
  if (notice && notices_ && plan.after.lead && messaging_.isThere()) {
    keepNotice(transaction, caller, *notice, plan.after);
  }
  if (calendar_.isThere()) keepCalendars(transaction, caller, plan);
}

void Outgoing::keepNotice(Transaction& transaction, const Caller& caller, Notice notice,
                          const Appointment& one) const {
  const std::string body = bulkhead::toJson([&](JsonWriter& out) {
    out.object("appointment", one.id, "status", nameOf(one.status), "start",
               epochSeconds(one.visit.begin));
  });
  const std::string key = keyOf("notice", caller, one);
  const std::string subject = "notice/" + std::string{caller.tenant} + '/' + one.id;
  inbox_.keep(transaction, {.key = key,
                            .type = nameOf(notice),
                            .subject = subject,
                            .tenant = caller.tenant,
                            .body = body});
}

void Outgoing::keepCalendars(Transaction& transaction, const Caller& caller,
                             const AppointmentDesk::Plan& plan) const {
  const Appointment& after = plan.after;
  const bool was_shown = !plan.is_new && isShown(plan.before.status);
  const bool is_same =
      was_shown == isShown(after.status) &&
      (!was_shown || (plan.before.visit == after.visit && plan.before.resource == after.resource));
  if (is_same) return;
  std::vector<CalendarPlace> places;
  if (was_shown) {
    addUnlessThere(places, calendarOf(transaction, caller.tenant, plan.before.resource));
  }
  addUnlessThere(places, calendarOf(transaction, caller.tenant, after.resource));
  if (places.empty()) return;
  const std::string body = bulkhead::toJson([&](JsonWriter& out) {
    out.object("appointment", after.id, "calendars",
               [&](JsonWriter& list) { list.array(places, writeCalendar); });
  });
  const std::string key = keyOf(kCalendarType, caller, after);
  const std::string subject =
      std::string{kCalendarType} + '/' + std::string{caller.tenant} + '/' + after.id;
  inbox_.keep(transaction, {.key = key,
                            .type = kCalendarType,
                            .subject = subject,
                            .tenant = caller.tenant,
                            .body = body});
}

void Outgoing::handle(const Message& message) const {
  if (message.type() == kCalendarType) return showInCalendars(message);
  if (const auto notice = noticeNamed(message.type())) notify(message, *notice);
}

void Outgoing::notify(const Message& message, Notice notice) const {
  const std::string request = host_.read(message.context(), [&](ReadTransaction& read) {
    return messageFor(read, message, notice, defaults_);
  });
  if (request.empty()) return;
  try {
    messaging_.call(message.context(), "send_message", request);
  } catch (const Error& error) {
    // The customer's own word, or a number that takes no messages: nothing that waiting mends.
    if (error.code() != "OPTED_OUT" && error.code() != "NUMBER_NOT_ACCEPTED") throw;
    host_.info("A customer was not told", "message", message.id(), "reason", error.code());
  }
}

void Outgoing::showInCalendars(const Message& message) const {
  const CalendarWork work =
      host_.read(message.context(), [&](ReadTransaction& read) { return workFor(read, message); });
  const std::string id = calendarEventId(
      message.tenant(), json::parse(message.body()).at("appointment").get<std::string>());
  for (const CalendarPlace& place : work.removals) {
    const std::string request = bulkhead::toJson([&](JsonWriter& out) {
      out.object("connection", place.connection, "calendar", place.calendar, "id", id);
    });
    calendar_.call(message.context(), "delete_event", request);
  }
  if (!work.put.empty()) calendar_.call(message.context(), "put_event", work.put);
}

std::optional<Notice> noticeOf(const AppointmentDesk::Plan& plan) {
  const bool is_confirmed = plan.after.status == Status::Confirmed;
  switch (plan.action) {
    case Action::Book:
    case Action::Confirm:
      return is_confirmed ? std::optional{Notice::Confirmed} : std::nullopt;
    case Action::Reschedule:
      return is_confirmed ? std::optional{Notice::Moved} : std::nullopt;
    case Action::Cancel:
    case Action::Decline:
      return Notice::Cancelled;
    case Action::NoShow:
      return Notice::NoShow;
    default:
      return std::nullopt;
  }
}

std::string calendarEventId(std::string_view tenant, std::string_view appointment) {
  return bulkhead::sha256Hex(std::string{tenant} + '|' + std::string{appointment});
}

}  // namespace booking
