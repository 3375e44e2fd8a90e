#pragma once

#include <filesystem>
#include <string>

#include "config/host_settings.hpp"
#include "data/sqlite_store.hpp"

namespace bulkhead::host {

/// How the store of `owner` (a plugin's id, or "host") is opened: one SQLite file in the folder of
/// DATABASE_URL. Throws Error (configuration, DATABASE_URL) for an engine that this version does
/// not have.
data::SqliteOptions storeOptions(const HostSettings& settings, const std::string& owner);

}  // namespace bulkhead::host
