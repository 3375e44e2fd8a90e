#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

// The command that shows capabilities of the running host; see commands().
int runCapabilities(const CommandLine& line);

}  // namespace bulkhead::host
