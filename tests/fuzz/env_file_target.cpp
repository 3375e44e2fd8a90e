#include <string>

#include "config/configuration_problem.hpp"
#include "config/env_file.hpp"
#include "fuzz/fuzz_target.hpp"

namespace {

using bulkhead::fuzz::require;
using bulkhead::host::EnvFile;

std::string inQuotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\r') {
      result += "\\r";
    } else if (c == '\t') {
      result += "\\t";
    } else {
      if (c == '"' || c == '\\' || c == '$') result += '\\';
      result += c;
    }
  }
  return result + "\"";
}

void check(const EnvFile& file) {
  std::string text;
  for (const auto& entry : file.entries()) text += entry.key + "=" + inQuotes(entry.value) + "\n";
  const auto again = EnvFile::parse(text, "rendered");
  require(again.entries().size() == file.entries().size(), "what is rendered has every entry");
  for (const auto& entry : file.entries()) {
    const auto* same = again.find(entry.key);
    require(same != nullptr && same->value == entry.value, "what is rendered reads the same");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(EnvFile::parse(bulkhead::fuzz::textOf(data, size), "fuzzed"));
  } catch (const bulkhead::host::ConfigurationProblems& problems) {
    require(!problems.problems().empty(), "a refusal says what is wrong");
    require(problems.problems().front().file == "fuzzed", "and in which file");
  }
  return 0;
}
