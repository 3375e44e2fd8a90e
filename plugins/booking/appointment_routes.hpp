#pragma once

#include <nlohmann/json_fwd.hpp>

#include <bulkhead/plugin.hpp>

#include "appointment_desk.hpp"

namespace booking {

/// Appointments, holds and their history. Lives as long as the routes.
class AppointmentRoutes {
 public:
  AppointmentRoutes(bulkhead::Registrar& host, AppointmentDesk& desk);

 private:
  void registerMaking(bulkhead::Registrar& host);
  void registerReading(bulkhead::Registrar& host);
  void registerActions(bulkhead::Registrar& host);

  bulkhead::Response book(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  Appointment bookHold(bulkhead::Transaction& write, const Caller& caller,
                       const nlohmann::json& body) const;
  bulkhead::Response hold(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response releaseHold(const bulkhead::Request& request,
                                 bulkhead::Transaction& write) const;
  bulkhead::Response list(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;
  bulkhead::Response patch(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response reschedule(const bulkhead::Request& request,
                                bulkhead::Transaction& write) const;
  bulkhead::Response act(const bulkhead::Request& request, bulkhead::Transaction& write,
                         Action action) const;
  std::string leadOf(bulkhead::Transaction& write, const Caller& caller,
                     const nlohmann::json& body) const;

  const bulkhead::Host host_;
  AppointmentDesk& desk_;
};

}  // namespace booking
