#pragma once

#include <chrono>
#include <string>

#include "data/store.hpp"

namespace bulkhead::host {

/// Brings the tables of events and messages in the store of `owner` to those that this version
/// works on; what is there goes on. Their steps are numbered apart from the plugin's own
/// migrations, in bulkhead_migrations. Throws as data::migrate().
void migrateMessages(data::Store& store, const std::string& owner,
                     std::chrono::steady_clock::time_point deadline);

}  // namespace bulkhead::host
