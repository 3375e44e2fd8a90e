#pragma once

#include "app/command_line.hpp"

namespace bulkhead::host {

/// Names everything that `serve` would refuse or notice; 78 when there is something to refuse.
int runConfigCheck(const CommandLine& line);
/// Every value and where it came from; with --running those of the running host.
int runConfigShow(const CommandLine& line);
/// Every setting: what it accepts, its variables, its default, what it is for.
int runConfigDescribe(const CommandLine& line);
/// Asks the running host to reload; prints what it did. 78 when it refused.
int runConfigReload(const CommandLine& line);
int runVersion(const CommandLine& line);

}  // namespace bulkhead::host
