#include "logging/error_severity.hpp"

namespace bulkhead::host {

ErrorSeverity classifyError(int status, std::string_view code) {
  for (const std::string_view fatal :
       {"CONFIGURATION_ERROR", "STARTUP_FAILED", "DATA_LOSS", "DATA_CORRUPTED"}) {
    if (code == fatal) return {Level::Fatal, "critical"};
  }
  if (status < 100 || status >= 500) return {Level::Error, "high"};
  if (status == 401 || status == 403 || status == 429) return {Level::Warn, "medium"};
  return {Level::Info, "low"};
}

}  // namespace bulkhead::host
