#pragma once

#include <bulkhead/plugin.hpp>

#include "booking_order.hpp"

namespace booking {

/// Holds: times that are kept free for a few minutes. Lives as long as the routes.
class HoldRoutes {
 public:
  HoldRoutes(bulkhead::Registrar& host, AppointmentDesk& desk, const BookingOrders& orders);

 private:
  bulkhead::Response make(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response extend(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response release(const bulkhead::Request& request, bulkhead::Transaction& write) const;

  const bulkhead::Host host_;
  AppointmentDesk& desk_;
  const BookingOrders& orders_;
};

}  // namespace booking
