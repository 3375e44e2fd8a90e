#pragma once

#include <bulkhead/registrar.hpp>

#include "payments.hpp"

namespace stripe {

/// Registers the calls of payments/1 and the routes of payment links, which are answered by
/// `payments`.
void addPaymentRoutes(bulkhead::Registrar& host, const Payments& payments);

}  // namespace stripe
