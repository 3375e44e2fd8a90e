#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

/// Runs the host until SIGTERM or SIGINT; a second one ends it at once. SIGHUP and SIGUSR1 reopen
/// the log file.
int runServe(const CommandLine& line);
/// 0 when the running host answers the probe with 200, else 1.
int runProbe(const CommandLine& line);

}  // namespace bulkhead::host
