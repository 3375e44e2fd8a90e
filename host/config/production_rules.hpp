#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration_problem.hpp"
#include "config/host_settings.hpp"

namespace bulkhead::host {

/// What the rules look at beside the values.
struct RuleInputs {
  const HostSettings& settings;
  bool database_url_given = false;
  std::filesystem::path env_file;  ///< empty when there is none
};

/// What more than one value decides, and what production asks for: the required set of S117 and
/// S118 (PORT and HOSTNAME have defaults there), secrets of at least 32 characters that differ and
/// are no placeholders, a `.env` that others cannot read, two ports that differ, keys of messages
/// that outlast what may come again. In development the same findings are notices where they would
/// be dangerous in production.
void checkRules(const RuleInputs& inputs, std::vector<ConfigurationProblem>& problems,
                std::vector<std::string>& notices);

}  // namespace bulkhead::host
