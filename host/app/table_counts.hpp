#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "data/store.hpp"
#include "monitoring/monitoring_sources.hpp"

namespace bulkhead::host {

/// The rows of each table of a SQLite store, by the plural of the table's name ("appointments");
/// the host's own bookkeeping is left out (S26). Tables of a store that does not answer by
/// `deadline` are missing.
std::vector<monitoring::TableCount> countTables(data::Store& store,
                                                std::chrono::steady_clock::time_point deadline);

}  // namespace bulkhead::host
