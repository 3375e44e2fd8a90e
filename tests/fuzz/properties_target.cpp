#include <string>

#include "config/configuration_problem.hpp"
#include "config/properties_file.hpp"
#include "config/variables.hpp"
#include "fuzz/fuzz_target.hpp"

namespace {

using bulkhead::fuzz::require;
using bulkhead::host::PropertiesFile;

/// Text that the reader gives back as it is.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      case '\t':
        result += "\\t";
        break;
      case '\f':
        result += "\\f";
        break;
      case '\\':
      case '#':
      case '!':
      case '=':
      case ':':
      case ' ':
        result += '\\';
        result += c;
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string rendered(const PropertiesFile& file) {
  std::string text;
  for (const auto& entry : file.entries())
    text += escaped(entry.key) + " = " + escaped(entry.value) + "\n";
  return text;
}

void check(const PropertiesFile& file) {
  const auto again = PropertiesFile::parse(rendered(file), "rendered");
  require(again.entries().size() == file.entries().size(), "what is rendered has every entry");
  for (const auto& entry : file.entries()) {
    const auto* same = again.find(entry.key);
    require(same != nullptr && same->value == entry.value, "what is rendered reads the same");
    std::string missing;
    bulkhead::host::Variables::Problems problems;
    bulkhead::host::Variables{{{"HOME", "/root"}}}.expand(entry.value, missing, problems);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(PropertiesFile::parse(bulkhead::fuzz::textOf(data, size), "fuzzed"));
  } catch (const bulkhead::host::ConfigurationProblems& problems) {
    require(!problems.problems().empty(), "a refusal says what is wrong");
    require(problems.problems().front().file == "fuzzed", "and in which file");
  }
  return 0;
}
