#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

int runConfigCheck(const CommandLine& line);
int runConfigPrint(const CommandLine& line);
int runVersion(const CommandLine& line);

}  // namespace bulkhead::host
