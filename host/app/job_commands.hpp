#pragma once

#include <vector>

#include "app/command.hpp"

namespace bulkhead::host {

/// `bulkhead jobs ...`: jobs of the running host's plugins.
std::vector<Command> jobCommands();

}  // namespace bulkhead::host
