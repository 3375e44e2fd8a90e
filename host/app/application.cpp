#include "app/application.hpp"

#include <algorithm>
#include <fmt/format.h>

#include <bulkhead/error.hpp>

#include "app/command.hpp"
#include "config/configuration_problem.hpp"
#include "config/nearest_name.hpp"

namespace bulkhead::host {
namespace {

void printOverview() {
  fmt::print("usage: bulkhead COMMAND [--help]\n\n");
  for (const auto& command : commands())
    fmt::print("  {:<30} {}\n", command.name + " " + command.arguments, command.summary);
}

void printHelp(const Command& command) {
  fmt::print("usage: bulkhead {} {}\n\n{}\n", command.name, command.arguments, command.summary);
  for (const auto& option : command.options) {
    fmt::print("  {:<24} {}\n", fmt::format("--{} {}", option.name, option.value), option.help);
  }
}

/// The command whose name the words begin with; the words behind it stay in `words`.
const Command* takeCommand(std::vector<std::string>& words) {
  for (std::size_t length : {2U, 1U}) {
    if (words.size() < length) continue;
    const std::string name = fmt::format(
        "{}", fmt::join(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(length), " "));
    for (const auto& command : commands()) {
      if (command.name != name) continue;
      words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(length));
      return &command;
    }
  }
  return nullptr;
}

int refuseUnknown(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const auto& command : commands()) names.push_back(command.name);
  const std::string given = fmt::format("{}", fmt::join(words, " "));
  const std::string nearest = nearestName(given, names);
  fmt::print(
      stderr, "bulkhead: there is no command '{}'{}\n", given,
      nearest.empty() ? "; see bulkhead --help" : fmt::format("; did you mean '{}'?", nearest));
  return kExitUsage;
}

int runCommand(const Command& command, const std::vector<std::string>& words) {
  try {
    return command.run(CommandLine{words, command.options, command.arguments_max});
  } catch (const ConfigurationProblems& problems) {
    fmt::print(stderr, "{}\n", problems.report());
    return kExitConfiguration;
  } catch (const Error& error) {
    fmt::print(stderr, "bulkhead {}: {}\n", command.name, error.message());
    if (error.code() == "USAGE") return kExitUsage;
    return error.kind() == ErrorKind::Configuration ? kExitConfiguration : kExitFailed;
  }
}

}  // namespace

Application::Application() {
  stopOptionsProcessing();  // each command reads its own words
}

int Application::main(const std::vector<std::string>& given) {
  std::vector<std::string> words = given;
  if (words.empty() || words[0] == "--help" || words[0] == "help") {
    printOverview();
    return words.empty() ? kExitUsage : kExitOk;
  }
  const Command* command = takeCommand(words);
  if (command == nullptr) return refuseUnknown(words);
  if (std::find(words.begin(), words.end(), "--help") != words.end()) {
    printHelp(*command);
    return kExitOk;
  }
  return runCommand(*command, words);
}

}  // namespace bulkhead::host
