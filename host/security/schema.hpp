#pragma once

#include <vector>

#include "data/migrations.hpp"

namespace bulkhead::host {

/// The schema of the host's own store: tenants and API keys.
const std::vector<data::Migration>& hostMigrations();

}  // namespace bulkhead::host
