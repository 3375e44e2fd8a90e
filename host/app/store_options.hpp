#pragma once

#include <cstddef>
#include <string>

#include "config/host_settings.hpp"
#include "data/store_options.hpp"

namespace bulkhead::host {

/// How the store of `owner` (a plugin's id, or "host") is opened, by DATABASE_URL: one SQLite file
/// in its folder, or a schema of its own in its PostgreSQL database.
data::StoreOptions storeOptions(const HostSettings& settings, const std::string& owner);

/// Gives one of `stores` its part of the host's sessions.
void shareSessions(data::PostgresqlOptions& options, std::size_t stores);

}  // namespace bulkhead::host
