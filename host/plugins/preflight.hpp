#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "plugins/home_settings.hpp"

namespace bulkhead::host {

/// What a throw-away child found out about a plugin.
struct PreflightReport {
  bool passed = false;
  std::string reason;  ///< why not: a sentence that completes "FILE ..."; empty when it passed
  std::string output;  ///< the end of what the plugin wrote to stdout and stderr
  std::vector<std::string> routes;        ///< "GET /api/greeter/v1/hello/{name}"
  std::vector<std::string> contributors;  ///< names of its health contributors
  bool pinned = false;                    ///< it cannot be unloaded
  std::chrono::milliseconds took{0};
};

struct PreflightOptions {
  std::chrono::milliseconds timeout = std::chrono::seconds{5};
  /// A program that answers `preflight FILE` with runPreflightChild(FILE); by default this one.
  std::filesystem::path executable = "/proc/self/exe";
};

/// Proves a private copy in a child process, under limits of memory, processor time, descriptors
/// and system calls: loads it, checks its table, creates it with the settings (everything but
/// registration is refused), destroys and unloads it, and looks each time whether the process is as
/// it was. What kills the child is a reason, not a danger. Blocks for at most the time-out; any
/// thread, any number at once. The child has none of this process's descriptors and only a few of
/// its variables; settings travel in a pipe-like file without a name. Throws Error when no child
/// can be started.
PreflightReport preflight(const std::filesystem::path& copy, const HomeSettings& settings,
                          const PreflightOptions& options = {});

/// The child's whole life: to be called from main() before anything else, with what follows
/// `preflight` on the command line. Settings come on standard input as a JSON object, after a line
/// with the token that the verdict has to repeat (nothing: the manifest's defaults); the report
/// goes to descriptor 3, or to standard output without one. The child ends with its parent. Returns
/// the exit code: 0 passed, 1 refused.
int runPreflightChild(const std::filesystem::path& copy);

}  // namespace bulkhead::host
