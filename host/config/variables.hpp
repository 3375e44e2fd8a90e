#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration_problem.hpp"
#include "config/env_file.hpp"

namespace bulkhead::host {

/// The variables that a process was started with: environment, secret files, `.env`. Taken once;
/// later changes of the environment are not seen. An empty value counts as not set, as composed
/// environments pass empty values for what nobody filled in. Any thread may read.
class Variables {
 public:
  struct Value {
    std::string text;
    Origin origin;
  };
  using Problems = std::vector<ConfigurationProblem>;

  Variables() = default;
  explicit Variables(std::map<std::string, std::string, std::less<>> environment,
                     EnvFile env_file = {})
      : environment_{std::move(environment)}, env_file_{std::move(env_file)} {}

  /// The environment of this process.
  static std::map<std::string, std::string, std::less<>> ofThisProcess();

  std::optional<Value> inEnvironment(std::string_view name) const;
  /// The content of the file that `NAME_FILE` names, or of `$CREDENTIALS_DIRECTORY/name` (the name
  /// in lower case, or as it is), without line ends at its end. A file that is named and cannot
  /// be read is a problem.
  std::optional<Value> inSecretFiles(std::string_view name, Problems& problems) const;
  std::optional<Value> inEnvFile(std::string_view name) const;
  /// The first of the three above.
  std::optional<Value> find(std::string_view name, Problems& problems) const;

  /// Replaces `${NAME}` and `${NAME:-default}` by variables; `$${` stands for `${`. Nothing when a
  /// variable without default is not set or a brace is not closed: `missing` then says what was
  /// expected.
  std::optional<std::string> expand(std::string_view text, std::string& missing,
                                    Problems& problems) const;

  const EnvFile& envFile() const noexcept { return env_file_; }

 private:
  std::map<std::string, std::string, std::less<>> environment_;
  EnvFile env_file_;
};

/// The environment name of a setting: "server.port" is SERVER_PORT, "google-calendar.client_id" is
/// GOOGLE_CALENDAR_CLIENT_ID.
std::string environmentName(std::string_view setting);

/// Removes a variable from this process and wipes its text where /proc/self/environ shows it. Not
/// while other threads read the environment.
void eraseVariable(const std::string& name);

}  // namespace bulkhead::host
