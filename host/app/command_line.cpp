#include "app/command_line.hpp"

#include <algorithm>
#include <fmt/format.h>

#include <bulkhead/error.hpp>

#include "config/nearest_name.hpp"

namespace bulkhead::host {
namespace {

[[noreturn]] void usage(const std::string& text) {
  throw Error::validation("USAGE", text);
}

const CommandOption& optionNamed(std::string_view name, const std::vector<CommandOption>& options) {
  std::vector<std::string> names;
  for (const auto& option : options) {
    if (option.name == name) return option;
    names.push_back(option.name);
  }
  const auto nearest = nearestName(name, names);
  usage(nearest.empty()
            ? fmt::format("there is no option --{}", name)
            : fmt::format("there is no option --{}; did you mean --{}?", name, nearest));
}

}  // namespace

CommandLine::CommandLine(const std::vector<std::string>& words,
                         const std::vector<CommandOption>& options, std::size_t arguments_max) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (!word.starts_with("--")) {
      arguments_.emplace_back(word);
      continue;
    }
    const auto equals = word.find('=');
    const CommandOption& option = optionNamed(
        word.substr(2, equals == std::string_view::npos ? equals : equals - 2), options);
    std::string value;
    if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (!option.value.empty()) {
      if (++i == words.size())
        usage(fmt::format("--{} needs a value: {}", option.name, option.value));
      value = words[i];
    }
    if (!option.repeated && has(option.name))
      usage(fmt::format("--{} is given twice", option.name));
    options_.emplace(option.name, std::move(value));
  }
  if (arguments_.size() > arguments_max)
    usage(fmt::format("'{}' is one word too many", arguments_[arguments_max]));
}

bool CommandLine::has(std::string_view option) const {
  return options_.find(option) != options_.end();
}

std::optional<std::string> CommandLine::find(std::string_view option) const {
  const auto found = options_.find(option);
  if (found == options_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> CommandLine::all(std::string_view option) const {
  std::vector<std::string> values;
  const auto range = options_.equal_range(option);
  for (auto entry = range.first; entry != range.second; ++entry) values.push_back(entry->second);
  return values;
}

const std::string& CommandLine::argument(std::size_t index, std::string_view name) const {
  if (index >= arguments_.size()) usage(fmt::format("{} is missing", name));
  return arguments_[index];
}

}  // namespace bulkhead::host
