#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// One `key = value` of a configuration file.
struct PropertyEntry {
  std::string key;
  std::string value;
  int line = 0;  ///< of its first line, from 1
};

/// A `.properties` file with the line number of every key, which Poco's own reader does not keep.
///
/// Lines are `key = value` or `key: value`; `#` and `!` begin comment lines; a `\` at the end
/// continues the value on the next line without its leading blanks; `\n \t \r \f \\ \# \! \= \:`,
/// `\uXXXX` and an escaped blank are understood. Blanks around key and value are dropped. A second
/// value for a key is an error that names both lines, and so is anything that cannot be read for
/// certain; `ConfigurationProblems` then lists all of them.
class PropertiesFile {
 public:
  PropertiesFile() = default;

  static PropertiesFile read(const std::filesystem::path& file);
  /// Reads `text`; `name` is what messages call it.
  static PropertiesFile parse(std::string_view text, std::string name);

  const std::string& name() const noexcept { return name_; }
  const std::vector<PropertyEntry>& entries() const noexcept { return entries_; }
  /// The entry of a key, or nullptr. Valid as long as this object.
  const PropertyEntry* find(std::string_view key) const;

 private:
  std::string name_;
  std::vector<PropertyEntry> entries_;
};

}  // namespace bulkhead::host
