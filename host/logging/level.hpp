#pragma once

#include <optional>
#include <string_view>

namespace bulkhead::host {

/// The levels of S46, from least to most severe.
enum class Level { Debug, Info, Warn, Error, Fatal };

/// "DEBUG", "INFO", "WARN", "ERROR", "FATAL".
std::string_view levelName(Level level);

/// The word that `grep -i warning` finds (C28): DEBUG, INFO, WARNING, ERROR, CRITICAL.
std::string_view severityWord(Level level);

/// Reads a level without regard to case; "warning" and "critical" too.
std::optional<Level> findLevel(std::string_view name);

}  // namespace bulkhead::host
