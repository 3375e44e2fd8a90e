#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include <bulkhead/host.hpp>

#include "appointment_desk.hpp"
#include "lead.hpp"
#include "signatures.hpp"

namespace booking {

/// What a body asks to be booked: {slot_token | start + service + resource?, lead | lead_id}, or a
/// hold by its id. The same for a single appointment, one with the client's id, and each of many.
class BookingOrders {
 public:
  BookingOrders(const bulkhead::Host& host, AppointmentDesk& desk, Signatures& signatures)
      : host_{host}, desk_{desk}, signatures_{signatures} {}

  /// An order that has been checked. Nothing of it has been written.
  struct Planned {
    std::optional<LeadChange> lead;
    AppointmentDesk::Plan appointment;
  };
  /// Under the body's `id`, or a new one. Throws every refusal that a booking can meet.
  Planned plan(bulkhead::ReadTransaction& transaction, const Caller& caller,
               const nlohmann::json& body) const;
  /// Writes it, in the transaction that it was planned in.
  Appointment carryOut(bulkhead::Transaction& transaction, const Caller& caller,
                       Planned planned) const;

  Appointment book(bulkhead::Transaction& transaction, const Caller& caller,
                   const nlohmann::json& body) const {
    return carryOut(transaction, caller, plan(transaction, caller, body));
  }
  /// What was booked from this very body, under its `id`, before. Throws 409 DUPLICATE when the id
  /// is an appointment that was made from another one.
  std::optional<Appointment> findMade(bulkhead::ReadTransaction& transaction, const Caller& caller,
                                      const nlohmann::json& body) const;
  /// The time in the body, kept free for nobody yet. Throws as plan() does.
  Appointment hold(bulkhead::Transaction& transaction, const Caller& caller,
                   const nlohmann::json& body) const;

 private:
  Appointment draftOf(const nlohmann::json& body) const;
  Wish wishOf(bulkhead::ReadTransaction& transaction, const Caller& caller,
              const nlohmann::json& body) const;
  std::optional<LeadChange> leadOf(bulkhead::ReadTransaction& transaction, const Caller& caller,
                                   const nlohmann::json& body, Appointment& draft) const;

  const bulkhead::Host host_;
  AppointmentDesk& desk_;
  Signatures& signatures_;
};

}  // namespace booking
