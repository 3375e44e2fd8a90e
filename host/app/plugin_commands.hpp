#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

// The commands that change one plugin of the running host; see commands().
int runPluginReload(const CommandLine& line);
int runPluginEnable(const CommandLine& line);
int runPluginDisable(const CommandLine& line);
int runPluginRelease(const CommandLine& line);
int runPluginMessages(const CommandLine& line);
// Those that need no host.
int runPluginNew(const CommandLine& line);
int runPluginVerify(const CommandLine& line);

}  // namespace bulkhead::host
