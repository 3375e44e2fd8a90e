#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/properties_file.hpp"

namespace bulkhead::host {

/// A `.env` file (S127): lines `NAME=value`, optionally after `export `. `#` begins a comment at
/// the start of a line or after a blank. In single quotes every character stands for itself; in
/// double quotes `\n \r \t \" \\ \$` are understood; both may span lines. Nothing is expanded. A
/// name twice is an error that names both lines; `ConfigurationProblems` lists all errors.
class EnvFile {
 public:
  EnvFile() = default;

  static EnvFile read(const std::filesystem::path& file);
  static EnvFile parse(std::string_view text, std::string name);

  const std::string& name() const noexcept { return name_; }
  const std::vector<PropertyEntry>& entries() const noexcept { return entries_; }
  /// The entry of a variable, or nullptr. Valid as long as this object.
  const PropertyEntry* find(std::string_view name) const;

 private:
  std::string name_;
  std::vector<PropertyEntry> entries_;
};

}  // namespace bulkhead::host
