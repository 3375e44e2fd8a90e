#pragma once

#include <bulkhead/plugin.hpp>

#include "booking_order.hpp"

namespace booking {

/// Appointments and their history. Lives as long as the routes.
class AppointmentRoutes {
 public:
  AppointmentRoutes(bulkhead::Registrar& host, AppointmentDesk& desk, const BookingOrders& orders,
                    Signatures& signatures);

 private:
  void registerMaking(bulkhead::Registrar& host);
  void registerReading(bulkhead::Registrar& host);
  void registerActions(bulkhead::Registrar& host);

  bulkhead::Response book(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response put(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response list(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;
  bulkhead::Response patch(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response reschedule(const bulkhead::Request& request,
                                bulkhead::Transaction& write) const;
  bulkhead::Response reassign(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response act(const bulkhead::Request& request, bulkhead::Transaction& write,
                         Action action) const;

  const bulkhead::Host host_;
  AppointmentDesk& desk_;
  const BookingOrders& orders_;
  Signatures& signatures_;
};

}  // namespace booking
