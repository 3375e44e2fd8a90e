#pragma once

#include <chrono>
#include <string>

#include "data/store.hpp"

namespace bulkhead::host {

/// Makes the tables of jobs, queues and schedules in a plugin's store, or brings them up to date.
void migrateJobs(data::Store& store, const std::string& owner,
                 std::chrono::steady_clock::time_point deadline);

}  // namespace bulkhead::host
