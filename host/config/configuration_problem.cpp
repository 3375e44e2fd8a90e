#include "config/configuration_problem.hpp"

#include <fmt/format.h>

namespace bulkhead::host {

std::string Origin::text() const {
  return line > 0 ? fmt::format("{}:{}", place, line) : place;
}

std::string ConfigurationProblem::sentence() const {
  std::string text = file.empty() ? "" : Origin{file, line}.text() + ": ";
  text += key;
  if (!value.empty()) text += fmt::format(" = \"{}\"", value);
  if (!key.empty()) text += ": ";
  text += "expected " + expected;
  if (!nearest.empty())
    text += fmt::format("; did you mean \"{}\"?", nearest);
  else
    text += ".";
  return text;
}

ConfigurationProblems::ConfigurationProblems(std::vector<ConfigurationProblem> problems)
    : Error{ErrorKind::Configuration, "CONFIGURATION_ERROR",
            fmt::format("The configuration has {} problem(s).", problems.size())},
      problems_{std::move(problems)} {}

std::string ConfigurationProblems::report() const {
  std::string text;
  for (const ConfigurationProblem& problem : problems_) text += problem.sentence() + "\n";
  return text;
}

}  // namespace bulkhead::host
