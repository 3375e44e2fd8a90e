#pragma once

#include <utility>

#include "data/postgresql_store.hpp"
#include "postgresql_server.hpp"

namespace bulkhead::host::data {

/// A store in a new database of the program's server.
inline PostgresqlOptions postgresqlOptions() {
  PostgresqlServer& server = PostgresqlServer::shared();
  PostgresqlOptions options;
  options.url = server.url(server.makeDatabase());
  return options;
}

}  // namespace bulkhead::host::data
