#include "hold_routes.hpp"

#include <string>
#include <utility>

#include "appointment_json.hpp"
#include "appointment_store.hpp"
#include "body.hpp"
#include "exchange.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;

constexpr std::string_view kExample = R"({"service":"haircut","start":"2026-01-06T14:00:00Z"})";

Response answer(int status, const Appointment& one) {
  return versioned(status, one.version, [&](JsonWriter& out) { write(out, one); });
}

/// If-Match is not asked for: a hold is its maker's alone. One that is sent counts.
Appointment get(ReadTransaction& read, const Request& request) {
  auto found = AppointmentStore::find(read, request.tenant(), request.param("id"));
  if (!found) throw notFound("hold", request.param("id"));
  if (request.header("if-match")) {
    requireMatch(request, found->version, [&](JsonWriter& out) { write(out, *found); });
  }
  return std::move(*found);
}

}  // namespace

HoldRoutes::HoldRoutes(bulkhead::Registrar& host, AppointmentDesk& desk,
                       const BookingOrders& orders)
    : host_{host.host()}, desk_{desk}, orders_{orders} {
  host.route({.method = "POST",
              .path = "/holds",
              .scope = "booking:write",
              .summary = "Keeps a time free for a few minutes",
              .request = holdSchema(),
              .response = appointmentSchema(),
              .success = 201,
              .errors = {"SLOT_TAKEN", "OUTSIDE_AVAILABILITY", "DAILY_LIMIT", "NOTICE_TOO_SHORT",
                         "BEYOND_HORIZON", "SLOT_TOKEN_INVALID", "SLOT_TOKEN_EXPIRED", "NOT_FOUND",
                         "INVALID_TIME_ZONE"},
              .example = kExample,
              .idempotency = bulkhead::Idempotency::Required},
             [this](const Request& request, Transaction& write) { return make(request, write); });
  host.route({.method = "GET",
              .path = "/holds/{id}",
              .scope = "booking:read",
              .summary = "Shows a hold, or what became of it",
              .response = appointmentSchema(),
              .errors = {"NOT_FOUND"}},
             [](const Request& request, ReadTransaction& read) {
               return answer(200, get(read, request));
             });
  host.route({.method = "PATCH",
              .path = "/holds/{id}",
              .scope = "booking:write",
              .summary = "Extends a hold, once, to its full time from now",
              .response = appointmentSchema(),
              .errors = {"NOT_FOUND", "HOLD_EXPIRED", "HOLD_ALREADY_EXTENDED", "ILLEGAL_TRANSITION",
                         "VERSION_CONFLICT"}},
             [this](const Request& request, Transaction& write) { return extend(request, write); });
  host.route(
      {.method = "DELETE",
       .path = "/holds/{id}",
       .scope = "booking:write",
       .summary = "Lets a held time go",
       .success = 204,
       .errors = {"NOT_FOUND", "ILLEGAL_TRANSITION", "VERSION_CONFLICT"}},
      [this](const Request& request, Transaction& write) { return release(request, write); });
}

Response HoldRoutes::make(const Request& request, Transaction& write) const {
  return answer(201, orders_.hold(write, callerOf(request, host_), bodyOf(request)));
}

Response HoldRoutes::extend(const Request& request, Transaction& write) const {
  return answer(200, desk_.extend(write, callerOf(request, host_), get(write, request)));
}

Response HoldRoutes::release(const Request& request, Transaction& write) const {
  desk_.act(write, callerOf(request, host_), get(write, request), Action::Expire, {});
  return Response::noContent();
}

}  // namespace booking
