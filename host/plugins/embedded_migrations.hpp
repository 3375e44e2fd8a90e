#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// One migration that travels in a plugin's file.
struct EmbeddedMigration {
  std::string engine;  ///< "sqlite" or "postgresql"
  int number = 0;      ///< from 1
  std::string name;    ///< "start" of 0001_start.sql
  std::string sql;
};

/// Reads the note of migrations (BULKHEAD_NOTE_MIGRATIONS); empty text gives none. The answer is in
/// order of engine and number. Throws PluginRefusal (Refused) that names `file` and the element:
/// numbers must run from 1 without gap, once for each engine.
std::vector<EmbeddedMigration> parseMigrations(std::string_view text, std::string_view file);

}  // namespace bulkhead::host
