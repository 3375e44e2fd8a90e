#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "plugins/compartment.hpp"
#include "plugins/worker_home.hpp"

namespace bulkhead::host {

/// The crash record of a worker: what its own handler wrote (empty after a signal that nobody
/// survives), and what its black box says: how it ended, which generation it was, and what each of
/// its calls was doing.
std::string workerRecord(std::string_view own, const PluginStatus& plugin, const WorkerEnd& end);

/// Keeps it in the folder under its final name, beside the host's own, the newest `records_max` of
/// them. Throws std::filesystem::filesystem_error.
void keepWorkerRecord(const std::filesystem::path& folder, std::size_t records_max,
                      const PluginStatus& plugin, const WorkerEnd& end);

}  // namespace bulkhead::host
