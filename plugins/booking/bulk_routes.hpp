#pragma once

#include <bulkhead/plugin.hpp>

#include "booking_order.hpp"

namespace booking {

/// POST /appointments/bulk. Lives as long as the routes.
class BulkRoutes {
 public:
  BulkRoutes(bulkhead::Registrar& host, const BookingOrders& orders);

 private:
  bulkhead::Response book(const bulkhead::Request& request) const;

  const bulkhead::Host host_;
  const BookingOrders& orders_;
};

}  // namespace booking
