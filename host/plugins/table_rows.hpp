#pragma once

#include <chrono>
#include <vector>

#include "data/store.hpp"
#include "plugins/home.hpp"

namespace bulkhead::host {

/// The rows of each table of a SQLite store, by the plural of the table's name ("appointments");
/// the host's own bookkeeping is left out (S26). Nothing of a store that does not answer by
/// `deadline`.
std::vector<TableRows> countTableRows(data::Store& store,
                                      std::chrono::steady_clock::time_point deadline);

}  // namespace bulkhead::host
