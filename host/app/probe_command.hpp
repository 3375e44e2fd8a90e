#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

/// Asks the running host over its port, its management port or its admin socket. 0 when it answers
/// 200 in time, else 1 with the reason on standard error.
int runProbe(const CommandLine& line);

}  // namespace bulkhead::host
