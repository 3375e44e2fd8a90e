#include "app/application.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <optional>

#include <bulkhead/error.hpp>

#include "app/command.hpp"
#include "config/configuration_problem.hpp"
#include "config/host_declarations.hpp"
#include "config/nearest_name.hpp"
#include "config/text_file.hpp"

namespace bulkhead::host {
namespace {

void printOverview() {
  fmt::print("usage: bulkhead COMMAND [--help]\n\n");
  for (const auto& command : commands()) {
    if (!command.hidden)
      fmt::print("  {:<30} {}\n", command.name + " " + command.arguments, command.summary);
  }
  fmt::print(
      "\nEvery setting and its variable: docs/configuration.md, or `bulkhead config describe`.\n");
}

/// The commands of "tenant", "key" ...; empty for a word that is no group.
std::vector<const Command*> commandsOf(const std::string& group) {
  std::vector<const Command*> found;
  for (const auto& command : commands()) {
    if (command.name.starts_with(group + " ")) found.push_back(&command);
  }
  return found;
}

void printGroup(std::FILE* stream, const std::string& group) {
  fmt::print(stream, "usage: bulkhead {} COMMAND [--help]\n\n", group);
  for (const Command* command : commandsOf(group))
    fmt::print(stream, "  {:<30} {}\n", command->name + " " + command->arguments, command->summary);
}

/// "PORT   5000   Port to listen on ...": a variable by the setting that it sets.
std::string describeVariable(const std::string& variable) {
  for (const auto& setting : hostDeclarations()) {
    const auto names = setting.allVariables();
    if (std::find(names.begin(), names.end(), variable) == names.end()) continue;
    const auto& fallback = setting.declaration.default_text;
    const bool shown = fallback.has_value() && !fallback->empty();
    return fmt::format("{:<22} {}{}", variable, setting.declaration.help,
                       shown ? fmt::format(" [{}]", *fallback) : "");
  }
  return variable;
}

void printHelp(const Command& command) {
  fmt::print("usage: bulkhead {} {}\n\n{}\n", command.name, command.arguments, command.summary);
  for (const auto& option : command.options) {
    fmt::print("  {:<24} {}\n", fmt::format("--{} {}", option.name, option.value), option.help);
  }
  if (command.variables.empty()) return;
  fmt::print("\nThe main variables; `bulkhead config describe` explains all settings:\n");
  for (const auto& variable : command.variables) fmt::print("  {}\n", describeVariable(variable));
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

/// "tenant" and "tenant --help" list what there is; "backup" is a command of its own as well.
std::optional<int> answerGroup(const std::vector<std::string>& words) {
  const auto& all = commands();
  const bool is_command = std::any_of(
      all.begin(), all.end(), [&](const Command& command) { return command.name == words[0]; });
  if (is_command || words.size() > 2 || commandsOf(words[0]).empty()) return std::nullopt;
  const bool asked = words.size() == 2 && (words[1] == "--help" || words[1] == "help");
  if (words.size() == 2 && !asked) return std::nullopt;
  printGroup(asked ? stdout : stderr, words[0]);
  return asked ? kExitOk : kExitUsage;
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
  } catch (const std::exception& error) {
    fmt::print(stderr, "bulkhead {}: an internal fault: {}\n", command.name, error.what());
    return kExitInternal;
  }
}

}  // namespace

Application::Application() {
  stopOptionsProcessing();  // each command reads its own words
}

int Application::main(const std::vector<std::string>& given) {
  std::vector<std::string> words = given;
  if (!std::all_of(words.begin(), words.end(), isPlainUtf8)) {
    fmt::print(stderr, "bulkhead: the command line is not UTF-8\n");
    return kExitUsage;
  }
  if (words.empty() || words[0] == "--help" || words[0] == "help") {
    printOverview();
    return words.empty() ? kExitUsage : kExitOk;
  }
  if (words[0] == "--version") words[0] = "version";
  if (const auto answered = answerGroup(words)) return *answered;
  const Command* command = takeCommand(words);
  if (command == nullptr) return refuseUnknown(words);
  if (std::find(words.begin(), words.end(), "--help") != words.end()) {
    printHelp(*command);
    return kExitOk;
  }
  return runCommand(*command, words);
}

}  // namespace bulkhead::host
