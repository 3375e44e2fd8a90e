#pragma once

#include <string_view>

#include "app/live_configuration.hpp"

namespace bulkhead::host {

/// Tells the log what a reload truly did: a line for each change, for each setting that waits for a
/// restart, for each problem, and one for the whole.
void logReload(const ReloadReport& report, std::string_view trigger);

}  // namespace bulkhead::host
