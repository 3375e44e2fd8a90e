#pragma once

#include <string_view>

#include "logging/level.hpp"

namespace bulkhead::host {

/// S51: how severe an error is, from what it answered.
struct ErrorSeverity {
  Level level;
  std::string_view severity_class;  ///< "low", "medium", "high" or "critical"
};

/// Start-up, configuration and data loss: Fatal, critical. 5xx and unknown (0): Error, high. 401,
/// 403, 429: Warn, medium. Everything else: Info, low.
ErrorSeverity classifyError(int status, std::string_view code);

}  // namespace bulkhead::host
