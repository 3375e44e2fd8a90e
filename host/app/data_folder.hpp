#pragma once

#include <filesystem>
#include <string>

namespace bulkhead::host {

/// What lies within DATA_DIR.
inline constexpr const char* kAdminSocket = "admin.sock";
inline constexpr const char* kTakeoverSocket = "takeover.sock";
inline constexpr const char* kCrashFolder = "crash";
inline constexpr const char* kPluginCopies = "plugin-cache";

/// Why no files can be kept in `folder`, as a clause; empty when they can. A folder that does not
/// exist counts as one where the nearest that does could hold it. Changes nothing.
std::string whyUnusable(const std::filesystem::path& folder);

/// Makes DATA_DIR where it is missing. Throws Error (configuration, DATA_DIR) when it cannot be
/// used.
void prepareDataFolder(const std::filesystem::path& folder);

}  // namespace bulkhead::host
