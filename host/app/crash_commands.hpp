#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

/// The crash records of DATA_DIR, newest first; needs no running host.
int runCrashList(const CommandLine& line);
/// One of them, whole; the newest unless named.
int runCrashShow(const CommandLine& line);

}  // namespace bulkhead::host
