#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.hpp"
#include "config/configuration.hpp"

namespace bulkhead::host {

/// Exit codes of every command (ops §5.11).
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitInternal = 70;
inline constexpr int kExitTemporary = 75;
inline constexpr int kExitConfiguration = 78;

/// One command of the program: "serve", "plugin list". Writes to standard output; returns the exit
/// code; throws Error for what the caller prints as a sentence.
struct Command {
  std::string name;
  std::string arguments;  ///< "FILE", as the help shows them
  std::string summary;
  std::size_t arguments_max = 0;
  std::vector<CommandOption> options;
  int (*run)(const CommandLine& line);
  std::vector<std::string> variables{};  ///< environment variables that its help explains
  bool hidden = false;                   ///< not for people: the overview leaves it out
};

/// All of them, as the help lists them.
const std::vector<Command>& commands();

/// The file that "--config FILE" names, else the default one, below the process's environment and
/// each "--set NAME=VALUE".
ConfigurationSources configurationSources(const CommandLine& line);
/// Throws ConfigurationProblems with everything that is wrong in them.
Configuration loadConfiguration(const CommandLine& line);
/// The option --config; each command that has it takes --set, too.
CommandOption configOption();
CommandOption jsonOption();

}  // namespace bulkhead::host
