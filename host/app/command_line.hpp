#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// An option of a command: "--config FILE", or "--json" when it takes no value.
struct CommandOption {
  std::string name;   ///< without the dashes
  std::string value;  ///< what the value is called in the help; empty for a flag
  std::string help;
  bool repeated = false;
};

/// The words behind a command, read by what it declares. Throws Error (validation, USAGE) for an
/// unknown option, with the nearest one, for a missing value, and for too many words.
class CommandLine {
 public:
  CommandLine(const std::vector<std::string>& words, const std::vector<CommandOption>& options,
              std::size_t arguments_max);

  bool has(std::string_view option) const;
  std::optional<std::string> find(std::string_view option) const;
  std::vector<std::string> all(std::string_view option) const;
  /// Throws Error (validation, USAGE) when it is missing; `name` is what the help calls it.
  const std::string& argument(std::size_t index, std::string_view name) const;
  std::size_t arguments() const { return arguments_.size(); }

 private:
  std::multimap<std::string, std::string, std::less<>> options_;
  std::vector<std::string> arguments_;
};

}  // namespace bulkhead::host
