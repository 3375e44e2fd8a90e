#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

// The commands of copies; see commands().
int runBackup(const CommandLine& line);
int runBackupVerify(const CommandLine& line);
int runRestore(const CommandLine& line);

}  // namespace bulkhead::host
