#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

/// Prints the running host's log level, or changes it for a time.
int runLogLevel(const CommandLine& line);

}  // namespace bulkhead::host
