#pragma once

#include <string>
#include <vector>

#include "config/configuration.hpp"

namespace bulkhead::host {

/// What a sound configuration meets on this machine.
struct InstallationFindings {
  std::vector<std::string> problems;  ///< sentences; with any of them the host does not start
  std::vector<std::string> notices;   ///< sentences; it starts, and this deserves a look
};

/// Looks at the folders and files that the configuration names, and changes nothing. What reading
/// found wrong comes first among the problems.
InstallationFindings checkInstallation(const ConfigurationReading& reading);

}  // namespace bulkhead::host
