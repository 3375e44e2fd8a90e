#include "config/variables.hpp"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "config/secret.hpp"
#include "config/text_file.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kSecretFileBytesMax = 64 * 1024;

std::string lowerCase(std::string_view text) {
  std::string lower{text};
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::optional<Variables::Value> readSecretFile(const std::string& file, std::string_view name,
                                               Variables::Problems& problems) {
  try {
    std::string text = readTextFile(file, kSecretFileBytesMax);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    if (!text.empty()) return Variables::Value{std::move(text), {file, 0}};
    problems.push_back(
        {file, 0, std::string{name}, "", "a secret in this file, and it is empty", ""});
  } catch (const ConfigurationProblems& refused) {
    for (ConfigurationProblem problem : refused.problems()) {
      problem.key = name;
      problems.push_back(std::move(problem));
    }
  }
  return std::nullopt;
}

}  // namespace

std::map<std::string, std::string, std::less<>> Variables::ofThisProcess() {
  std::map<std::string, std::string, std::less<>> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::optional<Variables::Value> Variables::inEnvironment(std::string_view name) const {
  const auto found = environment_.find(name);
  if (found == environment_.end() || found->second.empty()) return std::nullopt;
  return Value{found->second, {fmt::format("environment variable {}", name), 0}};
}

std::optional<Variables::Value> Variables::inSecretFiles(std::string_view name,
                                                         Problems& problems) const {
  const std::string file_variable = fmt::format("{}_FILE", name);
  auto file = inEnvironment(file_variable);
  if (!file) file = inEnvFile(file_variable);
  if (file) return readSecretFile(file->text, name, problems);
  const auto folder = inEnvironment("CREDENTIALS_DIRECTORY");
  if (!folder) return std::nullopt;
  for (const std::string& candidate : {lowerCase(name), std::string{name}}) {
    const auto path = std::filesystem::path{folder->text} / candidate;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return readSecretFile(path, name, problems);
  }
  return std::nullopt;
}

std::optional<Variables::Value> Variables::inEnvFile(std::string_view name) const {
  const PropertyEntry* const entry = env_file_.find(name);
  if (entry == nullptr || entry->value.empty()) return std::nullopt;
  return Value{entry->value, {env_file_.name(), entry->line}};
}

std::optional<Variables::Value> Variables::find(std::string_view name, Problems& problems) const {
  auto value = inEnvironment(name);
  if (!value) value = inSecretFiles(name, problems);
  if (!value) value = inEnvFile(name);
  return value;
}

std::optional<std::string> Variables::expand(std::string_view text, std::string& missing,
                                             Problems& problems) const {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = text.find("${");
    if (open == std::string_view::npos) break;
    const bool literal = open > 0 && text[open - 1] == '$';
    out += text.substr(0, literal ? open - 1 : open);
    text.remove_prefix(open + 2);
    if (literal) {
      out += "${";
      continue;
    }
    const std::size_t close = text.find('}');
    if (close == std::string_view::npos) {
      missing = "\"}\" after \"${\" (write \"$${\" for the characters themselves)";
      return std::nullopt;
    }
    const std::string_view inside = text.substr(0, close);
    text.remove_prefix(close + 1);
    const std::size_t separator = inside.find(":-");
    const std::string_view name = inside.substr(0, separator);
    if (const auto value = find(name, problems)) {
      out += value->text;
    } else if (separator != std::string_view::npos) {
      out += inside.substr(separator + 2);
    } else {
      missing = fmt::format("the environment variable {}, which is not set", name);
      return std::nullopt;
    }
  }
  out += text;
  return out;
}

std::string environmentName(std::string_view setting) {
  std::string name{setting};
  for (char& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return name;
}

void eraseVariable(const std::string& name) {
  if (char* const value = std::getenv(name.c_str())) wipe(value, std::strlen(value));
  unsetenv(name.c_str());
}

}  // namespace bulkhead::host
