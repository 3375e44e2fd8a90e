#pragma once

#include <bulkhead/registrar.hpp>

#include "connections.hpp"

namespace plaid {

/// Registers the calls of bank-feed/1 and the routes of connections, which are answered by
/// `connections`.
void addConnectionRoutes(bulkhead::Registrar& host, const Connections& connections);

}  // namespace plaid
