#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "plugins/compartment.hpp"
#include "plugins/worker_home.hpp"
#include "runtime/lane.hpp"

namespace bulkhead::host {

/// What the host knows of a worker's end.
struct WorkerFacts {
  pid_t process = 0;
  std::string
      text;         ///< how it ended, which generation it was, and what each of its calls was doing
  std::string log;  ///< the last of its log
};
WorkerFacts workerFacts(const PluginStatus& plugin, const WorkerEnd& end);

/// The crash record of a worker: those facts, and what its own handler wrote (empty after a signal
/// that nobody survives).
std::string workerRecord(std::string_view own, const WorkerFacts& facts);

/// Keeps records in a folder under their final names, beside the host's own. On a thread of its
/// own: a disk that stands still holds up no restart. Thread-safe.
class WorkerRecords {
 public:
  /// The newest `records_max` are kept. An empty folder: none are.
  WorkerRecords(std::filesystem::path folder, std::size_t records_max);

  /// One that cannot be kept is a warning in the log.
  void keep(const PluginStatus& plugin, const WorkerEnd& end) noexcept;
  /// Of one that the host ended and that has done nothing wrong.
  void drop(pid_t process);

 private:
  const std::filesystem::path folder_;
  const std::size_t records_max_;
  Lane lane_;
};

}  // namespace bulkhead::host
