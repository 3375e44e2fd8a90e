#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// A record that a crashed process left behind.
struct CrashRecord {
  std::string name;  ///< of its file, without folder
  std::filesystem::path file;
  std::map<std::string, std::string, std::less<>> facts;  ///< "signal", "plugin", "route" ...

  /// Empty when the record has no such fact.
  std::string_view fact(std::string_view wanted) const;
};

/// Every record of the folder, newest first; none for a folder that does not exist.
std::vector<CrashRecord> readCrashRecords(const std::filesystem::path& folder);

/// Names what ended processes left after their time ("crash-20261122T041733Z-4711.txt"), removes
/// what they did not need, and all but the newest `records_max`. Returns what is new since the last
/// call, newest first. Leaves alone what a running process has open.
std::vector<CrashRecord> collectCrashRecords(const std::filesystem::path& folder,
                                             std::size_t records_max);

/// The same for the one that is whole, of a process that has ended. Throws
/// std::filesystem::filesystem_error.
void keepCrashRecord(const std::filesystem::path& file, std::size_t records_max);

}  // namespace bulkhead::host
