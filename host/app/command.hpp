#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.hpp"
#include "config/configuration.hpp"

namespace bulkhead::host {

/// Exit codes of every command (ops §5.11).
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 64,
  kExitInternal = 70,
  kExitTemporary = 75,
  kExitConfiguration = 78
};

/// One command of the program: "serve", "plugin list". Writes to standard output; returns the exit
/// code; throws Error for what the caller prints as a sentence.
struct Command {
  std::string name;
  std::string arguments;  ///< "FILE", as the help shows them
  std::string summary;
  std::size_t arguments_max = 0;
  std::vector<CommandOption> options;
  int (*run)(const CommandLine& line);
};

/// All of them, as the help lists them.
const std::vector<Command>& commands();

/// The configuration that "--config FILE" names, else the default file, with the process's
/// environment.
Configuration loadConfiguration(const CommandLine& line);
/// The option --config, that every command but `plugin inspect` and `version` takes.
CommandOption configOption();
CommandOption jsonOption();

}  // namespace bulkhead::host
