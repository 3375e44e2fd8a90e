#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/error.hpp>

namespace bulkhead::host {

/// Where a value was written.
struct Origin {
  std::string place;  ///< a file name, "environment variable PORT", "command line", "default"
  int line = 0;       ///< 0 where there are no lines

  /// "conf/bulkhead.properties:12", or the place alone.
  std::string text() const;
};

/// One thing that is wrong with the configuration, with what a person needs to mend it.
struct ConfigurationProblem {
  std::string file;      ///< place of the value, as in `Origin`; empty when nothing was written
  int line = 0;          ///< 0 for none
  std::string key;       ///< name as it was written; empty when it is about the whole file
  std::string value;     ///< as written, "******" for a secret; empty when there is none to show
  std::string expected;  ///< completes "expected ..."
  std::string nearest;   ///< nearest known name or value; empty for none

  /// One line of text: place, key and value, what was expected, the nearest known name.
  std::string sentence() const;
};

/// Everything that was found wrong, at once. Whoever starts the process prints the sentences and
/// exits with 78 (EX_CONFIG).
class ConfigurationProblems : public Error {
 public:
  explicit ConfigurationProblems(std::vector<ConfigurationProblem> problems);

  const std::vector<ConfigurationProblem>& problems() const noexcept { return problems_; }
  /// All sentences, one a line.
  std::string report() const;

 private:
  std::vector<ConfigurationProblem> problems_;
};

}  // namespace bulkhead::host
