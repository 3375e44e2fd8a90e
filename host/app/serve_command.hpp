#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

/// Runs the host until SIGTERM or SIGINT; a second one ends it at once. SIGHUP and SIGUSR1 reopen
/// the log file; SIGHUP reloads the configuration, too.
int runServe(const CommandLine& line);

}  // namespace bulkhead::host
